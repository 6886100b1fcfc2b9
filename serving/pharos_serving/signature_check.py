"""``python -m pharos_serving.signature_check``: one question on the standard input, then the end.

The only module of serving that loads a library for keys. Exit status 0 says that the signature is
valid for exactly these files; any other comes with a sentence on the standard output.
"""

import base64
import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from pharos_api.signing import SignatureUnreadable, Signed, parse_bundle, to_be_signed

_MARK = "-----BEGIN PUBLIC KEY-----"


class SignatureInvalid(ValueError):
    """The signature does not say what it should; ``str()`` says why."""


def main() -> int:
    """Answer one question."""
    question = json.load(sys.stdin)
    try:
        signed = parse_bundle(base64.b64decode(question["signature"]))
        check(signed, question["digests"], Path(question["keysFile"]).read_text())
    except ImportError as error:
        sys.stdout.write(f"this image cannot check signatures: {error}")
        return 1
    except (SignatureInvalid, SignatureUnreadable, OSError) as error:
        sys.stdout.write(str(error))
        return 1
    return 0


def check(signed: Signed, digests: dict[str, str], keys: str) -> None:
    """Raise SignatureInvalid unless one of the PEM keys signed exactly these files.

    ``digests`` are SHA-256 in hex by path.
    """
    key = _key_of(signed, _pems(keys))
    _verify(signed, key)
    listed = signed.digests()
    if listed != digests:
        raise SignatureInvalid(f"it is that of other files: {_difference(listed, digests)}")


def _pems(keys: str) -> list[str]:
    return [_MARK + part for part in keys.split(_MARK)[1:]]


def _key_of(signed: Signed, pems: Iterable[str]) -> str:
    """The key that the signature names by its digest."""
    known = {hashlib.sha256(_normal(pem).encode()).hexdigest(): pem for pem in pems}
    if signed.key_hint not in known:
        names = ", ".join(hint[:12] for hint in known) or "none"
        raise SignatureInvalid(
            f"it is by the key {signed.key_hint[:12] or 'of no name'}, "
            f"and the keys that are trusted here are {names}"
        )
    return known[signed.key_hint]


def _normal(pem: str) -> str:
    """The PEM as the library writes it: no blank lines, one newline at the end."""
    return "\n".join(line.strip() for line in pem.strip().splitlines() if line.strip()) + "\n"


def _verify(signed: Signed, pem: str) -> None:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - may be missing
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    sizes: dict[int, hashes.HashAlgorithm] = {
        256: hashes.SHA256(),
        384: hashes.SHA384(),
        521: hashes.SHA512(),
    }
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except ValueError as error:
        raise SignatureInvalid("its public key cannot be read") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.key_size not in sizes:
        raise SignatureInvalid("its public key is on none of the curves P-256, P-384 and P-521")
    try:
        algorithm = ec.ECDSA(sizes[key.curve.key_size])
        key.verify(signed.signature, to_be_signed(signed.payload), algorithm)
    except InvalidSignature as error:
        raise SignatureInvalid("what was signed was changed afterwards") from error


def _difference(listed: dict[str, str], present: dict[str, str]) -> str:
    paths = sorted(set(listed) ^ set(present))
    changed = sorted(p for p in set(listed) & set(present) if listed[p] != present[p])
    return ", ".join([*paths, *changed][:3])


if __name__ == "__main__":
    sys.exit(main())
