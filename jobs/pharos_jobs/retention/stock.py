"""What lies in the artifact store, as far as the retention of one Model may touch it.

Reads names, sizes, times, owners, the ``metadata.json`` of versions, and which version a report
is about. Must not decide.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pharos_api.artifacts import ARCHIVED, MANIFEST, METADATA
from pharos_api.retaining import RetentionInput
from pharos_api.signing import SIGNATURE
from pharos_jobs import storage
from pharos_jobs.core.retention import Kind, Stored, with_rests
from pharos_jobs.datasets import ERASED
from pharos_jobs.drift.reports import REPORT_JSON
from pharos_jobs.retention import owners
from pharos_jobs.retention.owners import Owned
from pharos_jobs.storage import Found

# What of an archived version stays where it was, so that it is still listed.
LISTED = (METADATA, MANIFEST, SIGNATURE, ARCHIVED)
_CHECKPOINTS = "checkpoints"
_INCOMING = ".incoming-"


@dataclass(frozen=True, slots=True)
class _Folder:
    """The files of one thing; their paths are below the artifact root."""

    path: str
    files: tuple[Found, ...]

    @property
    def changed_at(self) -> datetime:
        return max(file.changed_at for file in self.files)

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


def take_stock(told: RetentionInput) -> list[Stored]:
    """Everything that lies there."""
    root = told.artifact_root
    runs = owners.all_owned(root, owners.RUNS)
    return [
        *_raw(root, runs),
        *_runs(root, runs),
        *_datasets(told),
        *_tokens(root),
        *_versions(told),
        *_reports(told),
    ]


def _folders(root: str, top: str) -> dict[str, _Folder]:
    """The folders directly below ``top``, by name."""
    found: dict[str, list[Found]] = defaultdict(list)
    for file in storage.walk(f"{root}/{top}"):
        name, slash, _ = file.path.partition("/")
        if slash:
            found[name].append(file)
    return {name: _Folder(f"{top}/{name}", tuple(files)) for name, files in found.items()}


def _raw(root: str, runs: Mapping[str, Owned]) -> Iterator[Stored]:
    for uid, folder in _folders(root, "raw").items():
        owned = runs.get(uid) or Owned(frozenset(), folder.changed_at)
        yield Stored(
            Kind.RAW, folder.path, uid, owned.since, folder.changed_at,
            folder.size_bytes, owned.owners,
        )  # fmt: skip


def _runs(root: str, runs: Mapping[str, Owned]) -> Iterator[Stored]:
    for uid, folder in _folders(root, "runs").items():
        whose = runs[uid].owners if uid in runs else frozenset[str]()
        inside = f"{uid}/{_CHECKPOINTS}/"
        saved = tuple(f for f in folder.files if f.path.startswith(inside))
        rest = tuple(f for f in folder.files if not f.path.startswith(inside))
        if saved:
            part = _Folder(f"{folder.path}/{_CHECKPOINTS}", saved)
            yield _whole(Kind.CHECKPOINTS, part, uid, whose, part.changed_at)
        if rest:
            yield _whole(Kind.RUN, _Folder(folder.path, rest), uid, whose, folder.changed_at)


def _datasets(told: RetentionInput) -> Iterator[Stored]:
    root = told.artifact_root
    claims = owners.all_owned(root, owners.DATASETS)
    users = users_of_datasets(root, except_for=told.models_path)
    rests = rests_of_datasets(root)
    for sha256, folder in _folders(root, "datasets").items():
        mine = claims.get(sha256, Owned(frozenset(), folder.changed_at))
        yield Stored(
            Kind.DATASET, folder.path, sha256, mine.since, folder.changed_at,
            folder.size_bytes, mine.owners, users.get(sha256, frozenset()),
            replaced_by=rests.get(sha256, ""),
        )  # fmt: skip


def _tokens(root: str) -> Iterator[Stored]:
    """Each file is a thing of its own. They can be made again, so they are nobody's."""
    for file in storage.walk(f"{root}/tokens"):
        yield Stored(
            Kind.TOKENS, f"tokens/{file.path}", file.path, file.changed_at, file.changed_at,
            file.size_bytes,
        )  # fmt: skip


def _versions(told: RetentionInput) -> Iterator[Stored]:
    mine = frozenset({told.owner})
    for name, folder in _folders(told.artifact_root, told.models_path).items():
        if name.startswith(_INCOMING):
            uid = name.removeprefix(_INCOMING).partition("-")[2]
            yield _whole(Kind.DRAFT, folder, uid, mine, folder.changed_at)
        elif not name.startswith("."):
            yield _version(told, name, folder, mine)


def _version(told: RetentionInput, name: str, folder: _Folder, mine: frozenset[str]) -> Stored:
    about = _document(f"{told.artifact_root}/{folder.path}/{METADATA}")
    archived = any(f.path == f"{name}/{ARCHIVED}" for f in folder.files)
    listed = {f"{name}/{file}" for file in LISTED}
    # What stays listed is not freed by moving the rest.
    movable = [f.size_bytes for f in folder.files if f.path not in listed]
    # Moving a version is no use of it: a move that was cut off goes on at once.
    changed = max(
        (f.changed_at for f in folder.files if f.path != f"{name}/{ARCHIVED}"),
        default=folder.changed_at,
    )
    return Stored(
        Kind.VERSION, folder.path, name, changed, changed, sum(movable), mine,
        run=str(about.get("run_uid", "")), archived=archived,
    )  # fmt: skip


def _reports(told: RetentionInput) -> Iterator[Stored]:
    """What the checks wrote of drift; a report that was cut off is about no version."""
    mine = frozenset({told.owner})
    for moment, folder in _folders(told.artifact_root, told.reports_path).items():
        about = _document(f"{told.artifact_root}/{folder.path}/{REPORT_JSON}")
        whole = _whole(Kind.REPORT, folder, moment, mine, folder.changed_at)
        yield replace(whole, version=str(about.get("version", "")))


def users_of_datasets(root: str, except_for: str = "") -> dict[str, frozenset[str]]:
    """Versions that lie in the store and not in an archive, by the data set they learnt from."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in version_paths(root):
        if except_for and path.startswith(f"{except_for}/"):
            continue
        if storage.exists(f"{root}/{path}/{ARCHIVED}"):
            continue
        digest = dataset_of(_document(f"{root}/{path}/{METADATA}"))
        found[digest].add(path)
    rests = rests_of_datasets(root)
    everywhere: dict[str, set[str]] = defaultdict(set)
    for digest, paths in found.items():
        for each in with_rests({digest} - {""}, rests):
            everywhere[each] |= paths
    return {digest: frozenset(paths) for digest, paths in everywhere.items()}


def rests_of_datasets(root: str) -> dict[str, str]:
    """Of each data set that lost samples to an erasure, what is left of it."""
    folder = f"{root}/datasets"
    uris = {name: f"{folder}/{name}/{ERASED}" for name in storage.names(folder)}
    return {
        name: str(_document(uri)["replacedBy"]) for name, uri in uris.items() if storage.exists(uri)
    }


def version_paths(root: str) -> Iterable[str]:
    """``models/<namespace>/<model>/<version>`` of every version that is listed."""
    for file in storage.walk(f"{root}/models"):
        parts = file.path.split("/")
        if len(parts) == 4 and parts[3] == METADATA and not parts[2].startswith("."):
            yield "models/" + "/".join(parts[:3])


def dataset_of(metadata: Mapping[str, Any]) -> str:
    """The digest of the data set that a version was trained on, by its ``metadata.json``."""
    dataset = metadata.get("dataset")
    return str(dataset.get("sha256", "")) if isinstance(dataset, Mapping) else ""


def _whole(kind: Kind, folder: _Folder, key: str, whose: frozenset[str], since: datetime) -> Stored:
    return Stored(kind, folder.path, key, since, folder.changed_at, folder.size_bytes, whose)


def _document(uri: str) -> Mapping[str, Any]:
    found = storage.read_json(uri) if storage.exists(uri) else {}
    return found if isinstance(found, Mapping) else {}
