"""collect: papers from the run's source into ``raw/<run>/papers.jsonl.gz``.

Outputs: rawUri, rawSha256 (of the lines before compression), papers, collectedUntil.

A run that extends a data set collects only what is new beside it (row RET-15): papers of the days
since, without those that it holds.
"""

import logging
import os
from collections.abc import Callable
from functools import partial

from pharos_api.data import ArxivSource, DatasetSource, LabelPolicy, QueriedSource
from pharos_api.jobio import FailureReason, StepInput, StepResult
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.core.labels import LabelRejection, assign_label
from pharos_jobs.core.papers import Paper
from pharos_jobs.core.quality import Rejection, to_sample
from pharos_jobs.core.recency import (
    COLLECTED_UNTIL,
    Known,
    first_day,
    identified,
    last_training_date,
)
from pharos_jobs.datasets import Dataset, read_all, read_related
from pharos_jobs.errors import Terminal
from pharos_jobs.lineage import parent_dataset
from pharos_jobs.sources.asking import questions, with_all_labels
from pharos_jobs.sources.collector import Collector
from pharos_jobs.sources.dataset import read_dataset
from pharos_jobs.sources.opening import ENV_ARXIV_URL, opened

PAPERS = "papers.jsonl.gz"
METADATA = "metadata.json"
_log = logging.getLogger(__name__)


def run(step_input: StepInput, context: StepContext) -> StepResult:
    """Collect and store the papers as the source gave them."""
    folder = f"{step_input.artifact_root}/raw/{step_input.uid}"
    context.progress.report(0, "collecting papers")
    asked = Asked(step_input, folder, context)
    papers, source_name, warnings = asked.papers()
    data, digest = storage.gzip_lines(p.to_json() for p in papers)
    storage.write_bytes(f"{folder}/{PAPERS}", data)
    storage.write_json(
        f"{folder}/{METADATA}",
        {
            "num_samples": len(papers),
            "source": source_name,
            "created_at": context.now().isoformat(timespec="seconds"),
            "sha256": digest,
        },
    )
    context.progress.report(100, f"{len(papers)} papers collected")
    return StepResult(
        step=step_input.step,
        outputs={
            "rawUri": f"{folder}/{PAPERS}",
            "rawSha256": digest,
            "papers": str(len(papers)),
            **asked.until(),
        },
        warnings=warnings,
    )


class Asked:
    """One step's question to its source.

    Args:
        step_input: names the source, and the data set that is extended.
        folder: where pages are kept.
        context: the step's surroundings.
    """

    def __init__(self, step_input: StepInput, folder: str, context: StepContext) -> None:
        self._data, self._folder, self._context = step_input.data, folder, context
        self._today = context.now().date().isoformat()
        self._known: Known | None = None
        self._source = step_input.data.source.given
        if step_input.data.extends is not None:
            self._narrow(parent_dataset(step_input.artifact_root, step_input.data.extends))

    def papers(self) -> tuple[list[Paper], str, list[str]]:
        """What was found, who gave it, and warnings."""
        source, known = self._source, self._known
        if isinstance(source, DatasetSource):
            rows = read_dataset(source, self._context.work_dir)
            if known is not None:
                rows = [p for p in map(identified, rows) if not known.holds_paper(p)]
            return rows, source.uri, []
        name, found = self._paged(source)
        papers = [paper for group in found.values() for paper in group]
        if known is not None:
            return [p for p in papers if not known.holds_paper(p)], name, []
        return papers, name, _warnings(_short(found, source, self._data.min_words), source)

    def until(self) -> dict[str, str]:
        """The last day that was asked for; of a file nobody knows it."""
        if isinstance(self._source, DatasetSource):
            return {}
        return {COLLECTED_UNTIL: min(self._source.end_date or self._today, self._today)}

    def _narrow(self, parent: Dataset) -> None:
        """Ask only for what came after the parent."""
        samples = read_all(parent)
        self._known = Known.of([*samples, *read_related(parent)])
        if isinstance(self._source, DatasetSource):
            return
        last = last_training_date(parent.card, (s.published for s in samples), self._today)
        start = first_day(last, self._source.start_date) or self._source.start_date
        self._source = self._source.model_copy(update={"start_date": start})

    def _paged(self, source: ArxivSource | QueriedSource) -> tuple[str, dict[str, list[Paper]]]:
        if source.start_date > (source.end_date or self._today):
            return "nobody: all of its days are known", {}
        clean = self._counted(source)
        if isinstance(source, ArxivSource):
            return "arXiv API", self._from_arxiv(source, clean)
        paged = opened(self._data.source, os.environ)
        collector = Collector(paged, f"{self._folder}/pages")
        return paged.name, with_all_labels(
            {
                each.label: self._any(
                    partial(collector.collect, each, source.papers_per_category, clean)
                )
                for each in questions(source, self._today)
            }
        )

    def _from_arxiv(
        self, source: ArxivSource, clean: Callable[[Paper], bool]
    ) -> dict[str, list[Paper]]:
        # The library brings its own HTTP stack, which other sources do not need.
        from pharos_jobs.sources.arxiv import ArxivCollector, Surroundings  # noqa: PLC0415
        from pharos_jobs.sources.arxiv_client import API_URL  # noqa: PLC0415

        world = Surroundings(api_url=os.environ.get(ENV_ARXIV_URL, API_URL))
        collect = ArxivCollector(f"{self._folder}/arxiv", world).collect_papers_by_category
        wanted, start = source.papers_per_category, source.start_date
        return {
            category: self._any(partial(collect, category, wanted, start, clean, source))
            for category in source.categories
        }

    def _any(self, collect: Callable[[], list[Paper]]) -> list[Paper]:
        """What a label has; a label without news is an error only where there is nothing yet."""
        try:
            return collect()
        except Terminal as none:
            if self._known is None or none.reason is not FailureReason.CATEGORY_EMPTY:
                raise
            return []

    def _counted(self, source: ArxivSource | QueriedSource) -> Callable[[Paper], bool]:
        """Says of a paper whether it counts towards the number asked for."""
        clean, known = _judge(source, self._data.min_words), self._known
        if known is None:
            return clean
        return lambda paper: clean(paper) and not known.holds_paper(paper)


def _judge(source: ArxivSource | QueriedSource, min_words: int) -> Callable[[Paper], bool]:
    """Says of a paper whether it counts."""
    targets = frozenset(source.categories)
    return lambda paper: is_clean(paper, targets, source.label_policy, min_words)


def _short(
    found: dict[str, list[Paper]], source: ArxivSource | QueriedSource, min_words: int
) -> dict[str, int]:
    """Labels with fewer clean papers than were asked for, and how many they have."""
    clean = _judge(source, min_words)
    counts = {name: sum(map(clean, papers)) for name, papers in found.items()}
    return {name: n for name, n in counts.items() if n < source.papers_per_category}


def is_clean(paper: Paper, targets: frozenset[str], policy: LabelPolicy, min_words: int) -> bool:
    """Whether a paper counts towards the number asked for (settled point A8)."""
    label = assign_label(paper, targets, policy)
    if isinstance(label, LabelRejection):
        return False
    return not isinstance(to_sample(paper, label, min_words), Rejection)


def _warnings(short: dict[str, int], source: ArxivSource | QueriedSource) -> list[str]:
    if not short:
        return []
    numbers = ", ".join(f"{name} {count}" for name, count in short.items())
    asked = source.papers_per_category
    sentence = f"The source ended before {asked} clean papers a category: {numbers}."
    _log.warning(sentence)
    return [sentence]
