"""The versions of a Model in order, the one that a person means, and a table of them."""

from collections.abc import Sequence

from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion, Stage
from pharos_api.names import parse_version
from pharos_console.cluster import Cluster
from pharos_console.errors import UsageError


def versions_of(cluster: Cluster, model: str) -> list[ModelVersion]:
    """All versions of a Model, oldest number first."""
    found = [v for v in cluster.every(ModelVersion) if v.spec.model_ref.name == model]
    return sorted(found, key=lambda v: parse_version(v.spec.version))


def chosen(versions: Sequence[ModelVersion], version: str, model: Model | None) -> ModelVersion:
    """The version of that number; without one, production. Raises UsageError."""
    production = model.status.production if model else None
    wanted = version or (production.version if production else "")
    if not wanted:
        raise UsageError("nothing is in production yet; name a version")
    for each in versions:
        if each.spec.version == wanted:
            return each
    known = ", ".join(each.spec.version for each in versions) or "none"
    raise UsageError(f"{wanted} is not registered; there are: {known}")


def fallbacks(versions: Sequence[ModelVersion], wanted: ModelVersion) -> list[ModelVersion]:
    """The wanted version, then the older ones from the newest on, but for quarantined ones."""
    number = parse_version(wanted.spec.version)
    older = [
        each
        for each in reversed(versions)
        if parse_version(each.spec.version) < number and each.status.stage is not Stage.QUARANTINED
    ]
    return [wanted, *older]


def table(versions: Sequence[ModelVersion]) -> list[str]:
    """A line each under a head: version, stage, metrics, size, digest, signature. Pure."""
    rows: list[tuple[str, ...]] = [
        ("VERSION", "STAGE", "ACCURACY", "MACRO F1", "MIB", "DIGEST", "SIGNED", "RUN")
    ]
    rows += [_row(each) for each in versions]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _row(version: ModelVersion) -> tuple[str, ...]:
    spec = version.spec
    return (
        spec.version,
        version.status.stage.value,
        spec.metrics.test_accuracy or "-",
        spec.metrics.macro_f1 or "-",
        f"{spec.artifact.size_bytes / (1 << 20):.1f}",
        spec.artifact.sha256[:12],
        "yes" if spec.artifact.signature else "no",
        spec.lineage.training_run or "-",
    )
