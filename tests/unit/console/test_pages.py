"""What the user pages name exists: files, commands, phases, verdicts, outcomes and reasons."""

import re
from enum import StrEnum
from pathlib import Path

import pytest
import typer

from pharos_analysis.judgement import Distrust
from pharos_analysis.self_test import Trust
from pharos_api.abexperiment import ExperimentPhase, ExperimentStrategy, Outcome, Verdict
from pharos_api.metrics import MetricRole, MetricSource
from pharos_console.cli import __main__ as _commands  # noqa: F401 - importing registers them
from pharos_console.cli.app import app

ROOT = Path(__file__).resolve().parents[3]
USER = ROOT / "docs" / "user"
PAGES = [USER / "quickstart.md", USER / "experiments.md", ROOT / "docs" / "reference" / "cli.md"]
LINKED = [*PAGES, ROOT / "docs" / "developer" / "statistics.md"]


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text)]
    assert not [link for link in links if not (page.parent / link).exists()]
    samples = re.findall(r"manifests/[\w./-]+\.yaml", text)
    assert not [name for name in samples if not (ROOT / name).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_types_exists(page: Path) -> None:
    commands = typer.main.get_command(app).commands
    typed = re.findall(r"(?:`|\$ |bin/|^ {4})pharos ([a-z-]+)", page.read_text(), re.MULTILINE)
    assert typed
    assert set(typed) <= set(commands)


@pytest.mark.parametrize("values", [Outcome, Verdict], ids=lambda values: values.__name__)
def test_every_outcome_and_verdict_is_explained(values: type[Outcome | Verdict]) -> None:
    text = (USER / "experiments.md").read_text()
    assert not [value for value in values if f"| `{value}` |" not in text]


ENUMS: list[type[StrEnum]] = [ExperimentStrategy, MetricRole, MetricSource, Distrust, Trust]


@pytest.mark.parametrize("values", ENUMS, ids=lambda values: values.__name__)
def test_every_value_that_a_person_writes_or_reads_is_explained(values: type[StrEnum]) -> None:
    text = (USER / "experiments.md").read_text()
    assert not [value for value in values if f"| `{value}`" not in text]


def test_every_phase_is_explained() -> None:
    text = (USER / "experiments.md").read_text()
    assert not [phase for phase in ExperimentPhase if f"`{phase}`" not in text]
