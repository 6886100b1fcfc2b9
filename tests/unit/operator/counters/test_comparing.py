"""Which counters tell how a version does."""

from dataclasses import dataclass
from typing import Any

import pytest
from decide_builders import NOW, after, experiment, model, name_of, pointer

from pharos_api.abexperiment import ABExperiment, ExperimentPhase, ExperimentStrategy
from pharos_operator.reconcile.comparing import Compared, of_experiment, of_production

ARMS: dict[str, Any] = {
    "phase": ExperimentPhase.PROGRESSING,
    "control": name_of("v1.0.0"),
    "control_version": "v1.0.0",
    "candidate_version": "v1.1.0",
    "exposed_at": NOW,
}
SWITCH = {"strategy": ExperimentStrategy.BLUE_GREEN}


@dataclass(frozen=True)
class Case:
    experiment: ABExperiment
    compared: Compared | None


CASES = {
    "two arms are compared since the first exposure": Case(
        experiment(**ARMS),
        Compared(
            "uid-x@candidate",
            "default/arxiv/v1-0-0/control",
            "default/arxiv/v1-1-0/candidate",
            NOW,
        ),
    ),
    "the clusters are known before anybody is exposed": Case(
        experiment(**ARMS | {"phase": ExperimentPhase.STARTING, "exposed_at": None}),
        Compared(
            "uid-x@candidate",
            "default/arxiv/v1-0-0/control",
            "default/arxiv/v1-1-0/candidate",
            None,
        ),
    ),
    "a shadow is compared with what users were answered": Case(
        experiment(
            **ARMS | {"phase": ExperimentPhase.SHADOWING, "mirror": 50, "shadowed_at": after(3)}
        ),
        Compared(
            "uid-x@shadow",
            "default/arxiv/v1-0-0/outside",
            "default/arxiv/v1-1-0/shadow",
            after(3),
        ),
    ),
    "a switch is compared with what was before it": Case(
        experiment(
            spec=SWITCH,
            **ARMS | {"phase": ExperimentPhase.WATCHING, "switched_at": after(9)},
        ),
        Compared(
            "uid-x@outside",
            "default/arxiv/v1-0-0/outside",
            "default/arxiv/v1-1-0/outside",
            after(9),
            beside=False,
        ),
    ),
    "and so is a canary's, until every gateway follows": Case(
        experiment(**ARMS | {"phase": ExperimentPhase.PROMOTING, "switched_at": after(9)}),
        Compared(
            "uid-x@outside",
            "default/arxiv/v1-0-0/outside",
            "default/arxiv/v1-1-0/outside",
            after(9),
            beside=False,
        ),
    ),
    "before the switch a winner's arms are compared": Case(
        experiment(**ARMS | {"phase": ExperimentPhase.PROMOTING, "exposure": 5000}),
        Compared(
            "uid-x@candidate",
            "default/arxiv/v1-0-0/control",
            "default/arxiv/v1-1-0/candidate",
            NOW,
        ),
    ),
    "a waiting experiment compares nothing": Case(
        experiment(**ARMS | {"phase": ExperimentPhase.PENDING}), None
    ),
    "an ended experiment compares nothing": Case(
        experiment(**ARMS | {"phase": ExperimentPhase.SUCCEEDED}), None
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_experiment(case: Case) -> None:
    assert of_experiment(case.experiment) == case.compared


def test_production_is_watched_where_there_is_a_way_back() -> None:
    found = of_production(model("v1.1.0", previous=pointer("v1.0.0")))
    assert found is not None
    assert (found.control, found.candidate) == ("", "default/arxiv/v1-1-0/outside")
    assert (found.since, found.beside) == (NOW, False)
    assert of_production(model("v1.1.0")) is None
    assert of_production(model()) is None


def test_each_time_a_version_takes_over_it_is_counted_anew() -> None:
    first = model("v1.1.0", previous=pointer("v1.0.0"))
    again = pointer("v1.1.0").model_copy(update={"since": after(60)})
    status = first.status.model_copy(update={"production": again})
    second = first.model_copy(update={"status": status})
    keys = [found.key for each in (first, second) if (found := of_production(each))]
    assert len(set(keys)) == 2
