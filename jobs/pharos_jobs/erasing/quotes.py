"""Where else the text of a sample stands: reference answers quote texts of the test split.

Those of a run are written anew without them. Those of a registered version cannot be: its manifest,
and so its digest and signature, would no longer hold; such versions are named instead.
"""

import json

from pharos_api.artifacts import REFERENCE_ANSWERS
from pharos_jobs import storage


def clean_runs(root: str, texts: frozenset[str]) -> int:
    """Take the texts out of what runs left; how many lines went."""
    gone = 0
    for file in storage.walk(f"{root}/runs"):
        if file.path.endswith(REFERENCE_ANSWERS):
            gone += _clean(f"{root}/runs/{file.path}", texts)
    return gone


def quoting_versions(root: str, texts: frozenset[str]) -> list[str]:
    """Versions whose reference answers hold one of the texts, by path in the store."""
    quoting = []
    for file in storage.walk(f"{root}/models"):
        if file.path.endswith(f"/{REFERENCE_ANSWERS}"):
            _, lost = _split(f"{root}/models/{file.path}", texts)
            quoting += [f"models/{file.path.rpartition('/')[0]}"] if lost else []
    return quoting


def _clean(uri: str, texts: frozenset[str]) -> int:
    kept, lost = _split(uri, texts)
    if lost:
        storage.write_bytes(uri, "".join(line + "\n" for line in kept).encode())
    return lost


def _split(uri: str, texts: frozenset[str]) -> tuple[list[str], int]:
    lines = storage.read_bytes(uri).decode().splitlines()
    kept = [line for line in lines if json.loads(line).get("text") not in texts]
    return kept, len(lines) - len(kept)
