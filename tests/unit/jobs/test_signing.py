"""Signing a registered model: once for a key, anew for another one, never with a strange key."""

from pathlib import Path

import pytest
from builders_serving import build_tiny_model
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from signing_keys import key_pair

from pharos_api.artifacts import MANIFEST, Manifest
from pharos_api.signing import SIGNATURE, parse_bundle
from pharos_jobs.errors import Terminal
from pharos_jobs.signing import sign_model, signed_digests
from pharos_serving.signature_check import SignatureInvalid, check


@pytest.fixture
def model(tmp_path: Path) -> tuple[Path, Manifest]:
    folder = tmp_path / "v1.0.0"
    build_tiny_model(folder)
    return folder, Manifest.model_validate_json((folder / MANIFEST).read_bytes())


@pytest.mark.parametrize(
    "curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name
)
def test_a_signature_covers_every_file_and_the_manifest(
    tmp_path: Path, model: tuple[Path, Manifest], curve: ec.EllipticCurve
) -> None:
    folder, manifest = model
    private, public = key_pair(tmp_path / "keys", curve)
    assert sign_model(folder.as_uri(), manifest, private) == SIGNATURE
    signed = parse_bundle((folder / SIGNATURE).read_bytes())
    on_disk = {p.name for p in folder.iterdir()} - {SIGNATURE}
    assert set(signed.digests()) == on_disk
    check(signed, signed_digests(manifest), public.read_text())


def test_the_same_key_signs_once_and_another_key_signs_anew(
    tmp_path: Path, model: tuple[Path, Manifest]
) -> None:
    folder, manifest = model
    private, public = key_pair(tmp_path / "old")
    sign_model(folder.as_uri(), manifest, private)
    first = (folder / SIGNATURE).read_bytes()
    sign_model(folder.as_uri(), manifest, private)
    assert (folder / SIGNATURE).read_bytes() == first
    newer, newer_public = key_pair(tmp_path / "new")
    sign_model(folder.as_uri(), manifest, newer)
    second = parse_bundle((folder / SIGNATURE).read_bytes())
    check(second, signed_digests(manifest), public.read_text() + newer_public.read_text())
    with pytest.raises(SignatureInvalid, match="the keys that are trusted here"):
        check(second, signed_digests(manifest), public.read_text())


def test_a_signature_file_that_was_damaged_is_written_anew(
    tmp_path: Path, model: tuple[Path, Manifest]
) -> None:
    folder, manifest = model
    private, public = key_pair(tmp_path / "keys")
    (folder / SIGNATURE).write_text("damaged")
    sign_model(folder.as_uri(), manifest, private)
    signed = parse_bundle((folder / SIGNATURE).read_bytes())
    check(signed, signed_digests(manifest), public.read_text())


def test_a_key_that_cannot_sign_is_refused_and_nothing_of_it_is_told(
    tmp_path: Path, model: tuple[Path, Manifest]
) -> None:
    folder, manifest = model
    other = tmp_path / "ed25519.pem"
    other.write_bytes(
        ed25519.Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    secret = tmp_path / "text.pem"
    secret.write_text("hunter2")
    for file in (other, secret, tmp_path / "missing.pem"):
        with pytest.raises(Terminal, match="Put an unencrypted PEM key") as refused:
            sign_model(folder.as_uri(), manifest, file)
        assert "hunter2" not in str(refused.value)
    assert not (folder / SIGNATURE).exists()


INVALID = {
    "one byte of the statement was changed": (
        lambda signed, digests: (
            type(signed)(signed.payload + b" ", signed.signature, signed.key_hint),
            digests,
        ),
        "what was signed was changed afterwards",
    ),
    "a file has another content": (
        lambda signed, digests: (signed, digests | {"metadata.json": "0" * 64}),
        "that of other files: metadata.json",
    ),
    "a file was added": (
        lambda signed, digests: (signed, digests | {"added.json": "0" * 64}),
        "that of other files: added.json",
    ),
    "a key of no name": (
        lambda signed, digests: (type(signed)(signed.payload, signed.signature, ""), digests),
        "by the key of no name",
    ),
}


@pytest.mark.parametrize(("spoil", "sentence"), INVALID.values(), ids=INVALID)
def test_a_signature_that_says_something_else_is_refused(  # type: ignore[no-untyped-def]
    tmp_path: Path, model: tuple[Path, Manifest], spoil, sentence: str
) -> None:
    folder, manifest = model
    private, public = key_pair(tmp_path / "keys")
    sign_model(folder.as_uri(), manifest, private)
    signed = parse_bundle((folder / SIGNATURE).read_bytes())
    with pytest.raises(SignatureInvalid, match=sentence):
        check(*spoil(signed, signed_digests(manifest)), public.read_text())


def test_the_library_of_the_format_reads_our_signature_and_we_read_its_own(
    tmp_path: Path, model: tuple[Path, Manifest]
) -> None:
    pytest.importorskip("OpenSSL", reason="model-signing needs pyOpenSSL, which is not installed")
    from model_signing import hashing, signing, verifying  # noqa: PLC0415

    folder, manifest = model
    private, public = key_pair(tmp_path / "keys")
    sign_model(folder.as_uri(), manifest, private)
    verifying.Config().use_elliptic_key_verifier(public_key=public).verify(
        folder, folder / SIGNATURE
    )
    theirs = tmp_path / "theirs.sig"
    (folder / SIGNATURE).unlink()
    signing.Config().set_hashing_config(hashing.Config()).use_elliptic_key_signer(
        private_key=private
    ).sign(folder, theirs)
    check(parse_bundle(theirs.read_bytes()), signed_digests(manifest), public.read_text())
