"""A record of a judgement judges itself again, and says where it does not."""

import json
from math import inf, nan
from typing import Any

import pytest
from decide_builders import NOW, arm, histogram, sample
from judging_builders import ERRORS, GOAL, OWN, SLICED, facts, labels, sliced, spec, users, value

from pharos_analysis.alone import limits_of
from pharos_analysis.record import (
    Case,
    Context,
    UnreadableRecordError,
    Way,
    agrees,
    context_of,
    document,
    judged,
    replayed,
)
from pharos_analysis.samples import ArmSample, PairSample
from pharos_api.delivery import ProductionGuard

CONTEXT = Context("move", "uid-x", "Rollback", "Metrics degraded", "v1.0.0", "v1.1.0", "salt", 2500)
MOMENT = NOW.replace(microsecond=123456)
WRONG = labels(users(500, 0.9), users(500, 0.1))
SLICE = sliced("label=cs.AI", users(400, 0.9), users(400, 0.4))
PAIRS = PairSample(900, 850, 100, 40, 5, 3, histogram(900), histogram(900, 30))
ODD = sample(ArmSample(nan, inf, histogram(3)), ArmSample(-inf, 1e-310, None), "a\u2028b")

CASES = {
    "a rollback by labelled accuracy": Case(Way.ARMS, facts(labels=WRONG), MOMENT, spec(GOAL)),
    "a slice": Case(Way.ARMS, facts(labels=SLICE), MOMENT, spec(SLICED)),
    "a failing candidate": Case(
        Way.ARMS, facts(fast=sample(arm(30), arm(30, 9))), MOMENT, spec(ERRORS)
    ),
    "numbers that are none": Case(
        Way.ARMS, facts(audited=ODD, values=(value(nan, inf),)), MOMENT, spec(ERRORS, OWN)
    ),
    "a shadow": Case(Way.PAIRS, facts(pairs=PAIRS), MOMENT, spec(ERRORS)),
    "a version alone": Case(
        Way.ALONE, facts(), MOMENT, limits=limits_of(ProductionGuard(max_error_percent=7))
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_record_is_replayed_to_the_same_judgement(case: Case) -> None:
    found = judged(case)
    text = json.dumps(document(case, found, CONTEXT), allow_nan=False)
    assert replayed(json.loads(text)) == found
    assert agrees(json.loads(text)) == []
    assert context_of(json.loads(text)) == CONTEXT


def changed(found: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    copy = json.loads(json.dumps(found))
    *way, last = path.split("/")
    inner = copy
    for step in way:
        inner = inner[int(step)] if step.isdigit() else inner[step]
    inner[last] = value
    return dict(copy)


def test_a_record_names_every_difference() -> None:
    case = CASES["a failing candidate"]
    found = document(case, judged(case), CONTEXT)
    milder = changed(found, "case/facts/fast/candidate/errors", 0.0)
    differences = agrees(milder)
    assert differences[0] == "ruling: recorded 'Harm', now 'Won'"
    assert differences[1].startswith("message: recorded 'error-rate Fail: ")
    assert differences[2].startswith("measurement error-rate: recorded {")
    forged = changed(found, "judgement/ruling", "Won")
    assert agrees(forged) == ["ruling: recorded 'Won', now 'Harm'"]


BROKEN = {
    "another format": ("format", "pharos.neoalexandria.io/evidence/v9", "this is no record"),
    "a ruling that there is not": ("judgement/ruling", "Maybe", "cannot be read"),
    "a text for a count": ("case/facts/audited/window_s", "soon", "cannot be read"),
    "no spec": ("case/spec", None, "needs the experiment's spec"),
}


@pytest.mark.parametrize(("path", "value", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_record_is_refused_in_a_sentence(path: str, value: object, says: str) -> None:
    case = CASES["a failing candidate"]
    broken = changed(document(case, judged(case), CONTEXT), path, value)
    with pytest.raises(UnreadableRecordError, match=says):
        replayed(broken)
