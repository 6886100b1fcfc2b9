"""Registered models as files: counted up, compared, sent, archived and brought back, signed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from registered_models import Registered, register_linear
from signing_keys import key_pair

from pharos_api.artifacts import CARD, MANIFEST, PRODUCTION
from pharos_api.inventory import Compared, Inventory
from pharos_api.jobio import RegistryInput, RegistryVersion
from pharos_api.model import Quarantined
from pharos_api.modelversion import Lineage
from pharos_api.names import ENV_SIGNING_KEY_FILE
from pharos_api.signing import SIGNATURE
from pharos_jobs.registry import project

# Each command is a process of its own, which takes its time on a crowded machine.
pytestmark = pytest.mark.timeout(600)


def ran(*words: str, code: int = 0, stdin: bytes = b"") -> tuple[bytes, str]:
    """A command as a process of its own."""
    command = [sys.executable, "-m", "pharos_jobs", *words]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    assert done.returncode == code, done.stderr.decode()
    return done.stdout, done.stderr.decode()


GIVEN_UP = "topics-v1-1-0 gave it up: 14 % of errors"
BAD = Quarantined(version="v1.1.0", sha256="b" * 64, reason="14 % of errors")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Registered]]:
    """A root with two signed versions, and its registry as the operator wrote it."""
    root, scratch = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("scratch")
    private, _ = key_pair(scratch / "keys")
    os.environ[ENV_SIGNING_KEY_FILE] = str(private)
    try:
        versions = [
            register_linear(root, scratch, "v1.0.0", 30),
            register_linear(root, scratch, "v1.1.0", 60),
        ]
    finally:
        del os.environ[ENV_SIGNING_KEY_FILE]
    project(
        RegistryInput(
            model="topics",
            namespace="default",
            artifact_root=root.as_uri(),
            versions=[
                RegistryVersion(
                    version=each.version,
                    uri=each.outputs["modelUri"],
                    sha256=each.outputs["modelSha256"],
                    stage=stage,
                    created_at="2026-11-23T12:00:00Z",
                    given_up="" if stage == "Production" else GIVEN_UP,
                )
                for each, stage in zip(versions, ("Production", "Quarantined"), strict=True)
            ],
            quarantined=[BAD],
            production="v1.0.0",
            latest="v1.1.0",
            spec={"labels": ["cs.AI", "cs.DB", "cs.RO"]},
        )
    )
    return root, versions


@pytest.fixture
def copied(made: tuple[Path, list[Registered]], tmp_path: Path) -> Path:
    """The folder of v1.0.0, for a test to damage."""
    return Path(shutil.copytree(made[1][0].folder, tmp_path / "v1.0.0"))


@pytest.mark.requirement("SEC-16")
def test_a_registered_version_has_its_card_in_the_manifest_and_its_signature_beside_it(
    made: tuple[Path, list[Registered]],
) -> None:
    first = made[1][0]
    manifest = json.loads((first.folder / MANIFEST).read_text())
    listed = {each["path"] for each in manifest["files"]}
    assert CARD in listed
    assert SIGNATURE not in listed
    assert "# Model Card: topics v1.0.0" in (first.folder / CARD).read_text()
    assert first.outputs["signature"] == SIGNATURE


def test_the_inventory_tells_what_is_needed_to_make_the_same_objects_again(
    made: tuple[Path, list[Registered]],
) -> None:
    root, versions = made
    said, _ = ran("inventory", root.as_uri())
    (model,) = Inventory.model_validate_json(said).models
    assert (model.namespace, model.model, model.production) == ("default", "topics", "v1.0.0")
    assert model.spec == {"labels": ["cs.AI", "cs.DB", "cs.RO"]}
    assert (model.quarantined, model.flaws) == (["v1.1.0"], [])
    assert (model.refused, model.given_up) == ([BAD], {"v1.1.0": GIVEN_UP})
    for found, given in zip(model.versions, versions, strict=True):
        outputs = given.outputs
        assert found.artifact.uri == outputs["modelUri"]
        assert found.artifact.sha256 == outputs["modelSha256"]
        assert found.artifact.size_bytes == int(outputs["sizeBytes"])
        assert found.artifact.signature == SIGNATURE
        assert found.labels == json.loads(outputs["labels"])
        assert found.lineage == Lineage(
            training_run=f"run-{given.version.replace('.', '-')}",
            dataset_sha256=outputs["datasetSha256"],
            architecture="linear",
        )


def test_a_damaged_version_is_told_and_the_others_are_counted_up(
    made: tuple[Path, list[Registered]], tmp_path: Path
) -> None:
    root = Path(shutil.copytree(made[0], tmp_path / "root", symlinks=True))
    (root / "models/default/topics/v1.1.0/linear.safetensors").write_bytes(b"damaged")
    said, _ = ran("inventory", root.as_uri())
    (model,) = Inventory.model_validate_json(said).models
    assert [each.version for each in model.versions] == ["v1.0.0"]
    assert "linear.safetensors was changed after it was registered" in model.flaws[0]
    assert (root / "models/default/topics" / PRODUCTION).is_symlink()


@pytest.mark.requirement("VER-7")
def test_two_versions_are_compared_on_texts_that_neither_has_learnt_from(
    made: tuple[Path, list[Registered]],
) -> None:
    root, (first, second) = made
    uris = (first.outputs["modelUri"], second.outputs["modelUri"])
    said, _ = ran("compare", *uris, "--root", root.as_uri())
    found = Compared.model_validate_json(said.splitlines()[-1])
    assert found.texts + found.left_out == 18  # a tenth of 180 papers
    assert found.left_out > 0
    assert found.difference == pytest.approx(found.second_accuracy - found.first_accuracy)
    assert found.low <= found.difference <= found.high


@pytest.mark.requirement("VER-7")
def test_two_versions_are_compared_on_the_texts_of_a_file(
    made: tuple[Path, list[Registered]],
) -> None:
    root, (first, second) = made
    rows = [{"text": "robots grasp objects with sensors", "label": "cs.RO"}] * 4
    rows += [{"text": "queries join tables and indexes", "label": "cs.DB"}] * 4
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    uris = (first.outputs["modelUri"], second.outputs["modelUri"])
    said, _ = ran("compare", *uris, "--root", root.as_uri(), "--data", "-", stdin=lines)
    found = Compared.model_validate_json(said.splitlines()[-1])
    assert (found.texts, found.first_accuracy, found.second_accuracy) == (8, 1.0, 1.0)
    assert (found.p_value, found.source) == (1.0, "the file that was given")


def test_a_file_without_labels_cannot_compare(made: tuple[Path, list[Registered]]) -> None:
    uris = [each.outputs["modelUri"] for each in made[1]]
    _, said = ran("compare", *uris, "--data", "-", stdin=b'{"text": "a text"}\n', code=65)
    assert "Row 1 of" in said
    assert "has no label" in said


@pytest.mark.requirement("VER-5")
def test_a_damaged_model_is_not_sent(copied: Path) -> None:
    (copied / "metadata.json").write_text("{}")
    sent, said = ran("send", copied.as_uri(), code=65)
    assert sent == b""
    assert "metadata.json was changed after it was registered" in said


def test_an_archived_version_comes_back_with_its_manifest_last(
    made: tuple[Path, list[Registered]], copied: Path, tmp_path: Path
) -> None:
    sha256, target = made[1][0].outputs["modelSha256"], tmp_path / "back"
    ran("restore", copied.as_uri(), target.as_uri(), "--sha256", sha256)
    assert {p.name for p in target.iterdir()} == {p.name for p in copied.iterdir()}
    again, _ = ran("restore", copied.as_uri(), target.as_uri(), "--sha256", sha256)
    assert again.split() == [b"0"]


def test_an_archive_that_was_changed_brings_nothing_back(
    made: tuple[Path, list[Registered]], copied: Path, tmp_path: Path
) -> None:
    sha256, target = made[1][0].outputs["modelSha256"], tmp_path / "back"
    (copied / "config.json").write_text("{}")
    ran("restore", copied.as_uri(), target.as_uri(), "--sha256", sha256, code=65)
    assert not target.exists()


def test_a_version_is_signed_anew_with_another_key(copied: Path, tmp_path: Path) -> None:
    before = (copied / SIGNATURE).read_bytes()
    private, _ = key_pair(tmp_path / "newer")
    ran("sign", copied.as_uri(), "--key", str(private))
    assert (copied / SIGNATURE).read_bytes() != before
