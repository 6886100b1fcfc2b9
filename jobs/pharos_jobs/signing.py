"""Signs a registered model with the installation's key, in the ``model-signing`` format.

The key is read here and nowhere else; it goes into no log, no file and no message. Elliptic keys on
the curves P-256, P-384 and P-521, as the format knows them, in PEM.
"""

import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pharos_api.artifacts import MANIFEST, Manifest
from pharos_api.jobio import FailureReason
from pharos_api.signing import (
    SIGNATURE,
    SignatureUnreadable,
    Signed,
    bundle,
    parse_bundle,
    statement,
    to_be_signed,
)
from pharos_jobs import storage
from pharos_jobs.errors import Terminal

_HASHES: dict[int, hashes.HashAlgorithm] = {
    256: hashes.SHA256(),
    384: hashes.SHA384(),
    521: hashes.SHA512(),
}


def sign_model(folder_uri: str, manifest: Manifest, key_file: Path) -> str:
    """Write ``model.sig`` beside the manifest, unless this key's signature is there already.

    Returns the file's name. A signature by an earlier key is replaced. Raises Terminal where the
    key cannot sign.
    """
    key, uri = _read_key(key_file), f"{folder_uri}/{SIGNATURE}"
    digests = signed_digests(manifest)
    if not (storage.exists(uri) and _is_ours(storage.read_bytes(uri), digests, key)):
        name = folder_uri.rstrip("/").rpartition("/")[2]
        storage.write_bytes(uri, bundle(signed_by(key, statement(name, digests))))
    return SIGNATURE


def signed_digests(manifest: Manifest) -> dict[str, str]:
    """Every file of a version by its path: those that the manifest lists, and the manifest."""
    return {each.path: each.sha256 for each in manifest.files} | {MANIFEST: manifest.digest()}


def signed_by(key: ec.EllipticCurvePrivateKey, payload: bytes) -> Signed:
    """The payload with the key's signature."""
    signature = key.sign(to_be_signed(payload), ec.ECDSA(_HASHES[key.curve.key_size]))
    return Signed(payload, signature, key_hint(key.public_key()))


def key_hint(key: ec.EllipticCurvePublicKey) -> str:
    """By which a signature tells whose it is: SHA-256 of the public key's PEM."""
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(pem).hexdigest()


def _read_key(file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        # What such an error tells could be of the key: it is left out on purpose.
        raise _unusable("cannot be read") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.key_size not in _HASHES:
        raise _unusable("is of another kind")
    return key


def _unusable(what: str) -> Terminal:
    return Terminal(
        FailureReason.SIGNING_FAILED,
        f"The signing key {what}. Put an unencrypted PEM key on the curve P-256, P-384 or P-521 "
        "into the Secret that signing.secretName names, then retry the run.",
    )


def _is_ours(content: bytes, digests: dict[str, str], key: ec.EllipticCurvePrivateKey) -> bool:
    try:
        found = parse_bundle(content)
        signed = found.digests()
        digest = ec.ECDSA(_HASHES[key.curve.key_size])
        key.public_key().verify(found.signature, to_be_signed(found.payload), digest)
    except (SignatureUnreadable, InvalidSignature):
        return False
    return signed == digests
