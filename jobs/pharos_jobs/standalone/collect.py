"""``collect`` by flags: one JSON file of ``metadata`` and ``samples`` (rows COL-5, 13, 14, 18)."""

import argparse
from pathlib import Path
from typing import Any

from pharos_api.jobio import ExitCode, FailureReason
from pharos_jobs import storage
from pharos_jobs.context import utc_now
from pharos_jobs.core.labels import LabelRejection, assign_label
from pharos_jobs.core.papers import Sample, paper_from_json
from pharos_jobs.core.quality import Rejection, to_sample
from pharos_jobs.errors import Terminal
from pharos_jobs.standalone import desk
from pharos_jobs.steps.collect import METADATA


def run(options: argparse.Namespace) -> ExitCode:
    """Collect papers and write them as one file."""
    queries = _queries(options)
    labels = list(queries) or options.categories
    asked = (labels, options.start_date, options.dataset)
    given = desk.step_input(
        Path(options.raw_dir),
        {
            "step": "collect",
            "uid": desk.run_uid(*asked, *([options.source, queries] if queries else [])),
            "data": {"source": _source(options, labels, queries)},
        },
    )
    result, code = desk.run(given)
    if code is not ExitCode.OK:
        return code
    samples = _samples(result.outputs["rawUri"], options, labels, given.data.min_words)
    document = {
        "metadata": {
            "num_samples": len(samples),
            "num_categories": len({s.label for s in samples}),
            "categories": sorted({s.label for s in samples}),
            "created_at": utc_now().isoformat(timespec="seconds"),
            "source": options.dataset or _collected_from(result.outputs["rawUri"]),
        },
        "samples": [s.to_json() for s in samples],
    }
    storage.write_json(storage.to_uri(options.output), document)
    desk.say(f"{len(samples)} papers in {options.output}")
    return code


def _queries(options: argparse.Namespace) -> dict[str, str]:
    """The query of each label, where the source takes queries.

    Raises Terminal when they do not fit the source.
    """
    pairs = [each.partition("=") for each in options.query]
    queries = {label.strip(): query.strip() for label, _, query in pairs}
    whole = len(queries) == len(pairs) and all(queries) and all(queries.values())
    if options.source == "arxiv" and not queries:
        return queries
    if options.source == "arxiv" or options.dataset or len(queries) < 2 or not whole:
        raise Terminal(
            FailureReason.INVALID_SPEC,
            "Give --source pubmed or semanticScholar at least two labels, each once, as "
            '--query "LABEL=QUERY"; arxiv and --dataset take --categories.',
        )
    return queries


def _source(
    options: argparse.Namespace, labels: list[str], queries: dict[str, str]
) -> dict[str, Any]:
    common = {
        "papersPerCategory": max(1, options.num_papers // len(labels)),
        "labelPolicy": options.label_policy,
    }
    if options.dataset:
        uri = storage.to_uri(options.dataset)
        return {"dataset": {**common, "categories": labels, "uri": uri}}
    common["startDate"] = options.start_date
    if options.end_date:
        common["endDate"] = options.end_date
    if queries:
        asked = [{"label": label, "query": query} for label, query in queries.items()]
        return {options.source: {**common, "queries": asked}}
    return {"arxiv": {**common, "categories": labels}}


def _collected_from(raw_uri: str) -> str:
    """What the step says of its source."""
    return str(storage.read_json(f"{raw_uri.rpartition('/')[0]}/{METADATA}")["source"])


def _samples(
    raw_uri: str, options: argparse.Namespace, labels: list[str], min_words: int
) -> list[Sample]:
    """Clean, labelled papers; at most the number asked for of each label."""
    targets = frozenset(labels)
    limit = max(1, options.num_papers // len(labels))
    taken: dict[str, int] = {}
    samples = []
    for number, row in enumerate(storage.read_lines(raw_uri), start=1):
        paper = paper_from_json(row, number)
        label = assign_label(paper, targets, options.label_policy)
        if isinstance(label, LabelRejection) or taken.get(label, 0) >= limit:
            continue
        sample = to_sample(paper, label, min_words)
        if not isinstance(sample, Rejection):
            taken[label] = taken.get(label, 0) + 1
            samples.append(sample)
    return samples
