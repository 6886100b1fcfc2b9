"""Reads a registered model's manifest and holds files to it. Changes nothing."""

import hashlib

from pydantic import ValidationError

from pharos_api.artifacts import MANIFEST, Manifest
from pharos_api.jobio import FailureReason
from pharos_jobs import storage
from pharos_jobs.errors import Terminal


def read_manifest(uri: str, sha256: str = "") -> Manifest:
    """The manifest of a folder, held to its digest where one is given. Raises Terminal."""
    try:
        content = storage.read_bytes(f"{uri}/{MANIFEST}")
        manifest = Manifest.model_validate_json(content)
    except FileNotFoundError as error:
        raise damaged(uri, f"there is no {MANIFEST}") from error
    except ValidationError as error:
        raise damaged(uri, f"its {MANIFEST} cannot be read") from error
    actual = hashlib.sha256(content).hexdigest()
    if sha256 and actual != sha256:
        raise damaged(uri, f"its digest is {actual[:12]} and should be {sha256[:12]}")
    return manifest


def check_files(uri: str, manifest: Manifest) -> None:
    """Raise Terminal for the first file that is not what the manifest says."""
    for entry in manifest.files:
        try:
            actual = storage.sha256_of(f"{uri}/{entry.path}")
        except FileNotFoundError as error:
            raise damaged(uri, f"{entry.path} is missing") from error
        if actual != entry.sha256:
            raise damaged(uri, f"{entry.path} was changed after it was registered")


def damaged(uri: str, what: str) -> Terminal:
    """The one sentence about a folder that is no whole version."""
    return Terminal(
        FailureReason.DIGEST_MISMATCH,
        f"{uri} is no whole model: {what}. Bring it back with `pharos registry restore`, or take "
        "another version.",
    )
