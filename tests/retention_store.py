"""An artifact root with things of many ages and an archive beside it, and the Job that retains."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from retention_cases import NOW, told, version

from pharos_api.artifacts import ARCHIVED, MANIFEST, Manifest
from pharos_api.modelversion import Stage
from pharos_api.names import ENV_DATABASE_URL, ENV_RETENTION_INPUT, ENV_TERMINATION_LOG
from pharos_api.retaining import RetainedVersion, RetentionInput, RetentionResult
from pharos_api.signing import SIGNATURE
from pharos_jobs import storage
from pharos_jobs.keeping.restoring import restore
from pharos_jobs.retention import owners
from pharos_jobs.retention.archiving import archive_version

# What the Job itself writes here: notes of what moved, and who owns what is left.
_NOTES = ("owners/", ARCHIVED)


class Store:
    """Things of the Model ``arxiv`` in one namespace; ages are in days before ``now``."""

    def __init__(self, folder: Path, now: datetime = NOW, namespace: str = "default") -> None:
        self.folder, self.cold, self.now = folder / "artifacts", folder / "cold", now
        self.owner, self.models = f"{namespace}.arxiv", f"models/{namespace}/arxiv"
        self.root = self.folder.as_uri()

    def put(self, path: str, age: float, content: str = "x") -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return self.aged(file, age)

    def aged(self, file: Path, age: float) -> Path:
        moment = self._before(age).timestamp()
        os.utime(file, (moment, moment))
        return file

    def run(self, uid: str, age: float) -> None:
        owners.claim(self.root, (owners.RUNS, uid), self.owner, self._before(age))
        self.put(f"raw/{uid}/papers.jsonl.gz", age)
        self.put(f"runs/{uid}/model/training.json", age)
        self.put(f"runs/{uid}/checkpoints/checkpoint-9/model.safetensors", age)

    def dataset(self, key: str, age: float) -> None:
        owners.claim(self.root, (owners.DATASETS, key), self.owner, self._before(age))
        self.put(f"datasets/{key}/card.json", age)
        self.put(f"datasets/{key}/train.jsonl.gz", age)

    def version(self, number: str, age: float, **more: object) -> RetainedVersion:
        folder = f"{self.models}/{number}"
        about = {"dataset": {"sha256": f"of-{number}"}, "run_uid": f"run-{number}"}
        files = {"metadata.json": json.dumps(about), "model.onnx": f"weights of {number}"}
        written = [
            storage.write_bytes(f"{self.root}/{folder}/{name}", text.encode())
            for name, text in files.items()
        ]
        manifest = Manifest.model_validate(
            {
                "model": "arxiv",
                "version": number,
                "labels": ["a", "b"],
                "files": [
                    {
                        "path": one.uri.rpartition("/")[2],
                        "sha256": one.sha256,
                        "sizeBytes": one.size_bytes,
                    }
                    for one in written
                ],
            }
        )
        self.put(f"{folder}/{MANIFEST}", age, manifest.to_bytes().decode())
        self.put(f"{folder}/{SIGNATURE}", age, "signed")
        for file in (self.folder / folder).iterdir():
            self.aged(file, age)
        return version(number, sha256=manifest.digest(), dataset_sha256=f"of-{number}", **more)

    def told(self, *versions: RetainedVersion, **more: object) -> RetentionInput:
        policy = {"archiveUri": self.cold.as_uri(), "previousVersions": 0}
        return told(*versions, root=self.root, policy=policy, **more)

    def restored(self, number: str) -> int:
        """Bytes that came back from the archive."""
        place = f"{self.models}/{number}"
        sha256 = storage.sha256_of(f"{self.cold.as_uri()}/{place}/{MANIFEST}")
        return restore(f"{self.cold.as_uri()}/{place}", f"{self.root}/{place}", sha256)

    def files(self) -> set[str]:
        return {f.path for f in storage.walk(self.root)}

    def _before(self, age: float) -> datetime:
        return self.now - timedelta(days=age)


def seven_versions(store: Store) -> dict[str, RetainedVersion]:
    """A version for each thing that can hold one, and one that nothing holds, with all around.

    v1.0.0 plain, v1.1.0 the parent of production, v1.2.0 pinned, v1.3.0 in the archive already,
    v1.4.0 in an experiment, v1.5.0 the one before production, v1.6.0 production.
    """
    live = "v1.6.0"
    about: dict[str, dict[str, Any]] = {
        "v1.0.0": {},
        "v1.1.0": {},
        "v1.2.0": {"pinned": "audit of 2026"},
        "v1.3.0": {},
        "v1.4.0": {"stage": Stage.STAGING, "in_experiment": True},
        "v1.5.0": {"stage": Stage.PREVIOUS, "was_promoted": True},
        live: {"stage": Stage.PRODUCTION, "was_promoted": True, "parent": "arxiv-v1-1-0"},
    }
    made = {number: store.version(number, 500, **more) for number, more in about.items()}
    for number in made:
        store.run(f"run-{number}", 500)
        store.dataset(f"of-{number}", 900)
        store.put(f"{store.models.replace('models', 'reports', 1)}/{number}/drift.json", 400,
                  json.dumps({"version": number}))  # fmt: skip
    store.run("young", 3)
    store.put("tokens/old.arrow", 200, "tokens")
    store.put("tokens/new.arrow", 2, "tokens")
    store.put(f"{store.models}/.incoming-v1.7.0-lost/config.json", 30)
    moved, archived = f"{store.models}/v1.3.0", made["v1.3.0"]
    archive_version(store.root, moved, store.cold.as_uri(), archived.sha256)
    for file in (store.folder / moved).iterdir():
        store.aged(file, 500)
    return made


@dataclass(frozen=True)
class Retained:
    """What a dry run told, and what the acting one then told and did.

    ``shown`` has a row for each thing, ``gone`` and ``moved`` the files with their sizes that left
    the store for good, and for the archive.
    """

    shown: list[dict[str, Any]]
    dry: RetentionResult
    done: RetentionResult
    gone: dict[str, int]
    moved: dict[str, int]

    def paths(self, verdict: str) -> set[str]:
        """The things that the dry run has shown with this verdict."""
        return {row["path"] for row in self.shown if row["verdict"] == verdict}

    def bytes(self, *verdicts: str) -> int:
        """What they weigh, as it was shown."""
        return sum(row["sizeBytes"] for row in self.shown if row["verdict"] in verdicts)


def retained(store: Store, given: str, **environment: str) -> Retained:
    """Show the plan, run it dry, and carry it out, each in a process of its own.

    ``given`` is the input as the CronJob has it.
    """
    before, cold = sizes(store.folder), sizes(store.cold)
    shown = json.loads(_job(store, given, environment, "--show")[0])
    known = RetentionInput.model_validate_json(given)
    dry_run = known.model_copy(update={"dry_run": True}).model_dump_json(by_alias=True)
    _, dry = _job(store, dry_run, environment)
    assert (sizes(store.folder), sizes(store.cold)) == (before, cold), "a dry run touches nothing"
    _, done = _job(store, given, environment)
    left = sizes(store.folder)
    away = {path: size for path, size in before.items() if path not in left}
    moved = {path: size for path, size in away.items() if path in sizes(store.cold)}
    gone = {path: size for path, size in away.items() if path not in moved}
    assert {path: left[path] for path in left if path in before} == {
        path: size for path, size in before.items() if path in left
    }
    return Retained(shown, dry, done, gone, moved)


def assert_as_shown(found: Retained) -> None:
    """What left the store, by name and by size, is what both dry runs told."""
    deleted, moved = found.paths("Delete"), found.paths("Archive")
    assert {_place_of(path, deleted) for path in found.gone} == deleted
    assert {_place_of(path, moved) for path in found.moved} == moved
    assert found.dry.model_copy(update={"dry_run": False}) == found.done
    assert (found.done.deleted, found.done.archived) == (len(deleted), len(moved))
    assert found.bytes("Delete") == sum(found.gone.values())
    assert found.bytes("Archive") == sum(found.moved.values()) == found.done.archived_bytes
    assert found.bytes("Delete", "Archive") == found.done.freed_bytes


def _place_of(file: str, things: set[str]) -> str:
    """The thing that a file is of, the innermost one."""
    return max((each for each in things if f"{file}/".startswith(f"{each}/")), default=file)


def sizes(folder: Path) -> dict[str, int]:
    """The files below a folder and their sizes, without the Job's own notes."""
    found = {f.path: f.size_bytes for f in storage.walk(folder.as_uri())}
    return {
        path: size
        for path, size in found.items()
        if not path.startswith(_NOTES) and not path.endswith(_NOTES)
    }


def _job(
    store: Store, given: str, environment: dict[str, str], *words: str
) -> tuple[str, RetentionResult]:
    log = store.folder.parent / "termination"
    log.unlink(missing_ok=True)
    told = {ENV_RETENTION_INPUT: given, ENV_TERMINATION_LOG: str(log), ENV_DATABASE_URL: ""}
    done = subprocess.run(
        [sys.executable, "-m", "pharos_jobs", "retain", *words],
        env=os.environ | told | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    message = log.read_text() if log.exists() else "{}"
    return done.stdout, RetentionResult.model_validate_json(message)
