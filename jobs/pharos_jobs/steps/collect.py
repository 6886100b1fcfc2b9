"""collect: papers from the run's source into ``raw/<run>/papers.jsonl.gz``.

Outputs: rawUri, rawSha256 (of the lines before compression), papers.
"""

import logging
import os

from pharos_api.data import ArxivSource, Data, LabelPolicy
from pharos_api.jobio import StepInput, StepResult
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.core.labels import LabelRejection, assign_label
from pharos_jobs.core.papers import Paper
from pharos_jobs.core.quality import Rejection, to_sample
from pharos_jobs.sources.dataset import read_dataset

PAPERS = "papers.jsonl.gz"
METADATA = "metadata.json"
ENV_ARXIV_URL = "PHAROS_ARXIV_URL"
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
    if data.source.dataset is not None:
        papers = read_dataset(data.source.dataset, context.work_dir)
        return papers, data.source.dataset.uri, []
    if data.source.arxiv is not None:
        return _from_arxiv(data.source.arxiv, data.min_words, folder)
    raise AssertionError("a run has exactly one source")


def _from_arxiv(
    source: ArxivSource, min_words: int, folder: str
) -> tuple[list[Paper], str, list[str]]:
    # The library brings its own HTTP stack, which other sources do not need.
    from pharos_jobs.sources.arxiv import ArxivCollector, Surroundings  # noqa: PLC0415
    from pharos_jobs.sources.arxiv_client import API_URL  # noqa: PLC0415

    world = Surroundings(api_url=os.environ.get(ENV_ARXIV_URL, API_URL))
    collector = ArxivCollector(f"{folder}/arxiv", world)
    targets = frozenset(source.categories)

    def clean(paper: Paper) -> bool:
        return is_clean(paper, targets, source.label_policy, min_words)

    found = collector.collect_balanced_dataset(
        list(source.categories), source.papers_per_category, clean, source
    )
    short = {
        name: count
        for name, papers in found.items()
        if (count := sum(map(clean, papers))) < source.papers_per_category
    }
    papers = [paper for group in found.values() for paper in group]
    return papers, "arXiv API", _warnings(short, source.papers_per_category)


def is_clean(paper: Paper, targets: frozenset[str], policy: LabelPolicy, min_words: int) -> bool:
    """Whether a paper counts towards the number asked for (settled point A8)."""
    label = assign_label(paper, targets, policy)
    if isinstance(label, LabelRejection):
        return False
    return not isinstance(to_sample(paper, label, min_words), Rejection)


def _warnings(short: dict[str, int], asked: int) -> list[str]:
    if not short:
        return []
    numbers = ", ".join(f"{name} {count}" for name, count in short.items())
    sentence = f"The source ended before {asked} clean papers a category: {numbers}."
    _log.warning(sentence)
    return [sentence]
