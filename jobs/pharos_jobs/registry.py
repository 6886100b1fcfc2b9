"""Rebuilds ``version_registry.json`` and the ``production`` pointer from the custom resources.

They are projections (settled point A15): whatever lies in the store is overwritten by what the
operator says, and doing so twice changes nothing (rows VER-12, 13, 18, 19).
"""

import json
from pathlib import Path
from typing import Any

from pharos_api.artifacts import PRODUCTION, REGISTRY
from pharos_api.inventory import MODEL_SPEC
from pharos_api.jobio import RegistryInput
from pharos_jobs import storage


def registry_document(registry: RegistryInput) -> dict[str, Any]:
    """The registry as people and older tools read it. Pure.

    What was given up and what is quarantined by digest stand there only where there is some.
    """
    quarantined = [each.to_json() for each in registry.quarantined]
    return {
        "versions": [
            {
                "version": v.version,
                "path": v.uri,
                "created_at": v.created_at,
                "status": v.stage.lower(),
                "sha256": v.sha256,
                **({"given_up": v.given_up} if v.given_up else {}),
            }
            for v in registry.versions
        ],
        "production_version": registry.production,
        "latest_version": registry.latest,
        **({"quarantined": quarantined} if quarantined else {}),
    }


def project(registry: RegistryInput) -> bool:
    """Write the projections and the Model's spec; whether anything had to change."""
    folder = f"{registry.artifact_root}/models/{registry.namespace}/{registry.model}"
    documents = {REGISTRY: registry_document(registry)}
    if registry.spec is not None:
        documents[MODEL_SPEC] = registry.spec
    changed = [_written(f"{folder}/{name}", each) for name, each in documents.items()]
    return _point(folder, registry.production) or any(changed)


def _written(uri: str, document: dict[str, Any]) -> bool:
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    if storage.exists(uri) and storage.read_bytes(uri) == text.encode():
        return False
    storage.write_bytes(uri, text.encode())
    return True


def _point(folder: str, version: str) -> bool:
    path = storage.local_path(folder)
    if path is not None:
        return _link(path / PRODUCTION, version)
    uri, present = f"{folder}/{PRODUCTION}", b""
    if storage.exists(uri):
        present = storage.read_bytes(uri)
    if present == version.encode():
        return False
    storage.write_bytes(uri, version.encode())
    return True


def _link(link: Path, version: str) -> bool:
    """Point a symbolic link at the version's folder, in one step; no version removes it."""
    present = str(link.readlink()) if link.is_symlink() else ""
    if present == version:
        return False
    if not version:
        link.unlink()
        return True
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(version, target_is_directory=True)
    fresh.replace(link)
    return True
