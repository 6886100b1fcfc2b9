"""How a user is written down: as a keyed hash, never as the id itself.

Pure. Serving writes with it and the erase command finds with it, so there is one implementation.
"""

import hashlib
import hmac
from uuid import UUID


def user_uuid(key: str, user: str) -> UUID | None:
    """The first 16 bytes of HMAC-SHA256(key, user) as a UUID; None for no user or no key.

    Without a key a hash could be undone by trying all user ids, so then nothing is kept.
    """
    if not key or not user:
        return None
    return UUID(bytes=_keyed(key, "user", user)[:16])


def text_hash(key: str, text: str) -> str:
    """HMAC-SHA256 of a text in hex, to find equal texts without keeping them."""
    return _keyed(key, "text", text).hex()


def mark(value: str | UUID) -> str:
    """SHA-256 in hex of a request's id or of a user's keyed hash, to find it without keeping it."""
    return hashlib.sha256(f"mark\0{value}".encode("utf-8", "surrogatepass")).hexdigest()


def _keyed(key: str, kind: str, value: str) -> bytes:
    message = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
    return hmac.digest(key.encode(), message, hashlib.sha256)
