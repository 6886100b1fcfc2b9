"""The ``model-signing`` format, version 1.0: what is signed, and how it lies in ``model.sig``.

A Sigstore bundle holds a DSSE envelope with an in-toto statement that lists every file of a model
with its SHA-256. Signatures by an elliptic key, so that nothing outside has to be asked. Reads and
writes text alone: who signs and who verifies bring the key.

Formats: github.com/sigstore/model-transparency, secure-systems-lab/dsse (protocol 1.0),
in-toto/attestation (statement 1.0).
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SIGNATURE = "model.sig"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
_STATEMENT = "https://in-toto.io/Statement/v1"
_PREDICATE = "https://model_signing/signature/v1.0"
_BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_IGNORED = (SIGNATURE, ".git", ".gitattributes", ".github", ".gitignore")


class SignatureUnreadable(ValueError):
    """A signature file that does not hold what the format asks for."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature as it was read; nothing of it is verified.

    ``key_hint`` is the SHA-256 of the public key's PEM, in hex; empty where none was given.
    """

    payload: bytes
    signature: bytes
    key_hint: str

    def digests(self) -> dict[str, str]:
        """SHA-256 of each signed file by its path. Raises SignatureUnreadable."""
        try:
            statement = json.loads(self.payload)
            return _listed(statement)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise SignatureUnreadable("the signed statement cannot be read") from error


def statement(name: str, digests: Mapping[str, str]) -> bytes:
    """What is signed: the files by path with their SHA-256 in hex, and one digest over all."""
    resources = [
        {"name": path, "algorithm": "sha256", "digest": digest}
        for path, digest in sorted(digests.items())
    ]
    serialization = {
        "method": "files",
        "hash_type": "sha256",
        "allow_symlinks": False,
        "ignore_paths": list(_IGNORED),
    }
    document = {
        "_type": _STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": _root(digests)}}],
        "predicateType": _PREDICATE,
        "predicate": {"serialization": serialization, "resources": resources},
    }
    return json.dumps(document, ensure_ascii=False).encode()


def to_be_signed(payload: bytes) -> bytes:
    """The bytes that a key signs: DSSE's pre-authentication encoding."""
    head = f"DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} {len(payload)} "
    return head.encode() + payload


def bundle(signed: Signed) -> bytes:
    """The content of ``model.sig``."""
    document = {
        "mediaType": _BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": signed.key_hint}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(signed.payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(signed.signature).decode(), "keyid": ""}],
        },
    }
    return (json.dumps(document) + "\n").encode()


def parse_bundle(content: bytes) -> Signed:
    """Read ``model.sig``. Raises SignatureUnreadable."""
    try:
        document: dict[str, Any] = json.loads(content)
        envelope = document["dsseEnvelope"]
        if envelope["payloadType"] != PAYLOAD_TYPE:
            raise SignatureUnreadable(f"a payload of the type {envelope['payloadType']!r}")
        key = document["verificationMaterial"].get("publicKey") or {}
        return Signed(
            payload=base64.b64decode(envelope["payload"], validate=True),
            signature=base64.b64decode(envelope["signatures"][0]["sig"], validate=True),
            key_hint=str(key.get("hint") or ""),
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        if isinstance(error, SignatureUnreadable):
            raise
        raise SignatureUnreadable("no signature in the model-signing format") from error


def _listed(document: dict[str, Any]) -> dict[str, str]:
    if document["_type"] != _STATEMENT or document["predicateType"] != _PREDICATE:
        raise SignatureUnreadable("a statement about something else than a model's files")
    predicate = document["predicate"]
    if predicate["serialization"]["method"] != "files":
        raise SignatureUnreadable("it signs parts of files; sign whole files")
    digests: dict[str, str] = {}
    for resource in predicate["resources"]:
        if resource["algorithm"] != "sha256" or resource["name"] in digests:
            raise SignatureUnreadable("a file that is listed twice, or not by its SHA-256")
        digests[str(resource["name"])] = str(resource["digest"])
    (subject,) = document["subject"]
    if subject["digest"]["sha256"] != _root(digests):
        raise SignatureUnreadable("its files do not add up to the digest that it names")
    return digests


def _root(digests: Mapping[str, str]) -> str:
    """One digest over the files' digests, in the order of their paths."""
    whole = hashlib.sha256()
    for _, digest in sorted(digests.items()):
        whole.update(bytes.fromhex(digest))
    return whole.hexdigest()
