"""The registry's texts, its folder for the hub, and MLflow's registry over real HTTP."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from decide_builders import model, version

from pharos_api.inventory import Compared, StoredModel
from pharos_api.modelversion import ModelVersion, Stage
from pharos_console.cli.registry import told
from pharos_console.errors import UsageError
from pharos_console.registry.hub import write_hub_folder
from pharos_console.registry.importing import model_manifest
from pharos_console.registry.mlflow import MlflowRegistry
from pharos_console.registry.versions import chosen, fallbacks, table


def staged(number: str, stage: Stage) -> ModelVersion:
    made = version(number)
    return made.model_copy(update={"status": made.status.model_copy(update={"stage": stage})})


VERSIONS = [
    staged("v1.0.0", Stage.PREVIOUS),
    staged("v1.1.0", Stage.QUARANTINED),
    staged("v1.2.0", Stage.PRODUCTION),
]


def test_the_table_has_a_line_for_each_version() -> None:
    lines = table(VERSIONS)
    assert [line.split()[0] for line in lines] == ["VERSION", "v1.0.0", "v1.1.0", "v1.2.0"]
    assert len({line.index(word) for line, word in zip(lines, _STAGES, strict=True)}) == 1


_STAGES = ("STAGE", "Previous", "Quarantined", "Production")


def test_without_a_version_production_is_meant() -> None:
    assert chosen(VERSIONS, "", model("v1.2.0")).spec.version == "v1.2.0"
    with pytest.raises(UsageError, match="nothing is in production yet"):
        chosen(VERSIONS, "", model())
    with pytest.raises(UsageError, match=r"v9.0.0 is not registered; there are: v1.0.0"):
        chosen(VERSIONS, "v9.0.0", None)


def test_a_quarantined_version_is_no_way_back() -> None:
    assert [v.spec.version for v in fallbacks(VERSIONS, VERSIONS[2])] == ["v1.2.0", "v1.0.0"]


def test_a_comparison_says_whether_chance_would_do_as_much() -> None:
    found = Compared(
        texts=1000,
        left_out=3,
        first_accuracy=0.887,
        second_accuracy=0.901,
        difference=0.014,
        low=0.002,
        high=0.026,
        only_first=12,
        only_second=26,
        p_value=0.03355,
        source="the test split of data set 5be1",
    )
    lines = told("v1.0.0", "v1.1.0", found)
    assert lines[0].endswith("5be1, without 3 that v1.0.0 has learnt from")
    assert lines[-1] == "The two differ by more than chance."
    unsure = found.model_copy(update={"low": -0.001})
    assert told("v1.0.0", "v1.1.0", unsure)[-1] == "The two may differ by chance alone."


def test_a_production_version_that_is_no_longer_whole_is_not_waited_for() -> None:
    stored = StoredModel(namespace="n", model="m", production="v1.1.0", flaws=["v1.1.0 is damaged"])
    text = model_manifest(stored)["metadata"]["annotations"].popitem()[1]
    assert json.loads(text)["production"] == ""


def encoder(folder: Path, **config: Any) -> Path:
    folder.mkdir()
    given = {"model_type": "bert", "architectures": ["BertForSequenceClassification"]} | config
    (folder / "config.json").write_text(json.dumps(given))
    for name in ("model.safetensors", "tokenizer.json", "README.md", "model.onnx"):
        (folder / name).write_text(name)
    return folder


def test_a_hub_folder_has_what_transformers_reads_and_the_labels(tmp_path: Path) -> None:
    said = write_hub_folder(encoder(tmp_path / "model"), tmp_path / "hub", ["a", "b"])
    assert {p.name for p in (tmp_path / "hub").iterdir()} == {
        *("config.json", "model.safetensors", "tokenizer.json", "README.md")
    }
    config = json.loads((tmp_path / "hub/config.json").read_text())
    assert (config["id2label"], config["label2id"]) == ({"0": "a", "1": "b"}, {"a": 0, "b": 1})
    assert said == []


def test_what_transformers_would_compute_otherwise_is_told(tmp_path: Path) -> None:
    folder = encoder(tmp_path / "model")
    (folder / "linear.safetensors").touch()
    (folder / "scoring.json").touch()
    pooled, calibrated = write_hub_folder(folder, tmp_path / "hub", ["a", "b"])
    assert "pools this encoder with a linear model" in pooled
    assert "calibrates confidence" in calibrated


def test_an_encoder_that_transformers_cannot_classify_with_is_refused(tmp_path: Path) -> None:
    folder = encoder(tmp_path / "model", architectures=["MeanPooled"])
    with pytest.raises(UsageError, match="its encoder is MeanPooled"):
        write_hub_folder(folder, tmp_path / "hub", ["a", "b"])
    assert not (tmp_path / "hub").exists()


@dataclass
class Recorded:
    """An MLflow server's model registry as its REST reference describes it, in memory."""

    url: str = ""
    models: set[str] = field(default_factory=set)
    versions: list[dict[str, Any]] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)

    def answer(  # noqa: PLR0911 - an answer for each call
        self, path: str, given: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        match path.removeprefix("/api/2.0/mlflow/"):
            case "registered-models/create" if given["name"] in self.models:
                return 400, {"error_code": "RESOURCE_ALREADY_EXISTS", "message": "exists"}
            case "registered-models/create":
                self.models.add(given["name"])
                return 200, {"registered_model": {"name": given["name"]}}
            case "model-versions/search":
                return 200, self._page(given)
            case "model-versions/create" if given["source"].startswith("file:"):
                sentence = "To use a local path as a model version source, give a run_id."
                return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": sentence}
            case "model-versions/create":
                number = str(len(self.versions) + 1)
                self.versions.append({**given, "version": number})
                return 200, {"model_version": self.versions[-1]}
            case "registered-models/alias":
                self.aliases[given["alias"]] = given["version"]
                return 200, {}
            case _:
                return 404, {"error_code": "ENDPOINT_NOT_FOUND", "message": path}

    def _page(self, given: dict[str, Any]) -> dict[str, Any]:
        """One version a page, so that following pages is part of every test."""
        start = int(given.get("page_token", ["0"])[0])
        more = {"next_page_token": str(start + 1)} if start + 1 < len(self.versions) else {}
        return {"model_versions": self.versions[start : start + 1], **more}


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    state = Recorded()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._say(*state.answer(parts.path, parse_qs(parts.query)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self._say(*state.answer(self.path, json.loads(body)))

        def _say(self, status: int, document: dict[str, Any]) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield state
        server.shutdown()
        thread.join()


def on_s3(each: ModelVersion) -> ModelVersion:
    uri = f"s3://models/{each.spec.version}"
    artifact = each.spec.artifact.model_copy(update={"uri": uri})
    return each.model_copy(update={"spec": each.spec.model_copy(update={"artifact": artifact})})


@pytest.mark.requirement("FUT-11")
def test_a_version_is_written_once_and_production_has_the_alias(recorded: Recorded) -> None:
    with MlflowRegistry(recorded.url) as there:
        for each in (*VERSIONS, *VERSIONS):
            there.write(on_s3(each))
    assert recorded.models == {"arxiv"}
    assert [each["source"] for each in recorded.versions] == [
        *("s3://models/v1.0.0", "s3://models/v1.1.0", "s3://models/v1.2.0")
    ]
    assert recorded.aliases == {"production": "3"}
    tags = {tag["key"]: tag["value"] for tag in recorded.versions[0]["tags"]}
    assert tags["pharos.sha256"] == VERSIONS[0].spec.artifact.sha256


def test_the_servers_own_sentence_is_told(recorded: Recorded) -> None:
    with MlflowRegistry(recorded.url) as there, pytest.raises(UsageError, match="give a run_id"):
        there.write(VERSIONS[0])


def test_a_server_that_is_away_is_told() -> None:
    away = MlflowRegistry("http://127.0.0.1:9")
    with away as there, pytest.raises(UsageError, match="does not answer"):
        there.write(VERSIONS[0])
