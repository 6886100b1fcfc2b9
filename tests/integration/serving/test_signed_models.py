"""The server as a process: it serves what its installation's key signed, and nothing else."""

import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from serving_process import running_server, serving_environment, start
from signing_keys import key_pair

from pharos_api.artifacts import MANIFEST, Manifest
from pharos_api.signing import SIGNATURE
from pharos_jobs.signing import sign_model


@dataclass(frozen=True)
class Signed:
    """A copy of the tiny model, signed, and the environment of a server for it."""

    folder: Path
    sha256: str
    keys: Path
    scratch: Path

    def environment(self, **more: str) -> dict[str, str]:
        given = {"PHAROS_SIGNING_KEYS_FILE": str(self.keys), "PHAROS_SIGNING_REQUIRED": "true"}
        return serving_environment(self.folder, self.sha256, self.scratch, **(given | more))

    def last_words(self, **more: str) -> dict[str, str]:
        """What stands in the termination message of a server that refuses."""
        process = start(self.environment(**more), subprocess.PIPE)
        process.communicate(timeout=60)
        assert process.returncode == 65
        words: dict[str, str] = json.loads((self.scratch / "termination").read_text())
        return words


@pytest.fixture
def signed(tiny_model: tuple[Path, str], tmp_path: Path) -> Signed:
    folder = Path(shutil.copytree(tiny_model[0], tmp_path / "v1.0.0"))
    private, public = key_pair(tmp_path / "keys")
    manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    sign_model(folder.as_uri(), manifest, private)
    return Signed(folder, tiny_model[1], public, tmp_path)


def test_a_signed_model_is_served_also_while_a_key_is_being_exchanged(
    signed: Signed, tmp_path: Path
) -> None:
    _, newer = key_pair(tmp_path / "newer")
    both = tmp_path / "both.pem"
    both.write_text(newer.read_text() + "\n" + signed.keys.read_text())
    environment = signed.environment(PHAROS_SIGNING_KEYS_FILE=str(both))
    with running_server(environment, tmp_path / "log") as server:
        answer = httpx.post(f"{server.url}/v1/classify", json={"text": "word1"})
        assert answer.status_code == 200
        maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "cryptography" not in maps


def test_an_unsigned_model_is_refused_where_signatures_are_required(signed: Signed) -> None:
    (signed.folder / SIGNATURE).unlink()
    words = signed.last_words()
    assert words["reason"] == "SignatureMissing"
    assert "is not signed, and only signed models are served here" in words["message"]


def test_a_signature_that_the_version_tells_of_must_be_there_in_any_case(signed: Signed) -> None:
    (signed.folder / SIGNATURE).unlink()
    words = signed.last_words(PHAROS_SIGNING_REQUIRED="false", PHAROS_MODEL_SIGNATURE=SIGNATURE)
    assert words["reason"] == "SignatureMissing"


def test_a_model_that_was_signed_by_somebody_else_is_refused(
    signed: Signed, tmp_path: Path
) -> None:
    _, other = key_pair(tmp_path / "other")
    words = signed.last_words(PHAROS_SIGNING_KEYS_FILE=str(other))
    assert words["reason"] == "SignatureInvalid"
    assert "the keys that are trusted here are" in words["message"]


def test_a_model_that_was_exchanged_with_its_manifest_is_refused(signed: Signed) -> None:
    metadata = signed.folder / "metadata.json"
    metadata.write_text(metadata.read_text() + " ")
    manifest = Manifest.model_validate_json((signed.folder / MANIFEST).read_bytes())
    files = [
        each.model_copy(update=_of(metadata)) if each.path == metadata.name else each
        for each in manifest.files
    ]
    tampered = manifest.model_copy(update={"files": files})
    (signed.folder / MANIFEST).write_bytes(tampered.to_bytes())
    words = signed.last_words(PHAROS_MODEL_SHA256=tampered.digest())
    assert words["reason"] == "SignatureInvalid"
    assert "it is that of other files: manifest.json, metadata.json" in words["message"]


def test_a_model_of_an_earlier_release_is_served_where_no_signature_is_required(
    signed: Signed, tmp_path: Path
) -> None:
    (signed.folder / SIGNATURE).unlink()
    environment = signed.environment(PHAROS_SIGNING_REQUIRED="false")
    with running_server(environment, tmp_path / "log") as server:
        assert httpx.get(f"{server.url}/v2/health/ready").status_code == 200


def _of(file: Path) -> dict[str, object]:
    content = file.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
