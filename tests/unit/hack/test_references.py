"""The generated reference pages hold all that one can write or read, each with its meaning."""

import re

import pytest
import watched_metrics
from helm_chart import ROOT

from generated import (
    chart_reference,
    kinds_reference,
    metrics_reference,
    settings_meanings,
    settings_reference,
)
from generated.schemas import fields
from pharos_operator.settings import Settings as OperatorSettings
from pharos_serving.settings import Settings as ServingSettings

KINDS = kinds_reference.pages()
NAMED = re.compile(r"\bENV_[A-Z_]+\b")


@pytest.mark.parametrize("name", KINDS)
def test_every_field_says_what_it_is(name: str) -> None:
    assert [row for row in rows(KINDS[name]) if not row[-1]] == []


def test_a_field_has_its_type_default_rules_and_meaning() -> None:
    wanted = (
        "| `trainer.hyperparameters.learningRate` | string | `2e-5` | must be a decimal number in "
        "quotes, for example '0.02' or '2e-5' | Greatest step size, after the warm-up. |"
    )
    assert wanted in KINDS["trainingrun.md"]


def test_fields_of_lists_and_maps_are_told_with_their_path() -> None:
    inner = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    schema = {
        "type": "object",
        "properties": {
            "list": {"type": "array", "items": inner},
            "map": {"type": "object", "additionalProperties": inner},
        },
    }
    found = [(each.path, each.row()[1:3]) for each in fields(schema)]
    assert found == [
        ("list", ("list of object", "")),
        ("list[].a", ("string", "required")),
        ("map", ("map of object", "")),
        ("map.*.a", ("string", "required")),
    ]


def test_every_value_of_the_chart_is_there_with_its_meaning() -> None:
    page = chart_reference.page()
    assert [row for row in rows(page) if not row[-1]] == []
    assert "| `operator.replicas` | integer | `2` |" in page


@pytest.mark.requirement("CHK-5", "CON-3")
def test_every_metric_is_there() -> None:
    page = metrics_reference.page()
    shown = set(re.findall(r"^\| `([^`]+)`", page, re.MULTILINE))
    series = {re.sub(r"_(bucket|count|sum)$", "", name) for name in watched_metrics.exported()}
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in shown} == {
        name for name in series if not name.startswith(("process_", "python_"))
    }
    assert metrics_reference.ENVOY.keys() == watched_metrics.ENVOY.keys()


def test_every_setting_is_there_with_its_meaning() -> None:
    page = settings_reference.page()
    assert [row for row in rows(page) if not row[-1]] == []
    assert settings_meanings.OPERATOR.keys() <= OperatorSettings.model_fields.keys()
    assert settings_meanings.SERVING.keys() <= ServingSettings.model_fields.keys()
    assert "| `PHAROS_OPERATOR_LEASE_DURATION_S` | whole number | `6` |" in page
    assert "| `PHAROS_MODEL_URI` | text | required |" in page
    assert page.count("| `OTEL_EXPORTER_OTLP_ENDPOINT` |") == 2


def test_every_variable_that_a_job_reads_is_there() -> None:
    sources = (ROOT / "jobs" / "pharos_jobs").rglob("*.py")
    text = "\n".join(path.read_text() for path in (*sources, ROOT / "crds/pharos_api/names.py"))
    values = dict(re.findall(r'^(ENV_[A-Z_]+) = "([A-Z_]+)"', text, re.MULTILINE))
    read = {
        name
        for path in (ROOT / "jobs" / "pharos_jobs").rglob("*.py")
        for name in NAMED.findall(path.read_text())
    }
    assert {values[name] for name in read} - settings_meanings.JOBS.keys() == set()


def rows(page: str) -> list[list[str]]:
    """The cells of every row of the page's tables."""
    lines = [line for line in page.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
