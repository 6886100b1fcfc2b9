import json
from pathlib import Path

import pytest

from pharos_api.jobio import RegistryInput, RegistryVersion
from pharos_jobs.registry import project


def registry(root: Path, production: str = "v1.1.0") -> RegistryInput:
    return RegistryInput(
        model="topics",
        namespace="default",
        artifact_root=root.as_uri(),
        versions=[
            RegistryVersion(
                version=version,
                uri=f"{root.as_uri()}/models/default/topics/{version}",
                sha256="a" * 64,
                stage=stage,
                created_at="2025-11-16T10:00:00Z",
            )
            for version, stage in (("v1.0.0", "Archived"), ("v1.1.0", "Production"))
        ],
        production=production,
        latest="v1.1.0",
    )


@pytest.mark.requirement("VER-4")
@pytest.mark.requirement("CHK-8")
@pytest.mark.requirement("VER-12")
@pytest.mark.requirement("VER-13")
@pytest.mark.requirement("VER-18")
@pytest.mark.requirement("VER-19")
def test_registry_and_pointer_are_rebuilt(tmp_path: Path) -> None:
    assert project(registry(tmp_path))
    folder = tmp_path / "models" / "default" / "topics"
    document = json.loads((folder / "version_registry.json").read_text())
    assert [(v["version"], v["status"]) for v in document["versions"]] == [
        ("v1.0.0", "archived"),
        ("v1.1.0", "production"),
    ]
    assert {"version", "path", "created_at", "status"} <= document["versions"][0].keys()
    assert (document["production_version"], document["latest_version"]) == ("v1.1.0", "v1.1.0")
    assert str((folder / "production").readlink()) == "v1.1.0"


def test_doing_it_twice_changes_nothing(tmp_path: Path) -> None:
    assert project(registry(tmp_path))
    assert not project(registry(tmp_path))


def test_a_rollback_moves_the_pointer(tmp_path: Path) -> None:
    project(registry(tmp_path))
    assert project(registry(tmp_path, production="v1.0.0"))
    link = tmp_path / "models" / "default" / "topics" / "production"
    assert str(link.readlink()) == "v1.0.0"


def test_no_production_version_removes_the_pointer(tmp_path: Path) -> None:
    project(registry(tmp_path))
    assert project(registry(tmp_path, production=""))
    assert not (tmp_path / "models" / "default" / "topics" / "production").is_symlink()
