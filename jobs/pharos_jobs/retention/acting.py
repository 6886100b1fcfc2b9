"""Carries a retention plan out, one thing at a time, and leaves alone what changed since.

The Job cannot ask Kubernetes, so just before it touches a thing it looks again at what the store
itself knows: when it was last written, who owns it, and for a version what the registry, which the
operator rewrites whenever a stage changes, says of it now.
"""

import logging
from dataclasses import dataclass
from typing import assert_never

from pharos_api.artifacts import ARCHIVED, PRODUCTION, REGISTRY
from pharos_api.modelversion import Stage
from pharos_api.retaining import RetentionInput
from pharos_jobs import storage
from pharos_jobs.core.retention import Kind, Planned, Stored, Verdict
from pharos_jobs.errors import StepFault
from pharos_jobs.retention import owners
from pharos_jobs.retention.archiving import archive_folder, archive_version, remove
from pharos_jobs.retention.stock import users_of_datasets

_log = logging.getLogger(__name__)
_MOVABLE = (Stage.ARCHIVED.lower(), Stage.QUARANTINED.lower())


@dataclass(slots=True)
class Done:
    """What became of the plan."""

    done: list[Planned]
    left: list[Planned]
    warnings: list[str]


def act(plan: tuple[Planned, ...], told: RetentionInput) -> Done:
    """Carry it out. A thing that cannot be moved is told of and does not stop the others."""
    outcome = Done([], [], [])
    for item in plan:
        if item.verdict is Verdict.KEEP:
            continue
        if changed_since(item.thing, told):
            outcome.left.append(item)
            continue
        try:
            _carry_out(item, told)
        except StepFault as fault:
            _log.error(fault.message, extra={"path": item.thing.path})
            outcome.left.append(item)
            outcome.warnings.append(fault.message)
            continue
        outcome.done.append(item)
        about = {"path": item.thing.path, "verdict": item.verdict, "because": item.reason}
        _log.info("Put away", extra=about)
    return outcome


def changed_since(thing: Stored, told: RetentionInput) -> bool:
    """Whether the store knows something by now that the plan did not."""
    root = told.artifact_root
    if _rewritten(root, thing):
        return True
    match thing.kind:
        case Kind.VERSION:
            return _is_needed(root, thing, told)
        case Kind.DATASET:
            users = users_of_datasets(root, except_for=told.models_path)
            owned = owners.owners_of(root, (owners.DATASETS, thing.key))
            return owned != thing.owners or users.get(thing.key, frozenset()) != thing.users
        case Kind.RAW | Kind.RUN | Kind.CHECKPOINTS | Kind.DRAFT | Kind.TOKENS | Kind.REPORT:
            return False
        case _:
            assert_never(thing.kind)


def _rewritten(root: str, thing: Stored) -> bool:
    if thing.kind is Kind.TOKENS:
        return False
    files = [f for f in storage.walk(f"{root}/{thing.path}") if f.path != ARCHIVED]
    return any(file.changed_at > thing.changed_at for file in files)


def _is_needed(root: str, thing: Stored, told: RetentionInput) -> bool:
    """Whether the registry calls a version anything but archived or quarantined."""
    folder = f"{root}/{told.models_path}"
    if not storage.exists(f"{folder}/{REGISTRY}"):
        return False
    registry = storage.read_json(f"{folder}/{REGISTRY}")
    stages = {str(v["version"]): str(v["status"]) for v in registry["versions"]}
    is_live = thing.key in (str(registry["production_version"]), _pointed(folder))
    return is_live or stages.get(thing.key, _MOVABLE[0]) not in _MOVABLE


def _pointed(folder: str) -> str:
    """The version that the ``production`` pointer names, '' where there is none."""
    uri = f"{folder}/{PRODUCTION}"
    path = storage.local_path(uri)
    if path is not None:
        return str(path.readlink()) if path.is_symlink() else ""
    return storage.read_bytes(uri).decode() if storage.exists(uri) else ""


def _carry_out(item: Planned, told: RetentionInput) -> None:
    root, thing = told.artifact_root, item.thing
    archive = (told.policy.archive_uri or "").rstrip("/")
    match item.verdict:
        case Verdict.ARCHIVE if thing.kind is Kind.VERSION:
            digests = {v.version: v.sha256 for v in told.versions}
            archive_version(root, thing.path, archive, digests[thing.key])
        case Verdict.ARCHIVE:
            archive_folder(root, thing.path, archive)
            _forget(root, thing, told.owner)
        case Verdict.DELETE:
            _delete(root, thing)
            _forget(root, thing, told.owner)
        case Verdict.RELEASE:
            owners.release(root, (owners.DATASETS, thing.key), told.owner)
        case Verdict.KEEP:
            return
        case _:
            assert_never(item.verdict)


def _delete(root: str, thing: Stored) -> None:
    uri = f"{root}/{thing.path}"
    if thing.kind is Kind.TOKENS:
        storage.remove_file(uri)
        return
    files = [file.path for file in storage.walk(uri)]
    if thing.kind is Kind.RUN:
        # Checkpoints are a thing of their own.
        files = [name for name in files if not name.startswith("checkpoints/")]
    remove(uri, files)


def _forget(root: str, thing: Stored, owner: str) -> None:
    """Drop the claim on what is gone; a run's covers two folders and goes with the last one."""
    if thing.kind is Kind.DATASET:
        owners.release(root, (owners.DATASETS, thing.key), owner)
        return
    if thing.kind not in (Kind.RAW, Kind.RUN, Kind.CHECKPOINTS):
        return
    if not any(storage.walk(f"{root}/{top}/{thing.key}") for top in ("raw", "runs")):
        owners.release(root, (owners.RUNS, thing.key), owner)
