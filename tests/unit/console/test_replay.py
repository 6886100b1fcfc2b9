"""Records from files: the same verdict without a cluster, or every difference and exit status 1."""

import base64
import copy
import gzip
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from explain_cases import recorded

from pharos_api import names
from pharos_console.cli.__main__ import main
from pharos_console.errors import UsageError
from pharos_console.experiments.records import Record, in_order, read_file, record_of


def config_map(name: str, document: dict[str, Any]) -> dict[str, Any]:
    data = {names.EVIDENCE_KEY: json.dumps(document)}
    return {"kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def packed(name: str, document: dict[str, Any]) -> dict[str, Any]:
    text = gzip.compress(json.dumps(document).encode(), mtime=0)
    data = {names.EVIDENCE_KEY_PACKED: base64.b64encode(text).decode()}
    return {"kind": "ConfigMap", "metadata": {"name": name}, "binaryData": data}


@dataclass(frozen=True)
class Ended:
    code: int | str | None
    said: str
    complained: str


@dataclass
class Shell:
    """Runs ``pharos`` where no cluster is."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def replay(self, text: str, *words: str) -> Ended:
        file = self.folder / "record"
        file.write_text(text)
        self.monkeypatch.setenv("KUBECONFIG", str(self.folder / "none"))
        self.monkeypatch.setattr(sys, "argv", ["pharos", "replay", "-f", str(file), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        told = self.capsys.readouterr()
        return Ended(ended.value.code, told.out, told.err)


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    return Shell(tmp_path, monkeypatch, capsys)


FORMS = {
    "the document itself": json.dumps(recorded()),
    "a ConfigMap in JSON": json.dumps(config_map("m-01-promote", recorded())),
    "a ConfigMap in YAML": yaml.safe_dump(config_map("m-01-promote", recorded())),
    "a packed ConfigMap": json.dumps(packed("m-01-promote", recorded())),
    "a list of ConfigMaps": json.dumps(
        {"kind": "List", "items": [config_map("m-01-promote", recorded())]}
    ),
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_record_reaches_the_same_verdict_without_a_cluster(text: str, shell: Shell) -> None:
    ended = shell.replay(text)
    assert (ended.code, ended.complained) == (0, "")
    assert ": same verdict: Promote; Won: " in ended.said


def test_numbers_survive_exactly_in_every_form(tmp_path: Path) -> None:
    document = recorded()
    document["case"]["facts"]["audited"]["window_s"] = 1e-7
    for text in (json.dumps(document), yaml.safe_dump(config_map("m", document))):
        (tmp_path / "f").write_text(text)
        (found,) = read_file(tmp_path / "f")
        assert found.document == document


def _altered(**judgement: Any) -> str:
    document = copy.deepcopy(recorded())
    document["judgement"] |= judgement
    return json.dumps(document)


def _counted_otherwise() -> str:
    document = copy.deepcopy(recorded())
    document["case"]["facts"]["audited"]["candidate"]["errors"] = 5000.0
    return json.dumps(document)


DIFFERENT = {
    "an altered ruling": (_altered(ruling="Hold"), "ruling: recorded 'Hold', now 'Won'"),
    "an altered sentence": (_altered(message="all is well"), "message: recorded 'all is well'"),
    "altered facts": (_counted_otherwise(), "ruling: recorded 'Won', now 'Harm'"),
}


@pytest.mark.parametrize(("text", "sentence"), DIFFERENT.values(), ids=DIFFERENT)
def test_a_record_that_was_altered_is_found_out(text: str, sentence: str, shell: Shell) -> None:
    ended = shell.replay(text)
    assert ended.code == 1
    assert "another verdict than 0.1.0 of Pharos recorded" in ended.said
    assert sentence in ended.said


UNREADABLE = {
    "no record": ("{}", "holds no record of a decision"),
    "no JSON": ("{", "cannot read"),
    "another format": ('{"format": "x/v9"}', "this is no record of a decision: format 'x/v9'"),
    "a record without its facts": (
        json.dumps({"format": recorded()["format"]}),
        "the record cannot be read",
    ),
    "a ConfigMap of something else": (
        json.dumps({"kind": "ConfigMap", "metadata": {"name": "other"}, "data": {"x": "y"}}),
        "ConfigMap other is no record of a decision",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_record_is_told_in_a_sentence(text: str, sentence: str, shell: Shell) -> None:
    ended = shell.replay(text)
    assert ended.code == 1
    assert sentence in ended.complained


def test_one_of_several_records_is_chosen_by_its_name(shell: Shell) -> None:
    maps = [config_map("m-01-step", recorded("Step")), config_map("m-02-promote", recorded())]
    text = json.dumps({"kind": "List", "items": maps})
    assert shell.replay(text, "--evidence", "m-01-step").said.startswith("m-01-step: same")
    refused = shell.replay(text, "--evidence", "m-09")
    assert "no record 'm-09'; known: m-01-step, m-02-promote" in refused.complained


def test_the_hundredth_record_comes_after_the_eleventh() -> None:
    names_ = ["m-100-stepup", "m-11-stepup", "a-file", "m-02-stepup"]
    ordered = in_order(Record(name, {}) for name in names_)
    assert [one.name for one in ordered] == ["a-file", "m-02-stepup", "m-11-stepup", "m-100-stepup"]


def test_an_experiment_and_a_file_together_are_refused(shell: Shell) -> None:
    ended = shell.replay(json.dumps(recorded()), "canary")
    assert ended.code == 1
    assert "name an experiment, or a file with --filename, and not both" in ended.complained


def test_a_config_map_whose_packing_is_broken_is_told() -> None:
    broken = packed("m", recorded())
    broken["binaryData"][names.EVIDENCE_KEY_PACKED] = "AAAA"
    with pytest.raises(UsageError, match="ConfigMap m cannot be unpacked"):
        record_of(broken)
