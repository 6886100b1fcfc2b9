"""The candidate's artifact as the verify job needs it: its manifest and its reference answers.

Both are held to their digests. Reads the store and judges nothing else.
"""

import hashlib

from pydantic import ValidationError

from pharos_api.artifacts import MANIFEST, REFERENCE_ANSWERS, Manifest, ReferenceAnswer
from pharos_api.verification import VerifyInput, VerifyReason
from pharos_jobs import storage
from pharos_jobs.verification.errors import Unverified


def read_manifest(told: VerifyInput) -> Manifest:
    """The manifest of the digest that the ModelVersion names. Raises Unverified."""
    content = _read(f"{told.artifact_uri}/{MANIFEST}", told.sha256)
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        raise Unverified(
            VerifyReason.ARTIFACT_UNREADABLE, f"{MANIFEST} in {told.artifact_uri} is no manifest."
        ) from error


def read_references(told: VerifyInput, manifest: Manifest) -> list[ReferenceAnswer]:
    """The reference answers; empty where the version came without any. Raises Unverified."""
    listed = next((file for file in manifest.files if file.path == REFERENCE_ANSWERS), None)
    if listed is None:
        return []
    content = _read(f"{told.artifact_uri}/{REFERENCE_ANSWERS}", listed.sha256)
    try:
        return [ReferenceAnswer.model_validate_json(line) for line in content.splitlines()]
    except ValidationError as error:
        raise Unverified(
            VerifyReason.ARTIFACT_UNREADABLE,
            f"{REFERENCE_ANSWERS} in {told.artifact_uri} cannot be read; register the version "
            "again, or leave the file out of its manifest.",
        ) from error


def _read(uri: str, sha256: str) -> bytes:
    try:
        content = storage.read_bytes(uri)
    except FileNotFoundError as error:
        raise Unverified(VerifyReason.ARTIFACT_UNREADABLE, f"There is no file {uri}.") from error
    actual = hashlib.sha256(content).hexdigest()
    if actual != sha256:
        raise Unverified(
            VerifyReason.DIGEST_MISMATCH,
            f"{uri} has the digest {actual[:12]}, expected {sha256[:12]}: it was changed after "
            "the version was registered.",
        )
    return content
