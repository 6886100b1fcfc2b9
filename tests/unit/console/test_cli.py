"""The command line itself: help for everything, and no traceback for anything a person types."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pharos_console.cli.__main__ import main
from pharos_console.cli.app import app

COMMANDS = [
    "abort",
    "demo",
    "erase",
    "explain",
    "feedback",
    "keep",
    "lift-quarantine",
    "load",
    "pause",
    "promote",
    "replay",
    "report",
    "resume",
    "retention",
    "retrain",
    "retry",
    "rollback",
    "run",
    "status",
    "upload",
]


def pharos(monkeypatch: pytest.MonkeyPatch, *words: str) -> int | str | None:
    """Run the program as a shell does; the exit status."""
    monkeypatch.setattr(sys, "argv", ["pharos", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_the_help_lists_every_command() -> None:
    shown = CliRunner().invoke(app, ["--help"])
    assert shown.exit_code == 0
    listed = [line.split()[0] for line in shown.stdout.split("Commands:")[1].splitlines() if line]
    assert sorted(name for name in listed if name in COMMANDS) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"])
    assert shown.exit_code == 0
    assert f"Usage: pharos {command}" in shown.stdout


MISUSE = {
    "no such command": (["nonsense"], "No such command"),
    "a quarantine lifted without a reason": (
        ["lift-quarantine", "news", "--version", "v1.0.0"],
        "Missing option '--reason'",
    ),
    "a retraining without a reason": (["retrain", "news"], "Missing option '--reason'"),
    "feedback on no answer": (["feedback", "news", "--label", "x"], "Missing option"),
    "no model": (["load"], "Missing argument"),
    "a user forgotten without a reason": (
        ["erase", "--user", "ada"],
        "Missing option '--reason'",
    ),
    "a rate that is no number": (["load", "news", "--rate", "fast"], "Invalid value"),
    "a share above one": (["load", "news", "--feedback", "2"], "Invalid value"),
    "a file that is not there": (["upload", "nowhere.jsonl"], "does not exist"),
    "a feed that leaves its folder": (["upload", __file__, "--feed", "../models"], "is no name"),
}


@pytest.mark.parametrize(("words", "sentence"), MISUSE.values(), ids=MISUSE.keys())
def test_words_that_do_not_fit_are_told(
    words: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert pharos(monkeypatch, *words) == 2
    assert sentence in capsys.readouterr().err


@pytest.fixture
def no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))


NEED_A_CLUSTER = {
    "status": ["status"],
    "explain": ["explain", "canary"],
    "replay": ["replay", "canary"],
    "report": ["report", "canary"],
    "promote": ["promote", "news", "--version", "v1.0.0"],
    "rollback": ["rollback", "news"],
    "pause": ["pause", "canary"],
    "resume": ["resume", "canary"],
    "abort": ["abort", "canary"],
    "retry": ["retry", "run"],
    "lift-quarantine": ["lift-quarantine", "news", "--version", "v1.0.0", "--reason", "mended"],
    "retrain": ["retrain", "news", "--reason", "a new conference"],
    "retention": ["retention", "news"],
    "keep": ["keep", "news", "v1.0.0", "--reason", "audit"],
    "erase": ["erase", "--user", "ada", "--reason", "asked"],
    "load": ["load", "news"],
    "upload": ["upload", __file__],
    "feedback": ["feedback", "news", "--request-id", "r1", "--label", "sports"],
}


@pytest.mark.usefixtures("no_cluster")
@pytest.mark.parametrize("words", NEED_A_CLUSTER.values(), ids=NEED_A_CLUSTER.keys())
def test_without_a_cluster_it_says_how_to_get_one(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pharos(monkeypatch, *words) == 1
    said = capsys.readouterr().err
    assert "error: no cluster to talk to" in said
    assert "Set KUBECONFIG, or start one with `make cluster`." in said


KUBECONFIGS = {
    "no YAML": "clusters: [",
    "no context": "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\n",
    "empty": "",
}


@pytest.mark.parametrize("text", KUBECONFIGS.values(), ids=KUBECONFIGS.keys())
def test_a_broken_kubeconfig_is_told(
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    assert pharos(monkeypatch, "status", "--kubeconfig", str(path)) == 1
    assert "error: no cluster to talk to" in capsys.readouterr().err


RUNS = {
    "a file that is not there": (None, "cannot read"),
    "no object": ("", "must hold exactly one TrainingRun, it holds 0"),
    "a kind of somebody else": ("kind: Pod\n", "Pod is none of Model, TrainingRun"),
}


@pytest.mark.parametrize(("text", "sentence"), RUNS.values(), ids=RUNS.keys())
def test_a_file_that_cannot_be_run_is_told(
    text: str | None,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "run.yaml"
    if text is not None:
        file.write_text(text)
    assert pharos(monkeypatch, "run", "-f", str(file), "--home", str(tmp_path / "home")) == 1
    assert sentence in capsys.readouterr().err


def test_brackets_in_a_sentence_are_printed_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "[bold]" / "[" / "red].yaml"
    assert pharos(monkeypatch, "run", "-f", str(missing)) == 1
    assert "[bold]/[/red].yaml" in capsys.readouterr().err
