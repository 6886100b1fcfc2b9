"""The classical report from a record: rows ABT-14 to ABT-22, beside the decision."""

import pytest
from decide_builders import NOW, after
from explain_cases import CASES, made, recorded

from pharos_analysis.judgement import Judgement, Ruling
from pharos_analysis.record import Case, Context, Way, document
from pharos_analysis.samples import Facts
from pharos_api.abexperiment import ExperimentPhase
from pharos_console.errors import UsageError
from pharos_console.experiments.classical import reported
from pharos_console.experiments.records import Record
from pharos_console.experiments.reporting import as_text

EXPERIMENT = made(ExperimentPhase.PROGRESSING).model_copy(
    update={
        "status": made(ExperimentPhase.PROGRESSING).status.model_copy(
            update={"started_at": after(-7 * 86_400)}
        )
    }
)


@pytest.mark.requirement("ABT-6")
@pytest.mark.requirement("ABT-20")
@pytest.mark.requirement("ABT-21")
@pytest.mark.requirement("ABT-22")
def test_the_results_have_the_keys_and_the_sense_of_the_example() -> None:
    found = reported(Record("m-02-promote", recorded()), EXPERIMENT)["results"]
    assert found["duration_days"] == 7
    assert found["treatment"]["version"] == "v1.1.0"
    assert found["treatment"]["predictions"] == 10_000
    assert found["treatment"]["accuracy"] == 0.95
    assert found["treatment"]["latency_p95"] is not None
    assert (found["control"]["f1_score"], found["treatment"]["f1_score"]) == (0.91, 0.95)
    significance = found["statistical_significance"]
    assert significance["improvement"] == 0.04
    low, high = significance["confidence_interval"]
    assert 0 < low < 0.04 < high
    assert found["recommendation"] == "PROMOTE"
    assert "Treatment significantly better" in found["reason"]


@pytest.mark.requirement("ABT-19")
def test_the_experiment_is_told_in_the_words_of_its_row() -> None:
    found = reported(Record("m-02-promote", recorded()), EXPERIMENT)["experiment"]
    assert found == {
        "experiment_id": "move",
        "name": "rollout-move",
        "control_version": "v1.0.0",
        "treatment_version": "v1.1.0",
        "traffic_split": 0.25,
        "start_date": "2026-11-16",
        "end_date": None,
        "status": "running",
        "metrics": {"primary": "accuracy", "secondary": ["error-rate", "f1_score"]},
    }


STATES = {
    "an experiment that runs": ("progressing", "running"),
    "one that promoted": ("promoted", "completed"),
    "one that rolled back did its work": ("rolled-back", "completed"),
    "one that was ended from outside": ("superseded", "cancelled"),
}


@pytest.mark.parametrize(("case", "state"), STATES.values(), ids=STATES)
@pytest.mark.requirement("DBM-9")
def test_the_state_is_one_of_three(case: str, state: str) -> None:
    found = reported(Record("m", recorded()), CASES[case])
    assert found["experiment"]["status"] == state


@pytest.mark.requirement("ABT-14")
@pytest.mark.requirement("ABT-15")
def test_the_tests_and_the_sample_size_stand_behind_the_results() -> None:
    found = reported(Record("m", recorded()), EXPERIMENT)["details"]
    assert set(found["tests"]) == {"welch_t", "two_proportion_z", "chi_square"}
    assert all(test["p_value"] < 0.05 for test in found["tests"].values())
    assert found["sample_size"] > 0
    assert found["minimum_detectable_effect"] > 0


def test_without_labels_it_compares_no_accuracy_and_recommends_nothing() -> None:
    found = reported(Record("m", recorded(labels=None)), EXPERIMENT)["results"]
    assert found["statistical_significance"] is None
    assert found["treatment"]["f1_score"] is None
    assert found["recommendation"] == "CONTINUE"


def test_a_record_from_before_classes_were_counted_has_no_f1() -> None:
    old = recorded()
    for name in ("control", "candidate"):
        del old["case"]["facts"]["labels"][name]["classes"]
    found = reported(Record("m", old), EXPERIMENT)["results"]
    assert found["treatment"]["f1_score"] is None
    assert found["recommendation"] == "PROMOTE"


def test_a_prometheus_that_was_away_leaves_the_rows_of_the_log() -> None:
    found = reported(Record("m", recorded(audited=None)), EXPERIMENT)["results"]
    assert found["control"]["predictions"] == 3000


def test_a_worse_treatment_is_recommended_for_rollback() -> None:
    worse = recorded()
    worse["case"]["facts"]["labels"]["metrics"][0] |= {
        "control": worse["case"]["facts"]["labels"]["metrics"][0]["candidate"],
        "candidate": worse["case"]["facts"]["labels"]["metrics"][0]["control"],
    }
    assert reported(Record("m", worse), EXPERIMENT)["results"]["recommendation"] == "ROLLBACK"


def test_a_record_of_one_version_alone_is_no_comparison() -> None:
    alone = Case(Way.ALONE, Facts(), NOW)
    found = document(alone, Judgement(Ruling.HOLD, ""), Context("m", "u", "Hold", ""))
    with pytest.raises(UsageError, match="judges one version alone"):
        reported(Record("m", found), EXPERIMENT)


def test_the_text_tells_the_same_in_a_few_lines() -> None:
    text = as_text(reported(Record("m-02-promote", recorded()), EXPERIMENT))
    assert text.startswith("rollout-move, 7 days, from m-02-promote\n")
    assert "treatment v1.1.0: 10000 predictions, accuracy 0.9500 (" in text
    assert ", macro-F1 0.9500, p95 " in text
    assert "recommendation: PROMOTE: Treatment significantly better" in text
    assert text.endswith("decides otherwise: not decided yet")
