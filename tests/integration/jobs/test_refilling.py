"""What lies beside a model is enough to make its ModelVersion again, to the last field."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from registered_runs import Registry, retrained
from retention_cases import told
from signing_keys import key_pair

from pharos_api.artifacts import ARCHIVED
from pharos_api.jobio import ExitCode
from pharos_api.meta import Spec
from pharos_api.modelversion import ModelVersionSpec, Stage
from pharos_api.names import ENV_SIGNING_KEY_FILE, version_object_name
from pharos_api.retaining import RetainedVersion
from pharos_jobs.context import utc_now
from pharos_jobs.keeping.inventory import inventory
from pharos_jobs.keeping.restoring import restore
from pharos_jobs.keeping.whole import check_files, read_manifest
from pharos_jobs.retention.retaining import retain

pytestmark = pytest.mark.timeout(600)
# A linear model has none; of others it is told like the rest.
NEVER_GIVEN = {"lineage.baseModel"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    root, scratch = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("scratch")
    private, _ = key_pair(scratch / "keys")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(ENV_SIGNING_KEY_FILE, str(private))
        return retrained(root, scratch)


def empty_fields(spec: Spec, path: str = "") -> set[str]:
    """The fields, nested ones too, that say nothing."""
    found: set[str] = set()
    for name, described in type(spec).model_fields.items():
        where, value = f"{path}{described.alias or name}", getattr(spec, name)
        if isinstance(value, Spec):
            found |= empty_fields(value, f"{where}.")
        elif value in (None, "", []):
            found.add(where)
    return found


@pytest.mark.requirement("VER-13")
def test_the_inventory_makes_every_version_again_field_by_field(made: Registry) -> None:
    (found,) = inventory(made.root.as_uri()).models
    assert [each.to_json() for each in found.versions] == [each.to_json() for each in made.specs]
    assert found.flaws == []


def test_the_retrained_version_that_is_compared_has_every_field_that_there_is(
    made: Registry,
) -> None:
    assert empty_fields(made.specs[1]) == NEVER_GIVEN


def test_an_archived_version_is_made_again_and_its_files_come_back(
    made: Registry, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(made.root, tmp_path / "root"))
    (before,) = inventory(root.as_uri()).models
    first, second = (
        retained(spec, stage)
        for spec, stage in zip(before.versions, (Stage.ARCHIVED, Stage.PRODUCTION), strict=True)
    )
    cold = (tmp_path / "cold").as_uri()
    policy = {"archiveUri": cold, "previousVersions": 0}
    known = told(first, second, policy=policy, root=root.as_uri())
    known = known.model_copy(update={"model": "topics"})
    result, code = retain(known, utc_now() + timedelta(days=2))
    assert (code, result.archived, result.left) == (ExitCode.OK, 1, 0)
    assert not (root / "models/default/topics/v1.0.0/linear.safetensors").exists()

    (found,) = inventory(root.as_uri()).models
    assert (found.versions, found.flaws) == (before.versions, [])
    archived = f"{cold}/models/default/topics/v1.0.0"
    assert restore(archived, first.uri, first.sha256) > 0
    assert (root / "models/default/topics/v1.0.0/linear.safetensors").exists()
    assert not (root / "models/default/topics/v1.0.0" / ARCHIVED).exists()
    check_files(first.uri, read_manifest(first.uri, first.sha256))
    assert restore(archived, first.uri, first.sha256) == 0


def retained(spec: ModelVersionSpec, stage: Stage) -> RetainedVersion:
    """The version as the operator tells a retention Job of it."""
    return RetainedVersion(
        name=version_object_name("topics", spec.version),
        uid=f"uid-{spec.version}",
        version=spec.version,
        uri=spec.artifact.uri,
        sha256=spec.artifact.sha256,
        stage=stage,
    )
