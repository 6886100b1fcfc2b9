"""``collect`` by flags: one JSON file of ``metadata`` and ``samples`` (rows COL-5, 13, 14, 18)."""

import argparse
from pathlib import Path
from typing import Any

from pharos_api.jobio import ExitCode
from pharos_jobs import storage
from pharos_jobs.context import utc_now
from pharos_jobs.core.labels import LabelRejection, assign_label
from pharos_jobs.core.papers import Sample, paper_from_json
from pharos_jobs.core.quality import Rejection, to_sample
from pharos_jobs.standalone import desk


def run(options: argparse.Namespace) -> ExitCode:
    """Collect papers and write them as one file."""
    given = desk.step_input(
        Path(options.raw_dir),
        {
            "step": "collect",
            "uid": desk.run_uid(options.categories, options.start_date, options.dataset),
            "data": {"source": _source(options)},
        },
    )
    result, code = desk.run(given)
    if code is not ExitCode.OK:
        return code
    samples = _samples(result.outputs["rawUri"], options, given.data.min_words)
    document = {
        "metadata": {
            "num_samples": len(samples),
            "num_categories": len({s.label for s in samples}),
            "categories": sorted({s.label for s in samples}),
            "created_at": utc_now().isoformat(timespec="seconds"),
            "source": options.dataset or "arXiv API",
        },
        "samples": [s.to_json() for s in samples],
    }
    storage.write_json(storage.to_uri(options.output), document)
    desk.say(f"{len(samples)} papers in {options.output}")
    return code


def _source(options: argparse.Namespace) -> dict[str, Any]:
    common = {
        "categories": options.categories,
        "papersPerCategory": max(1, options.num_papers // len(options.categories)),
        "labelPolicy": options.label_policy,
    }
    if options.dataset:
        return {"dataset": {**common, "uri": storage.to_uri(options.dataset)}}
    window = {"startDate": options.start_date}
    if options.end_date:
        window["endDate"] = options.end_date
    return {"arxiv": {**common, **window}}


def _samples(raw_uri: str, options: argparse.Namespace, min_words: int) -> list[Sample]:
    """Clean, labelled papers; at most the number asked for of each label."""
    targets = frozenset(options.categories)
    limit = max(1, options.num_papers // len(options.categories))
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
