"""A recipe's run in one process: papers through its steps, and what a server then answers."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from jobs_builders import step_input
from pydantic import SecretStr

from pharos_api.artifacts import ReferenceAnswer
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.core.papers import Paper
from pharos_serving.assembling import build_classifier
from pharos_serving.dataplane import Prediction
from pharos_serving.loading import ModelSource, load_verified
from pharos_serving.settings import Settings

WHOLE = tuple(step for step in StepName if step is not StepName.SEARCH)
# The export to ONNX alone takes seconds on a free machine, a minute on a crowded one.
# A step is a process of its own elsewhere: what torch's exporter warns of does not reach the tests.
EXPORTING = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:::torch"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@dataclass
class Ran:
    """What the steps gave, all together."""

    outputs: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, str] = field(default_factory=dict)


def write_papers(root: Path, found: Iterable[Paper]) -> str:
    """A data set's file; its URI."""
    file = root / "papers.jsonl"
    file.write_text("\n".join(json.dumps(paper.to_json()) for paper in found))
    return file.as_uri()


def run_steps(root: Path, steps: Sequence[StepName], **fields: Any) -> Ran:
    """Run them in order, each on the outputs of those before; ``fields`` as they stand in JSON."""
    ran = Ran()
    for step in steps:
        scratch = root / "scratch" / step.value
        scratch.mkdir(parents=True)
        module = import_module(f"pharos_jobs.steps.{step.value}")
        given = step_input(root, step, inputs=ran.outputs, **fields)
        result = module.run(given, StepContext(scratch))
        assert result.error is None
        ran.outputs |= result.outputs
        ran.metrics |= result.metrics
    return ran


def answers(outputs: dict[str, str], cache: Path) -> tuple[list[ReferenceAnswer], list[Prediction]]:
    """What the evaluation answered to some texts, and what a server's classifier does."""
    uri, sha256 = outputs["modelUri"], outputs["modelSha256"]
    model = load_verified(ModelSource(uri, sha256), cache)
    settings = Settings(
        model_name="topics",
        user_hash_key=SecretStr("key"),
        model_version=model.manifest.version,
        model_uri=uri,
        model_sha256=sha256,
        cache_dir=cache,
    )
    lines = storage.read_bytes(f"{uri}/reference_answers.jsonl").splitlines()
    references = [ReferenceAnswer.model_validate_json(line) for line in lines]
    classifier = build_classifier(model, settings)
    return references, classifier.predict_batch([r.text for r in references])
