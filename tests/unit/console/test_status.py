"""How times and troubles are told to people."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from decide_builders import experiment, model

from pharos_api.abexperiment import ExperimentStrategy
from pharos_api.meta import Condition
from pharos_api.model import Model, ModelStatus
from pharos_api.retraining import RetrainingStatus
from pharos_console.cli.app import out
from pharos_console.cli.status import (
    ORDINARY,
    after_launch,
    ago,
    sentence,
    show,
    step,
    trouble,
)
from pharos_operator.decide.conditions import RetrainingReason

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

SPANS = {
    "a moment": (timedelta(), "0s"),
    "under a minute": (timedelta(seconds=59), "59s"),
    "a minute": (timedelta(seconds=60), "1m"),
    "under an hour": (timedelta(minutes=59, seconds=59), "59m"),
    "an hour": (timedelta(hours=1), "1h"),
    "a day": (timedelta(hours=24), "1d"),
    "a fortnight": (timedelta(days=14, hours=5), "14d"),
    "clocks that disagree": (timedelta(seconds=-3), "0s"),
}


@pytest.mark.parametrize(("span", "wanted"), SPANS.values(), ids=SPANS.keys())
def test_a_span_is_told_in_its_largest_unit(span: timedelta, wanted: str) -> None:
    assert ago(NOW - span, NOW) == wanted


def test_a_moment_that_never_was_is_a_dash() -> None:
    assert ago(None, NOW) == "-"


def condition(type_: str, status: str) -> Condition:
    message = f"{type_} is {status}"
    return Condition(
        type=type_, status=status, reason="Because", message=message, last_transition_time=NOW
    )


TROUBLES = {
    "a condition that is False tells why": ([condition("Ready", "False")], "Ready is False"),
    "one that is Unknown does too": ([condition("Ready", "Unknown")], "Ready is Unknown"),
    "one that is True is no trouble": ([condition("Ready", "True")], ""),
    "another condition is not looked at": ([condition("Other", "False")], ""),
    "nothing is known yet": ([], ""),
}


@pytest.mark.parametrize(("conditions", "wanted"), TROUBLES.values(), ids=TROUBLES.keys())
def test_trouble_is_the_sentence_of_what_is_not_true(
    conditions: list[Condition], wanted: str
) -> None:
    assert trouble(conditions, "Ready") == wanted


def test_what_is_going_on_is_told_whatever_the_status() -> None:
    assert sentence([condition("Progressing", "True")], "Progressing") == "Progressing is True"
    assert sentence([], "Progressing") == ""


def due(reason: str, status: str = "False") -> Condition:
    return condition("RetrainingDue", status).model_copy(update={"reason": reason})


RUNNING = RetrainingStatus(run="arxiv-again", run_started_at=NOW)
ENDED = RetrainingStatus(run="arxiv-again", run_started_at=NOW, run_finished_at=NOW)
LIVES: dict[str, tuple[list[Condition], RetrainingStatus | None, tuple[str, ...]]] = {
    "a Model that nobody retrains": ([], None, ()),
    "a retraining runs": ([due("RetrainingStarted", "True")], RUNNING, ("RetrainingDue is True",)),
    "it has ended, and its run has a row of its own": (
        [due("RetrainingStarted", "True")],
        ENDED,
        (),
    ),
    "a check gave no answer": ([due("CheckFailed")], ENDED, ("RetrainingDue is False",)),
    "the month's hours are used up": ([due("OverBudget")], ENDED, ("RetrainingDue is False",)),
    "nothing is due": ([due("NotDue")], ENDED, ()),
    "somebody suspended it": ([due("Suspended")], None, ()),
    "texts drifted": ([condition("DriftDetected", "True")], None, ("DriftDetected is True",)),
    "no drift": ([condition("DriftDetected", "False")], None, ()),
    "drift is not measured": ([condition("DriftDetected", "Unknown")], None, ()),
    "drift, and the policy cannot work": (
        [condition("DriftDetected", "True"), due("InvalidPolicy")],
        None,
        ("RetrainingDue is False", "DriftDetected is True"),
    ),
}


@pytest.mark.parametrize(("conditions", "kept", "wanted"), LIVES.values(), ids=LIVES.keys())
def test_of_retraining_and_drift_only_what_is_worth_knowing_is_told(
    conditions: list[Condition], kept: RetrainingStatus | None, wanted: tuple[str, ...]
) -> None:
    assert after_launch(ModelStatus(conditions=conditions, retraining=kept)) == wanted


@dataclass(frozen=True)
class Namespace:
    """A namespace with one Model."""

    model: Model
    namespace: str = "papers"

    def every(self, kind: type) -> list[Model]:
        return [self.model] if kind is Model else []


def test_the_last_column_of_a_model_says_what_is_wrong_and_what_it_looks_after() -> None:
    troubled = model(
        "v1.1.0",
        conditions=[
            condition("Ready", "False"),
            due("CheckFailed"),
            condition("DriftDetected", "True"),
        ],
    )
    with out.capture() as said:
        show(Namespace(troubled), NOW)
    lines = said.get().splitlines()
    assert lines[2].strip().endswith("Ready is False")
    assert [line.strip() for line in lines[3:]] == [
        "RetrainingDue is False",
        "DriftDetected is True",
    ]


def test_what_is_ordinary_are_reasons_that_the_operator_gives() -> None:
    assert set(RetrainingReason) >= ORDINARY


STEPS = {
    "a canary at its first step": (ExperimentStrategy.CANARY, 0, "1/2"),
    "a canary past its last step": (ExperimentStrategy.CANARY, 2, "2/2"),
    "a shadow counts the steps of its canary": (ExperimentStrategy.SHADOW, 1, "2/2"),
    "an A/B test has no steps": (ExperimentStrategy.AB_TEST, 0, "-"),
    "blue-green has none either": (ExperimentStrategy.BLUE_GREEN, 0, "-"),
}


@pytest.mark.parametrize(("strategy", "at", "wanted"), STEPS.values(), ids=STEPS.keys())
def test_the_step_is_told_where_there_are_steps(
    strategy: ExperimentStrategy, at: int, wanted: str
) -> None:
    assert step(experiment(spec={"strategy": strategy}, current_step=at)) == wanted
