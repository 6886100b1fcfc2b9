"""From measured parts to one document, and to the tables of the docs."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from delivery import weights
from delivery.answers import Answer
from delivery.course import CANDIDATE, CONTROL, Course, Scenario
from delivery.report import brief, merged
from delivery.rollback import sections
from delivery.split import SALT, exposure_at
from delivery.weights import Change
from generated import figures
from pharos_api.assignment import HALF, Arm, assign

SCENARIO = Scenario("failing30", 25, 0.0, 0.3, 60)


def course(scenario: Scenario, phase: str, *bad_s: float) -> Course:
    good = [Answer("u", t, t, 200, version=CANDIDATE) for t in (1.0, 2.0, 6.0)]
    bad = [Answer("u", t, t, 500, version=CANDIDATE) for t in bad_s]
    other = [Answer("u", 8.0, 8.0, 200, version=CONTROL)]
    status = {"phase": phase, "reason": "why"}
    return Course(scenario, 0, [*good, *bad, *other], experiment={"status": status})


def rollback() -> dict[str, Any]:
    healthy = Scenario("healthy", 25, 0.01, 0.01, 60)
    return sections(
        {
            "failing30": [course(SCENARIO, "Failed", 4.0, 5.0), course(SCENARIO, "Failed", 5.0)],
            "healthy": [course(healthy, "Progressing", 3.0), course(healthy, "Failed", 3.0)],
        }
    )


def one_change() -> dict[str, Any]:
    def answer(user: str) -> Answer:
        arm = assign(SALT, user, exposure_at(2))
        version = "v1.1.0" if arm is Arm.CANDIDATE else "v1.0.0"
        return Answer(user, 1.5, 1.6, 200, arm, version, 2)

    stray = Answer("u0", 1.5, 1.6, 200, "shadow", "v1.0.0", 2)
    answers = [*(answer(f"u{number}") for number in range(9)), stray]
    return weights.section(answers, [Change(2, 1.0, 1.02)], [4, 6])


def simulation() -> dict[str, Any]:
    return {
        "falseRollbacks": {"share": 0.0034, "rollouts": 10_000},
        "typeI": {"share": 0.0487, "experiments": 10_000},
        "samples": {"plannedRatio": 0.72, "tripleRatio": 0.12},
        "quick": False,
    }


def document() -> dict[str, Any]:
    parts = {"weightChanges": one_change(), "quick": False}, {**rollback(), "quick": True}
    return merged(simulation(), *parts)


def test_runs_are_summed_up_and_a_canary_that_held_has_no_time() -> None:
    found = rollback()
    assert found["rollback"]["failing30"] | {"raw": []} == {
        "p95S": 2.0,
        "medianS": 1.0,
        "minS": 1.0,
        "maxS": 2.0,
        "runs": 2,
        "rolledBack": 2,
        "percent": 25,
        "requestsPerSecond": 50.0,
        "requests": 11,
        "failedRequestsMedian": 1,
        "raw": [],
    }
    assert found["healthyOnTheRealPath"] == {"healthy": {"runs": 2, "lost": 1}}
    assert [each["seconds"] for each in found["rollback"]["healthy"]["raw"]] == [None, 3.0]


def test_changes_of_weights_are_summed_up_with_every_stray() -> None:
    found = one_change()
    assert (found["count"], found["failed"], found["misrouted"]) == (1, 0, 1)
    assert (found["ackP95Ms"], found["staleAfterAcknowledgement"]) == (20.0, 0)


def test_exposures_of_the_benchmark_reach_both_ends_and_always_change() -> None:
    exposures = [exposure_at(revision) for revision in range(1, 10_002)]
    assert {0, HALF} <= set(exposures)
    assert all(a != b for a, b in pairwise(exposures))


def test_the_document_has_the_keys_that_the_targets_name() -> None:
    found = document()
    assert {"count", "requestsPerSecond", "failed", "misrouted", "ackP95Ms"} <= set(
        found["weightChanges"]
    )
    assert {"p95S", "runs"} <= set(found["rollback"]["failing30"])
    assert found["falseRollbacks"]["onTheRealPath"] == {"healthy": {"runs": 2, "lost": 1}}
    assert found["typeI"] == {"share": 0.0487, "experiments": 10_000}
    assert found["quick"], "one quick part makes the whole rough"


def test_a_record_keeps_figures_and_leaves_samples_out() -> None:
    kept = brief({"a": 1, "raw": [1], "few": [1, 2], "many": list(range(99)), "in": {"raw": {}}})
    assert kept == {"a": 1, "few": [1, 2], "in": {}}


def test_tables_show_what_was_measured_beside_the_rivals() -> None:
    table = "\n".join(figures.targets(document()))
    assert "| 95 % within 3 s | 2.0 s; rolled back in 2 of 2 runs |" in table
    assert "| canaries lost: as good as control (1 % of both fail) | none | 1 of 2 |" in table
    rivals = {
        "rollback": [
            {"tool": "Other", "setting": "fast", "badPercent": 30, "medianS": 4, "minS": 2.8}
            | {"maxS": 5.3, "runs": 5, "failedRequestsMedian": 19}
        ],
        "withoutPrometheus": [
            {"tool": "Other", "setting": "fast", "runs": 2, "lost": 2, "afterS": "41"}
        ],
        "clock": "On one clock.",
        "how": "Elsewhere.",
    }
    beside = "\n".join(figures.beside(document(), rivals))
    assert "| Other, 30 % fail | fast | 5 | 4 (2.8 to 5.3) | 19 |" in beside
    assert "| Other, healthy, Prometheus away | fast | 2, 2 of them lost after 41 s | | |" in beside


def test_a_page_without_a_record_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "RECORD", tmp_path / "none.json")
    assert (
        figures.page(f"a\n{figures.BEGIN}\n{figures.END}") == f"a\n{figures.BEGIN}\n{figures.END}"
    )
