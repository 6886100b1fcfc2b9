"""Things in a store and what a retention Job is told of them, for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pharos_api.model import Retention
from pharos_api.modelversion import Stage
from pharos_api.retaining import RetainedVersion, RetentionInput
from pharos_jobs.core.retention import Kind, Stored

NOW = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
OWNER = "default.arxiv"
ARCHIVE = "file:///cold"


def days(count: float) -> datetime:
    """The moment so many days ago."""
    return NOW - timedelta(days=count)


def thing(kind: Kind, key: str, age: float = 1000, **more: Any) -> Stored:
    """A thing of the Model ``default/arxiv`` that was collected and last written ``age`` days ago.

    ``quiet`` says when it was last written instead.
    """
    folder = {
        Kind.RAW: f"raw/{key}",
        Kind.DATASET: f"datasets/{key}",
        Kind.RUN: f"runs/{key}",
        Kind.CHECKPOINTS: f"runs/{key}/checkpoints",
        Kind.TOKENS: f"tokens/{key}",
        Kind.DRAFT: f"models/default/arxiv/.incoming-v1.0.0-{key}",
        Kind.VERSION: f"models/default/arxiv/{key}",
        Kind.REPORT: f"reports/default/arxiv/{key}",
    }[kind]
    changed = days(more.pop("quiet", age))
    given: dict[str, Any] = {"owners": frozenset({OWNER}), "size_bytes": 100} | more
    return Stored(kind, folder, key, days(age), changed, **given)


def version(number: str, stage: Stage = Stage.ARCHIVED, **more: Any) -> RetainedVersion:
    """A version of the Model."""
    name = f"arxiv-{number.replace('.', '-')}"
    given: dict[str, Any] = {"uid": f"uid-{number}", "sha256": "0" * 64} | more
    uri = f"file:///artifacts/models/default/arxiv/{number}"
    return RetainedVersion(name=name, version=number, uri=uri, stage=stage, **given)


def told(*versions: RetainedVersion, **more: Any) -> RetentionInput:
    """The input of the Model ``default/arxiv``; ``policy`` are fields of Retention."""
    policy = Retention.model_validate(more.pop("policy", {}))
    return RetentionInput(
        namespace="default",
        model="arxiv",
        uid="uid-model",
        artifact_root=more.pop("root", "file:///artifacts"),
        policy=policy,
        versions=list(versions),
        **more,
    )
