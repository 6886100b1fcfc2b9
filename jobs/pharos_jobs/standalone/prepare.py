"""``prepare`` by flags: a clean JSON file and three split files (rows PRE-6, 7, 19, 21, 22)."""

import argparse
from pathlib import Path

from pharos_api.jobio import ExitCode
from pharos_jobs import storage
from pharos_jobs.datasets import SPLITS, open_dataset, read_split
from pharos_jobs.standalone import desk


def run(options: argparse.Namespace) -> ExitCode:
    """Clean and split a collected file."""
    root = Path(options.output).resolve().parent / ".pharos"
    data = {
        "source": {"dataset": {"uri": storage.to_uri(options.input)}},
        "minWords": options.min_words,
        "minPapersPerClass": options.min_papers_per_class,
        "split": {"seed": options.seed},
    }
    common = {"uid": desk.run_uid(options.input), "data": data}
    result, code = desk.run(desk.step_input(root, {**common, "step": "collect"}))
    if code is ExitCode.OK:
        given = {**common, "step": "prepare", "inputs": result.outputs}
        result, code = desk.run(desk.step_input(root, given))
    if code is ExitCode.OK:
        _write(options, result.outputs["datasetUri"])
    return code


def _write(options: argparse.Namespace, dataset_uri: str) -> None:
    dataset = open_dataset(dataset_uri)
    everything = []
    for name in SPLITS:
        samples = read_split(dataset, name)
        everything += samples
        desk.write_samples(Path(options.splits_dir) / f"{name}.json", samples)
        desk.say(f"{name}: {len(samples)} samples")
    metadata = {"num_samples": len(everything), "categories": dataset.labels}
    document = {"metadata": metadata, "samples": [s.to_json() for s in everything]}
    storage.write_json(storage.to_uri(options.output), document)
