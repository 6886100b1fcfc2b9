"""Holds a verified copy of a model to its signature, where the installation has keys for that.

A process of its own computes, ``signature_check``: what it loads must not stay in a server's
memory. The digests that it gets are those of the private copy, so that nobody can exchange a file
between the check and the use.
"""

import base64
import json
import logging
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pharos_api.artifacts import MANIFEST
from pharos_api.signing import SIGNATURE
from pharos_serving.errors import ArtifactUnavailable, ModelRejected, RejectionReason
from pharos_serving.loading import ModelSource, VerifiedModel, read_small

_LIMIT_BYTES = 1 << 20
_WITHIN_S = 60.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SignaturePolicy:
    """What the installation asks for.

    ``keys_file`` holds public keys in PEM, one after the other; None where there are none.
    ``signature`` is the file's name as the ModelVersion tells it, empty where it tells none.
    """

    keys_file: Path | None
    signature: str = ""
    required: bool = False


def check_signature(model: VerifiedModel, source: ModelSource, policy: SignaturePolicy) -> None:
    """Raise ModelRejected unless the model's signature is one of the installation's keys.

    A version that tells of no signature passes where none is required.
    """
    if policy.keys_file is None or not (policy.signature or policy.required):
        return
    content = _signature(source, policy.signature or SIGNATURE)
    sentence = _checked(content, model, policy.keys_file)
    if sentence:
        raise ModelRejected(
            RejectionReason.SIGNATURE_INVALID,
            f"The signature of the model in {source.uri} is not valid: {sentence}.",
        )
    _LOG.info("Signature verified", extra={"fields": {"sha256": model.sha256}})


def _signature(source: ModelSource, name: str) -> bytes:
    try:
        return read_small(source.uri, name, _LIMIT_BYTES)
    except ArtifactUnavailable:
        raise
    except ModelRejected as error:
        raise ModelRejected(
            RejectionReason.SIGNATURE_MISSING,
            f"The model in {source.uri} is not signed, and only signed models are served here: "
            f"{error.message} Register it again with a signing key, or sign it with "
            "`python -m pharos_jobs sign`.",
        ) from error


def _checked(content: bytes, model: VerifiedModel, keys_file: Path) -> str:
    """What is wrong with the signature; empty where nothing is."""
    digests = {each.path: each.sha256 for each in model.manifest.files} | {MANIFEST: model.sha256}
    question = {
        "signature": base64.b64encode(content).decode(),
        "digests": digests,
        "keysFile": str(keys_file),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pharos_serving.signature_check"],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ArtifactUnavailable(f"The signature could not be checked: {error}.") from error
    if done.returncode == 0:
        return ""
    return done.stdout.strip() or f"the check ended with {done.stderr.strip()[-500:]}"
