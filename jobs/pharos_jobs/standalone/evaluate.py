"""``evaluate`` by flags: writes ``test_results.json`` beside the model (rows TRN-27, TRN-28)."""

import argparse
from pathlib import Path

from pharos_api.jobio import ExitCode
from pharos_jobs import storage
from pharos_jobs.standalone import desk


def run(options: argparse.Namespace) -> ExitCode:
    """Evaluate a model's folder on the splits beside ``--test-data``."""
    folder = Path(options.model_dir).resolve()
    root = folder.parent / ".pharos"
    dataset = desk.stored_splits(Path(options.test_data).parent, root)
    given = {
        "step": "evaluate",
        "uid": desk.run_uid(folder, dataset.sha256),
        "trainer": storage.read_json(storage.to_uri(folder / "trainer.json")),
        "inputs": {"datasetUri": dataset.uri, "checkpointUri": storage.to_uri(folder)},
    }
    result, code = desk.run(desk.step_input(root, given))
    if "evaluationUri" in result.outputs:
        source = result.outputs["evaluationUri"]
        for name in storage.names(source):
            storage.copy(f"{source}/{name}", storage.to_uri(folder / name))
        desk.say((folder / "classification_report.txt").read_text(encoding="utf-8"))
        desk.say("\n".join(f"{name}: {value}" for name, value in result.metrics.items()))
    return code
