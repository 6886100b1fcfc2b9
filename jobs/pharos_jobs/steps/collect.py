"""collect: papers from the run's source into ``raw/<run>/papers.jsonl.gz``.

Outputs: rawUri, rawSha256 (of the lines before compression), papers.
"""

import logging
import os
from collections.abc import Callable

from pharos_api.data import ArxivSource, Data, DatasetSource, LabelPolicy, QueriedSource
from pharos_api.jobio import StepInput, StepResult
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.core.labels import LabelRejection, assign_label
from pharos_jobs.core.papers import Paper
from pharos_jobs.core.quality import Rejection, to_sample
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
    papers, source_name, warnings = _papers(step_input.data, folder, context)
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
        outputs={"rawUri": f"{folder}/{PAPERS}", "rawSha256": digest, "papers": str(len(papers))},
        warnings=warnings,
    )


def _papers(data: Data, folder: str, context: StepContext) -> tuple[list[Paper], str, list[str]]:
    source = data.source.given
    if isinstance(source, DatasetSource):
        return read_dataset(source, context.work_dir), source.uri, []
    if isinstance(source, ArxivSource):
        name, found = "arXiv API", _from_arxiv(source, data.min_words, folder)
    else:
        name, found = _from_queries(data, source, folder, context)
    papers = [paper for group in found.values() for paper in group]
    return papers, name, _warnings(_short(found, source, data.min_words), source)


def _from_arxiv(source: ArxivSource, min_words: int, folder: str) -> dict[str, list[Paper]]:
    # The library brings its own HTTP stack, which other sources do not need.
    from pharos_jobs.sources.arxiv import ArxivCollector, Surroundings  # noqa: PLC0415
    from pharos_jobs.sources.arxiv_client import API_URL  # noqa: PLC0415

    world = Surroundings(api_url=os.environ.get(ENV_ARXIV_URL, API_URL))
    collector = ArxivCollector(f"{folder}/arxiv", world)
    return collector.collect_balanced_dataset(
        source.categories, source.papers_per_category, _judge(source, min_words), source
    )


def _from_queries(
    data: Data, source: QueriedSource, folder: str, context: StepContext
) -> tuple[str, dict[str, list[Paper]]]:
    paged = opened(data.source, os.environ)
    collector = Collector(paged, f"{folder}/pages")
    clean = _judge(source, data.min_words)
    found = {
        question.label: collector.collect(question, source.papers_per_category, clean)
        for question in questions(source, context.now().date().isoformat())
    }
    return paged.name, with_all_labels(found)


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
