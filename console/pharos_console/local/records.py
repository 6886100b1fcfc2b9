"""The rows of runs without a cluster: the same tables, in SQLite."""

import uuid
from datetime import UTC, datetime

from sqlalchemy import create_engine

from pharos_api.versioning import Registered
from pharos_store.queries import model_versions, upsert_model_version
from pharos_store.rows import ModelVersionRow
from pharos_store.upgrading import upgrade

NAMESPACE = "local"


class Records:
    """The ``model_versions`` of this machine. The schema is made on first use."""

    def __init__(self, url: str) -> None:
        upgrade(url)
        self._engine = create_engine(url)

    def registered(self, model: str) -> tuple[Registered, ...]:
        """What the next version number is counted from."""
        return tuple(
            Registered(row.version, row.metadata["baseModel"], row.metadata["datasetSha256"])
            for row in model_versions(self._engine, NAMESPACE, model)
        )

    def register(
        self, model: str, outputs: dict[str, str], metrics: dict[str, str], base_model: str
    ) -> None:
        """Note a version; its id is its digest's, so noting it again changes nothing."""
        upsert_model_version(
            self._engine,
            ModelVersionRow(
                id=uuid.uuid5(uuid.NAMESPACE_OID, outputs["modelSha256"]),
                version=outputs["version"],
                model_path=outputs["modelUri"],
                status="testing",
                created_at=datetime.now(UTC),
                namespace=NAMESPACE,
                model=model,
                metadata={"baseModel": base_model, "datasetSha256": outputs["datasetSha256"]},
                metrics=metrics,
            ),
        )
