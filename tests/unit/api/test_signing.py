"""The model-signing format as text: what is written can be read, and what is odd is refused."""

import base64
import json
from typing import Any

import pytest

from pharos_api.signing import (
    SignatureUnreadable,
    Signed,
    bundle,
    parse_bundle,
    statement,
    to_be_signed,
)

DIGESTS = {"b/model.onnx": "bb" * 32, "a.json": "aa" * 32}
SIGNED = Signed(statement("v1.0.0", DIGESTS), b"signature", "cd" * 32)


def changed(**fields: Any) -> bytes:
    """The signed statement with other fields, as a signature file."""
    document = json.loads(SIGNED.payload) | fields
    return bundle(Signed(json.dumps(document).encode(), b"signature", ""))


def resources(*found: tuple[str, str, str]) -> dict[str, Any]:
    listed = [{"name": n, "algorithm": a, "digest": d} for n, a, d in found]
    return {"serialization": {"method": "files"}, "resources": listed}


def test_what_is_written_is_read() -> None:
    assert parse_bundle(bundle(SIGNED)) == SIGNED
    assert SIGNED.digests() == DIGESTS


def test_the_bytes_that_are_signed_name_their_type_and_length() -> None:
    # The example of secure-systems-lab/dsse has another type; the lengths are counted in bytes.
    assert to_be_signed("é".encode()) == b"DSSEv1 28 application/vnd.in-toto+json 2 \xc3\xa9"


def test_the_signature_file_leaves_itself_out_of_what_it_signs() -> None:
    predicate = json.loads(SIGNED.payload)["predicate"]
    assert "model.sig" in predicate["serialization"]["ignore_paths"]


UNREADABLE = {
    "no JSON": b"\x00",
    "a list": b"[]",
    "no envelope": b"{}",
    "another kind of payload": bundle(SIGNED).replace(b"vnd.in-toto+json", b"vnd.other+json"),
    "no base64": bundle(SIGNED).replace(base64.b64encode(b"signature"), b"%%%%"),
    "no signature at all": json.dumps(
        {
            "verificationMaterial": {},
            "dsseEnvelope": {
                "payloadType": "application/vnd.in-toto+json",
                "payload": "",
                "signatures": [],
            },
        }
    ).encode(),
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_of_another_kind_is_refused(content: bytes) -> None:
    with pytest.raises(SignatureUnreadable):
        parse_bundle(content)


ODD = {
    "a statement of another type": changed(_type="other"),
    "another predicate": changed(predicateType="other"),
    "parts of files": changed(predicate={"serialization": {"method": "shards"}, "resources": []}),
    "a file twice": changed(
        predicate=resources(("a", "sha256", "aa" * 32), ("a", "sha256", "bb" * 32))
    ),
    "another digest than SHA-256": changed(predicate=resources(("a", "blake2b", "aa" * 32))),
    "files that were added afterwards": changed(
        predicate=resources(("a.json", "sha256", "aa" * 32), ("z", "sha256", "cc" * 32))
    ),
    "no subject": changed(subject=[]),
    "no hex": changed(predicate=resources(("a", "sha256", "zz"))),
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
def test_an_odd_statement_is_refused(content: bytes) -> None:
    with pytest.raises(SignatureUnreadable):
        parse_bundle(content).digests()
