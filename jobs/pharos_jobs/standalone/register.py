"""``register`` by flags: makes an evaluated model's folder a version."""

import argparse
from pathlib import Path

from pharos_api.jobio import ExitCode
from pharos_jobs import storage
from pharos_jobs.standalone import desk


def run(options: argparse.Namespace) -> ExitCode:
    """Register a model's folder and print where the version lies."""
    folder, root = Path(options.model_dir).resolve(), Path(options.root).resolve()
    uri = storage.to_uri(folder)
    dataset = desk.stored_splits(Path(options.data_dir), root)
    given = {
        "step": "register",
        "uid": desk.run_uid(folder, dataset.sha256),
        "namespace": options.namespace,
        "model": options.model,
        "version": options.version,
        "trainer": storage.read_json(f"{uri}/trainer.json"),
        "inputs": {"datasetUri": dataset.uri, "checkpointUri": uri, "evaluationUri": uri},
    }
    result, code = desk.run(desk.step_input(root, given))
    if code is ExitCode.OK:
        desk.say(f"{result.outputs['version']} in {result.outputs['modelUri']}")
    return code
