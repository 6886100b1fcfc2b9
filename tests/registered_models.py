"""Registered linear models and their data sets below an artifact root, made by the real steps."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs_builders import papers, step_input

from pharos_api.jobio import StepInput
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.steps import collect, evaluate, prepare, register, train

_STEPS = {
    StepName.COLLECT: collect,
    StepName.PREPARE: prepare,
    StepName.TRAIN: train,
    StepName.EVALUATE: evaluate,
    StepName.REGISTER: register,
}
_TOPICS = ("cs.AI", "cs.RO", "cs.DB")


@dataclass(frozen=True)
class Registered:
    """A version as its run left it behind."""

    version: str
    outputs: dict[str, str]

    @property
    def folder(self) -> Path:
        path = storage.local_path(self.outputs["modelUri"])
        assert path is not None
        return path


def register_linear(root: Path, scratch: Path, version: str, each: int = 30) -> Registered:
    """Run all steps on ``each`` papers of each of three topics."""
    file = scratch / f"{version}.jsonl"
    scratch.mkdir(parents=True, exist_ok=True)
    storage.write_bytes(file.as_uri(), _lines(each))
    outputs: dict[str, str] = {}
    for step, module in _STEPS.items():
        given = _input(root, step, file, version, outputs)
        result = module.run(given, StepContext(scratch / version / step.value))
        assert result.error is None
        outputs |= result.outputs
    return Registered(version, outputs)


def _input(
    root: Path, step: StepName, file: Path, version: str, outputs: dict[str, str]
) -> StepInput:
    fields: dict[str, Any] = {
        "uid": f"uid-{version}",
        "run": f"run-{version.replace('.', '-')}",
        "version": version,
        "trainer": {"recipe": "Linear"},
        "gate": {
            "minValidationAccuracy": "0.1",
            "minTestAccuracy": "0.1",
            "minMacroF1": "0.1",
            "mustBeatBaseline": False,
        },
        "data": {"source": {"dataset": {"uri": file.as_uri()}}, "minPapersPerClass": 5},
        "inputs": dict(outputs),
    }
    return step_input(root, step, **fields)


def _lines(each: int) -> bytes:
    rows = papers(_TOPICS, each)
    return "".join(json.dumps(p.to_json()) + "\n" for p in rows).encode()
