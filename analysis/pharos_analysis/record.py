"""The record of one judgement: everything that it rested on, as JSON that can be judged again.

``replayed`` needs the document alone: no cluster, no clock, no metrics. Numbers survive exactly;
those that JSON does not know are written as "NaN", "Infinity" and "-Infinity". What a strategy made
of the judgement is written down beside it, and is not judged again.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import zip_longest
from typing import Any, Literal, assert_never

from pydantic import BaseModel, ConfigDict, ValidationError

from pharos_analysis.alone import judge_alone
from pharos_analysis.judgement import Judgement
from pharos_analysis.judging import judge
from pharos_analysis.samples import Facts, Sample
from pharos_analysis.shadowing import judge_shadow
from pharos_api.abexperiment import ABExperimentSpec, Measurement
from pharos_api.decision import DecisionRule
from pharos_api.metrics import Metric

FORMAT = "pharos.neoalexandria.io/evidence/v1"


class UnreadableRecordError(ValueError):
    """No record, or one of another format. The message is for a person."""


class Way(StrEnum):
    """How it was judged: two arms, pairs of a shadow, or one version alone."""

    ARMS = "Arms"
    PAIRS = "Pairs"
    ALONE = "Alone"


@dataclass(frozen=True, slots=True)
class Case:
    """What was put to the judge at ``at``.

    Arms and pairs are judged by ``spec``, a version alone by ``limits`` and ``rule``.
    """

    way: Way
    facts: Facts
    at: datetime
    spec: ABExperimentSpec | None = None
    limits: tuple[Metric, ...] = ()
    rule: DecisionRule | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What a person needs to find the decision again. ``exposure`` is in buckets an arm.

    ``code`` is the version of Pharos that judged, ``decision`` what the strategy made of it. The
    engines are what computed either version; empty where nobody had told.
    """

    experiment: str
    uid: str
    decision: str
    reason: str
    control_version: str = ""
    candidate_version: str = ""
    salt: str = ""
    exposure: int = 0
    step: int = 0
    code: str = ""
    control_engine: str = ""
    candidate_engine: str = ""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    format: Literal["pharos.neoalexandria.io/evidence/v1"]
    context: Context
    case: Case
    judgement: Judgement


def document(case: Case, judgement: Judgement, context: Context) -> dict[str, Any]:
    """The record as plain JSON values."""
    record = _Record(format=FORMAT, context=context, case=case, judgement=judgement)
    found: dict[str, Any] = json.loads(record.model_dump_json(by_alias=True))
    return found


def judged(case: Case) -> Judgement:
    """The judgement of a case: the way that every replay takes. Raises UnreadableRecordError."""
    match case.way:
        case Way.ARMS:
            return judge(_spec(case), case.facts, case.at)
        case Way.PAIRS:
            return judge_shadow(_spec(case), case.facts, case.at)
        case Way.ALONE:
            sample = case.facts.audited or case.facts.fast or Sample()
            return judge_alone(case.limits, case.rule or DecisionRule(), sample, case.at)
        case _:
            assert_never(case.way)


def _spec(case: Case) -> ABExperimentSpec:
    if case.spec is None:
        raise UnreadableRecordError(f"a record of {case.way} needs the experiment's spec")
    return case.spec


def replayed(found: dict[str, Any]) -> Judgement:
    """Judge a record again, from the document alone. Raises UnreadableRecordError."""
    return judged(_read(found).case)


def case_of(found: dict[str, Any]) -> Case:
    """What was put to the judge. Raises UnreadableRecordError."""
    return _read(found).case


def context_of(found: dict[str, Any]) -> Context:
    """What the record says of its decision. Raises UnreadableRecordError."""
    return _read(found).context


def agrees(found: dict[str, Any]) -> list[str]:
    """Every difference between the recorded judgement and a new one of the same facts; none: same.

    Raises UnreadableRecordError.
    """
    record = _read(found)
    old, new = record.judgement, judged(record.case)
    differences = [
        f"{name}: recorded {then!r}, now {now!r}"
        for name, then, now in (
            ("ruling", str(old.ruling), str(new.ruling)),
            ("message", old.message, new.message),
            ("distrust", old.distrust, new.distrust),
            ("absent", old.absent, new.absent),
            ("beyond", old.beyond, new.beyond),
        )
        if then != now
    ]
    return differences + _unlike(old, new)


def _unlike(old: Judgement, new: Judgement) -> list[str]:
    """Differences of the measurements, in their order."""
    pairs = zip_longest(old.measured, new.measured)
    return [
        f"measurement {_name(then or now)}: recorded {_shown(then)}, now {_shown(now)}"
        for then, now in pairs
        if then != now
    ]


def _name(measured: Measurement | None) -> str:
    return "" if measured is None else " of ".join(filter(None, (measured.metric, measured.slice)))


def _shown(measured: Measurement | None) -> str:
    return "none" if measured is None else str(measured.to_json())


def _read(found: dict[str, Any]) -> _Record:
    if found.get("format") != FORMAT:
        raise UnreadableRecordError(
            f"this is no record of a decision: format {found.get('format')!r}, wanted {FORMAT!r}"
        )
    try:
        return _Record.model_validate_json(json.dumps(found))
    except ValidationError as error:
        raise UnreadableRecordError(f"the record cannot be read: {error}") from error
