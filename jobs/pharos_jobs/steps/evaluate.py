"""evaluate: measure the exported model and a linear baseline, and hold both against the gate.

Inputs: datasetUri, checkpointUri. Outputs: evaluationUri. Metrics are decimal strings; a model that
misses the gate gives them too, together with the error QualityGateFailed. A model of an extended
data set is compared with production, on the golden set and on what is new. What the model answered
to some texts of the test split is kept, so that whoever serves it can be held to it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pharos_api.artifacts import LABEL_MAP, LINEAR, REFERENCE_ANSWERS, WEIGHTS, ReferenceAnswer
from pharos_api.jobio import FailureReason, StepError, StepInput, StepResult
from pharos_jobs import storage
from pharos_jobs.comparing import Comparison, Tested, compared_with_production
from pharos_jobs.context import StepContext
from pharos_jobs.core.baseline import Baseline, linear_baseline
from pharos_jobs.core.comparing import Right, comparison_metrics
from pharos_jobs.core.gate import gate_sentence, missed_limits
from pharos_jobs.core.metrics import Floats, Scores, decimal_string, scores
from pharos_jobs.core.papers import Sample
from pharos_jobs.core.references import chosen, reference_answers
from pharos_jobs.datasets import Dataset, open_dataset, read_split
from pharos_jobs.errors import Terminal
from pharos_jobs.predicting import Predictor

EVALUATION = "evaluation.json"
TEST_RESULTS = "test_results.json"
# Enough for a glance at over-fitting; the whole split would cost more than the two others.
_TRAIN_SAMPLES = 200
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Predicted:
    """What the model said of one split: probabilities of shape (samples, names)."""

    samples: list[Sample]
    probabilities: Floats
    names: list[str]

    def scores(self) -> Scores:
        """The answers against the truth."""
        number = {name: i for i, name in enumerate(self.names)}
        truth = np.array([number[s.label] for s in self.samples], dtype=np.int64)
        return scores(truth, self.probabilities, self.names)

    def right(self) -> Right:
        """Which of the samples were answered with their label, shape (samples,)."""
        named = [self.names[place] for place in self.probabilities.argmax(axis=1)]
        truth = (s.label for s in self.samples)
        pairs = zip(named, truth, strict=True)
        return np.array([given == true for given, true in pairs], dtype=np.bool_)

    def references(self) -> list[ReferenceAnswer]:
        """The answers to some of the texts, of each class alike."""
        texts = [s.text for s in self.samples]
        kept = chosen(texts, [s.label for s in self.samples])
        return reference_answers([texts[i] for i in kept], self.probabilities[kept], self.names)


def run(step_input: StepInput, context: StepContext) -> StepResult:
    """Evaluate, write the evaluation's files, and judge."""
    dataset = open_dataset(step_input.inputs["datasetUri"])
    splits = {name: read_split(dataset, name) for name in ("train", "val", "test")}
    splits["train"], train = splits["train"][:_TRAIN_SAMPLES], splits["train"]
    context.progress.report(5, "training the linear baseline")
    baseline = linear_baseline(train, splits["test"], step_input.data.split.seed)
    predicted = _predicted(step_input, context, dataset.labels, splits)
    measured = {name: split.scores() for name, split in predicted.items()}
    comparison = _comparison(step_input, context, dataset, predicted["test"])
    metrics = _metrics(measured, baseline, _weights_bytes(step_input))
    metrics |= comparison_metrics(comparison.sets)
    uri = f"{step_input.run_uri}/evaluation"
    missed = missed_limits(metrics, step_input.gate)
    document = _document(measured, baseline, metrics, missed)
    document |= _compared(step_input, comparison)
    _write_references(uri, predicted["test"].references())
    _write(uri, {**document, "createdAt": context.now().isoformat(timespec="seconds")}, measured)
    _log.info("Evaluated", extra={"metrics": metrics, "missed": missed})
    context.progress.report(100, "evaluated")
    return StepResult(
        step=step_input.step,
        outputs={"evaluationUri": uri},
        metrics=metrics,
        error=_error(missed),
        warnings=comparison.warnings,
    )


def _error(missed: list[str]) -> StepError | None:
    if not missed:
        return None
    return StepError(reason=FailureReason.QUALITY_GATE_FAILED, message=gate_sentence(missed))


def _predicted(
    step_input: StepInput,
    context: StepContext,
    labels: list[str],
    splits: dict[str, list[Sample]],
) -> dict[str, Predicted]:
    source = step_input.inputs["checkpointUri"]
    folder = storage.download_folder(source, context.work_dir / "model")
    numbers = storage.read_json((folder / LABEL_MAP).as_uri())["label_to_id"]
    if set(labels) - set(numbers):
        raise Terminal(
            FailureReason.INVALID_SPEC,
            f"The model knows the labels {sorted(numbers)}, the data set has {labels}. "
            "Evaluate a model with the data set that it was trained for.",
        )
    predictor = Predictor(folder, step_input.trainer.hyperparameters.max_tokens)
    names = sorted(numbers, key=lambda name: int(numbers[name]))
    total, finished = sum(map(len, splits.values())), 0
    predicted = {}
    for name, samples in splits.items():
        report = _reporter(context, finished, total)
        probabilities = predictor.probabilities([s.text for s in samples], report)
        predicted[name] = Predicted(samples, probabilities, names)
        finished += len(samples)
    return predicted


def _comparison(
    step_input: StepInput, context: StepContext, dataset: Dataset, test: Predicted
) -> Comparison:
    context.progress.report(95, "comparing with production")
    tested = Tested(test.samples, test.right())
    return compared_with_production(step_input, dataset.card, tested, context.work_dir)


def _compared(step_input: StepInput, found: Comparison) -> dict[str, Any]:
    """The evaluation's part on production; absent where nothing was compared."""
    if not found.sets:
        return {}
    sets = {name: each.to_json() for name, each in found.sets.items()}
    return {"comparison": {"production": step_input.parent, **sets}}


def _reporter(context: StepContext, before: int, total: int) -> Callable[[int], None]:
    def report(done: int) -> None:
        context.progress.report(15 + 80 * (before + done) // total, "predicting")

    return report


def _weights_bytes(step_input: StepInput) -> int:
    """Size of the weights of all parts: what row TST-13 limits."""
    uris = [f"{step_input.inputs['checkpointUri']}/{name}" for name in (WEIGHTS, LINEAR)]
    return sum(_size(uri) for uri in uris if storage.exists(uri))


def _size(uri: str) -> int:
    with storage.open_read(uri) as file:
        return file.seek(0, 2)


def _metrics(measured: dict[str, Scores], baseline: Baseline, size_bytes: int) -> dict[str, str]:
    return {
        "validationAccuracy": decimal_string(measured["val"].accuracy),
        "testAccuracy": decimal_string(measured["test"].accuracy),
        "macroF1": decimal_string(measured["test"].macro_f1),
        "trainAccuracy": decimal_string(measured["train"].accuracy),
        "calibrationError": decimal_string(measured["test"].calibration_error),
        "baselineTestAccuracy": decimal_string(baseline.accuracy),
        "baselineMacroF1": decimal_string(baseline.macro_f1),
        "sizeBytes": str(size_bytes),
    }


def _document(
    measured: dict[str, Scores], baseline: Baseline, metrics: dict[str, str], missed: list[str]
) -> dict[str, Any]:
    return {
        "metrics": metrics,
        "gate": {"passed": not missed, "missed": missed},
        "train": {"samples": measured["train"].samples, "accuracy": measured["train"].accuracy},
        "val": measured["val"].to_json(),
        "test": measured["test"].to_json(),
        "baseline": {"accuracy": baseline.accuracy, "macroF1": baseline.macro_f1},
    }


def _write(uri: str, document: dict[str, Any], measured: dict[str, Scores]) -> None:
    test = measured["test"]
    results = {"accuracy": test.accuracy, "f1": test.macro_f1, **test.to_json()}
    storage.write_json(f"{uri}/{TEST_RESULTS}", results)
    storage.write_bytes(f"{uri}/classification_report.txt", test.report.encode())
    storage.write_json(f"{uri}/{EVALUATION}", document)


def _write_references(uri: str, references: list[ReferenceAnswer]) -> None:
    lines = "".join(f"{each.model_dump_json(by_alias=True)}\n" for each in references)
    storage.write_bytes(f"{uri}/{REFERENCE_ANSWERS}", lines.encode())
