"""search: try hyperparameters, trial by trial, with the other pods of the same Job.

Inputs: datasetUri. Outputs: searchUri, bestParamsUri, hyperparameters; the train step is told them.
"""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic.alias_generators import to_camel

from pharos_api.jobio import FailureReason, Output, StepInput, StepResult
from pharos_api.names import ENV_DATABASE_URL, ENV_GPUS, ENV_WORKER_INDEX
from pharos_api.search import Search
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.core.subset import share
from pharos_jobs.core.trials import Trial, Worker
from pharos_jobs.core.winner import spelled, winner
from pharos_jobs.datasets import open_dataset, read_split
from pharos_jobs.errors import Terminal

RECORD = "search.json"


def run(step_input: StepInput, context: StepContext, training: Any = None) -> StepResult:
    """Work on the study; the worker of the first index also brings the result together.

    ``training`` is a ``TrialTraining``; by default the trainer of the train step.
    """
    search = step_input.search
    if search is None:
        raise Terminal(FailureReason.INVALID_SPEC, "The search step needs spec.search.")
    record = f"{folder_uri(step_input)}/{RECORD}"
    index = int(os.environ.get(ENV_WORKER_INDEX, "0"))
    if not storage.exists(record):
        training = training or _training(step_input, search, context)
        result = _searched(step_input, context, training, index)
        if result is None:
            return StepResult(step=step_input.step)
        storage.write_json(record, result.to_json())
    return StepResult.model_validate(storage.read_json(record))


def folder_uri(step_input: StepInput) -> str:
    """Where the search of a run leaves its records."""
    return f"{step_input.run_uri}/search"


def _searched(
    step_input: StepInput, context: StepContext, training: Any, index: int
) -> StepResult | None:
    """The result; None from a worker that is not the first."""
    from pharos_jobs.search.patience import Patience  # noqa: PLC0415 - seconds
    from pharos_jobs.search.study import Desk, SharedStudy  # noqa: PLC0415

    search: Any = step_input.search
    me = Worker(step_input.attempt, index, secrets.token_hex(4))
    patience = Patience(context.stop)
    desk = Desk(me, int(os.environ.get(ENV_GPUS, "0")), context.now, patience)
    study = SharedStudy(_database(step_input), _study_name(step_input), search, desk)
    try:
        _work(step_input, context, training, (study, desk))
        return _result(step_input, search, study, context) if index == 0 else None
    finally:
        study.close()


def _work(
    step_input: StepInput, context: StepContext, training: Any, place: tuple[Any, Any]
) -> None:
    from pharos_jobs.search.objective import TrialObjective  # noqa: PLC0415 - seconds
    from pharos_jobs.search.reporting import Reporter  # noqa: PLC0415
    from pharos_jobs.search.worker import SearchWorker  # noqa: PLC0415

    search: Any = step_input.search
    study, desk = place
    tolerance = float(search.accuracy_tolerance)
    reporter = Reporter(study, context.progress, context.now, tolerance)
    objective = TrialObjective(
        training=training,
        search=search,
        base=step_input.trainer.hyperparameters,
        context=context,
        patience=desk.patience,
        told=reporter.report,
    )
    SearchWorker(study, objective, reporter, stays=desk.me.index == 0).work()


def objective_of(step_input: StepInput, folder: Path) -> Callable[[Any], float]:
    """The objective for a study of somebody else's: a trial of Optuna in, the accuracy out."""
    from pharos_jobs.search.objective import Course, TrialObjective  # noqa: PLC0415 - seconds
    from pharos_jobs.search.patience import Patience  # noqa: PLC0415

    search: Any = step_input.search
    context = StepContext(folder)
    objective = TrialObjective(
        training=_training(step_input, search, context, folder),
        search=search,
        base=step_input.trainer.hyperparameters,
        context=context,
        patience=Patience(context.stop),
    )
    return lambda trial: objective(trial, Course(str(trial.number)))[0]


def _training(
    step_input: StepInput, search: Search, context: StepContext, folder: Path | None = None
) -> Any:
    from pharos_jobs.search.training import FineTuneTrial  # noqa: PLC0415 - seconds

    dataset = open_dataset(step_input.inputs["datasetUri"])
    samples = share(read_split(dataset, "train"), search.data_percent, search.seed)
    kept = folder or storage.local_path(folder_uri(step_input)) or context.work_dir
    return FineTuneTrial(
        base_model=step_input.trainer.base_model,
        folder=kept / "trials",
        tokens_uri=f"{step_input.artifact_root}/tokens",
        labels=dataset.labels,
        train_samples=samples,
        val_samples=read_split(dataset, "val"),
    )


def _result(step_input: StepInput, search: Search, study: Any, context: StepContext) -> StepResult:
    from pharos_jobs.search import records  # noqa: PLC0415 - seconds
    from pharos_jobs.search.reporting import Reporter  # noqa: PLC0415

    trials: list[Trial] = study.trials()
    tolerance = float(search.accuracy_tolerance)
    best = winner(trials, tolerance)
    if best is None:
        raise Terminal(FailureReason.SEARCH_FAILED, _fruitless(trials))
    folder = folder_uri(step_input)
    document = records.best_params(study.name, trials, best, study.began_at)
    records.keep(folder, study.study, trials, document)
    found = {to_camel(name): value for name, value in spelled(best.params).items()}
    status = Reporter(study, context.progress, context.now, tolerance).status()
    return StepResult(
        step=step_input.step,
        outputs={
            "searchUri": folder,
            "bestParamsUri": f"{folder}/{records.BEST_PARAMS}",
            Output.HYPERPARAMETERS: json.dumps(found),
        },
        metrics={"searchAccuracy": f"{best.values[0]:.4f}"},
        search=status,
        warnings=[status.reason] if status.reason else [],
    )


def _fruitless(trials: list[Trial]) -> str:
    reasons = sorted({t.reason for t in trials if t.reason})
    why = f" {reasons[0]}" if reasons else ""
    return (
        f"None of {len(trials)} trials gave a model that could be measured.{why} Look at the log "
        "of the search step; narrow spec.search.space or raise spec.search.timeout."
    )


def _study_name(step_input: StepInput) -> str:
    return step_input.study or f"{step_input.namespace}/{step_input.run}/{step_input.uid}"


def _database(step_input: StepInput) -> str:
    """The database of the installation; on a desk a file beside the run's other artifacts."""
    url = os.environ.get(ENV_DATABASE_URL, "")
    if url:
        return url
    folder: Path | None = storage.local_path(folder_uri(step_input))
    if folder is None:
        raise Terminal(
            FailureReason.INVALID_SPEC,
            f"A search on {step_input.artifact_root} needs a database for its study: set "
            f"{ENV_DATABASE_URL}, or the chart's postgresql values.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'study.db'}"
