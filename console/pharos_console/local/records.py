"""The rows of runs without a cluster: the same tables, in SQLite."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pharos_api.versioning import Registered, architecture
from pharos_store.connecting import open_engine
from pharos_store.queries import model_versions, upsert_model_version
from pharos_store.rows import ModelVersionRow
from pharos_store.upgrading import upgrade

NAMESPACE = "local"


@dataclass(frozen=True, slots=True)
class Made:
    """What a finished run made, of which architecture."""

    architecture: str
    outputs: dict[str, str]
    metrics: dict[str, str]


class Records:
    """The ``model_versions`` of this machine. The schema is made on first use."""

    def __init__(self, url: str) -> None:
        self.url = url
        upgrade(url)
        self._engine = open_engine(url)

    def registered(self, model: str) -> tuple[Registered, ...]:
        """What the next version number is counted from."""
        return tuple(
            Registered(row.version, _architecture(row.metadata), row.metadata["datasetSha256"])
            for row in model_versions(self._engine, NAMESPACE, model)
        )

    def version_of(self, model: str, run: str) -> str:
        """The version that a run registered before, or ''."""
        rows = model_versions(self._engine, NAMESPACE, model)
        return next((row.version for row in rows if row.metadata["run"] == run), "")

    def register(self, run: str, model: str, made: Made) -> None:
        """Note a version; its id is its run's, so noting it again changes nothing."""
        outputs = made.outputs
        upsert_model_version(
            self._engine,
            ModelVersionRow(
                id=uuid.UUID(run),
                version=outputs["version"],
                model_path=outputs["modelUri"],
                status="testing",
                created_at=datetime.now(UTC),
                namespace=NAMESPACE,
                model=model,
                metadata={
                    "run": run,
                    "architecture": made.architecture,
                    "datasetSha256": outputs["datasetSha256"],
                },
                metrics=made.metrics,
            ),
        )


def _architecture(metadata: Mapping[str, str]) -> str:
    """What the row says; a row of an earlier release names the base model."""
    return metadata.get("architecture") or architecture(metadata["baseModel"])
