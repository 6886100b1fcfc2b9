"""Where else the text of a sample stands: reference answers quote texts of the test split.

Those of a run are written anew without them. Those of a registered version cannot be: its manifest,
and so its digest and signature, would no longer hold; such versions are named instead.
"""

import json
from collections.abc import Iterator, Sequence

from pharos_api.artifacts import ARCHIVED, REFERENCE_ANSWERS
from pharos_jobs import storage
from pharos_jobs.retention.stock import version_paths


def clean_runs(root: str, texts: frozenset[str]) -> int:
    """Take the texts out of what runs left; how many lines went."""
    gone = 0
    for file in storage.walk(f"{root}/runs"):
        if file.path.endswith(REFERENCE_ANSWERS):
            gone += _clean(f"{root}/runs/{file.path}", texts)
    return gone


def quoting_versions(places: Sequence[str], texts: frozenset[str]) -> list[str]:
    """Versions whose reference answers hold one of the texts: by path, or in an archive by URI.

    ``places`` are the artifact root and the archives; where else a version lies, its own note says.
    """
    root, *_ = places
    here = {f"{place}/{path}" for place in places for path in _answering(place)}
    folders = here | set(_archived(root))
    quoting = [uri for uri in folders if _split(f"{uri}/{REFERENCE_ANSWERS}", texts)[1]]
    return sorted(uri.removeprefix(f"{root}/") for uri in quoting)


def _answering(place: str) -> Iterator[str]:
    for file in storage.walk(f"{place}/models"):
        folder, _, name = file.path.rpartition("/")
        if name == REFERENCE_ANSWERS:
            yield f"models/{folder}"


def _archived(root: str) -> Iterator[str]:
    """Where versions lie that were moved, perhaps to an archive that no Model names any more."""
    for path in version_paths(root):
        if storage.exists(f"{root}/{path}/{ARCHIVED}"):
            yield str(storage.read_json(f"{root}/{path}/{ARCHIVED}")["uri"])


def _clean(uri: str, texts: frozenset[str]) -> int:
    kept, lost = _split(uri, texts)
    if lost:
        storage.write_bytes(uri, "".join(line + "\n" for line in kept).encode())
    return lost


def _split(uri: str, texts: frozenset[str]) -> tuple[list[str], int]:
    if not storage.exists(uri):
        return [], 0
    lines = storage.read_bytes(uri).decode().splitlines()
    kept = [line for line in lines if json.loads(line).get("text") not in texts]
    return kept, len(lines) - len(kept)
