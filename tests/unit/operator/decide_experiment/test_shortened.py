"""Which slices a status shows: the worst of them, so that many labels do not bloat it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from decide_builders import NOW, PLATFORM, after, healthy
from experiment_cases import FIRST, LAST, Case, routed
from judging_builders import SLICED, labels, spec, users

from pharos_analysis.judging import judge
from pharos_analysis.samples import Facts, LabelledMetric, LabelSample
from pharos_api.abexperiment import ABExperimentStatus, Outcome
from pharos_operator.decide.decision import Decision, RecordEvidence
from pharos_operator.decide.experiments.experiment import decide
from pharos_operator.decide.experiments.shortened import SLICES_SHOWN, shortened

EQUAL, WORSE, MAYBE, MUCH_WORSE, FEW = 0.9, 0.83, 0.865, 0.5, -1.0
WHOLE = LabelledMetric("accuracy", users(3000, 0.9), users(3000, 0.9))


def known(shares: Mapping[str, float]) -> LabelSample:
    """Slices by the candidate's share of right answers, where control has 0.9; FEW: ten users."""
    slices = [
        LabelledMetric(
            "accuracy",
            users(10 if share == FEW else 3000, 0.9),
            users(10 if share == FEW else 3000, 0.9 if share == FEW else share),
            f"label={name}",
        )
        for name, share in shares.items()
    ]
    return labels(WHOLE.control, WHOLE.candidate, metrics=(WHOLE, *slices))


def many(count: int, share: float = EQUAL, prefix: str = "cs") -> dict[str, float]:
    return {f"{prefix}.{n:03}": share for n in range(count)}


@dataclass(frozen=True)
class Shown:
    shares: dict[str, float]
    first: list[str]
    line: str = ""


CASES = {
    "a few slices are all shown, and no line": Shown({"a": EQUAL, "b": FEW}, ["a", "b"]),
    "as many as are shown need no line": Shown(many(SLICES_SHOWN), ["cs.000"]),
    "one that failed comes first, whatever its name": Shown(
        many(40) | {"zz": WORSE}, ["zz", "cs.000"], "33 more"
    ),
    "of those that failed the worst comes first": Shown(
        many(40) | {"y": WORSE, "z": MUCH_WORSE}, ["z", "y", "cs.000"], "34 more"
    ),
    "then one that is suspicious": Shown(
        many(40) | {"y": MAYBE, "z": WORSE}, ["z", "y", "cs.000"], "34 more"
    ),
    "then the worst of those that are well": Shown(
        many(40) | {"z": 0.899}, ["z", "cs.000"], "33 more"
    ),
    "one with too few users comes last": Shown(
        many(7) | {"a": FEW, "b": FEW}, ["cs.000", "cs.001"], "1 more"
    ),
    "even of those that failed, no more than a few": Shown(many(40, WORSE), ["cs.000"], "32 more"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_shown(case: Shown) -> None:
    found = known(case.shares)
    measured = judge(spec(SLICED), Facts(labels=found, exposure=500), NOW).measured
    whole, *slices = shortened(measured, found)
    assert whole == measured[0]
    rows, lines = slices[:SLICES_SHOWN], slices[SLICES_SHOWN:]
    assert [row.slice.removeprefix("label=") for row in rows][: len(case.first)] == case.first
    assert [line.slice for line in lines] == ([case.line] if case.line else [])


def test_the_line_says_what_the_others_are_and_is_as_bad_as_the_worst_of_them() -> None:
    found = known(many(20, WORSE, "bad") | many(20) | many(5, FEW, "few"))
    measured = judge(spec(SLICED), Facts(labels=found, exposure=500), NOW).measured
    *_, line = shortened(measured, found)
    assert (line.metric, line.slice, line.outcome) == ("accuracy", "37 more", Outcome.FAIL)
    assert "(12 Fail, 5 NoData, 20 Pass)" in line.message


def looked(
    status: dict[str, Any], found: LabelSample, at: float = 0
) -> Decision[ABExperimentStatus]:
    facts = Facts(audited=healthy(), labels=found, exposure=500)
    wanted = {"metrics": [SLICED], "decision": {"minRequests": 1}}
    case = Case(status, of=routed(status["exposure"]), spec=wanted, facts=facts)
    return decide(case.observation(), PLATFORM, after(at))


def test_a_model_with_200_labels_does_not_bloat_the_status_and_its_record_holds_all() -> None:
    decision = looked(LAST, known(many(200)))
    status = decision.status
    assert len(status.measurements) == 1 + SLICES_SHOWN + 1
    assert len(json.dumps(status.to_json())) < 8_000
    (record,) = (each for each in decision.actions if isinstance(each, RecordEvidence))
    assert len(json.loads(record.document)["judgement"]["measured"]) == 201


def test_slices_that_are_well_may_change_places_without_a_write() -> None:
    before = looked(FIRST, known(many(40) | {"a": 0.899, "b": EQUAL})).status
    kept = {"measurements": before.measurements, "conditions": before.conditions}
    swapped = known(many(40) | {"a": EQUAL, "b": 0.899})
    assert looked(FIRST | kept, swapped, 1).status.measurements == before.measurements
    assert looked(FIRST | kept, swapped, 31).status.measurements != before.measurements


def test_a_slice_that_fails_is_shown_at_once() -> None:
    before = looked(FIRST, known(many(40))).status
    kept = {"measurements": before.measurements, "conditions": before.conditions}
    found = looked(FIRST | kept, known(many(40) | {"zz": MUCH_WORSE}), 1).status.measurements
    assert (found[1].slice, found[1].outcome) == ("label=zz", Outcome.FAIL)
