"""The pod that receives a file: what Pod Security wants, and what the installation gives it."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pharos_console.errors import UsageError
from pharos_console.platform import Platform
from pharos_console.upload import _kubectl, _overrides, _place

ON_VOLUME = Platform(
    jobs_image="registry.example.com/pharos/jobs:1",
    artifact_root="file:///artifacts",
    artifact_claim="pharos-artifacts",
    artifact_secret="",
    job_service_account="pharos-job",
)
ON_S3 = replace(
    ON_VOLUME, artifact_root="s3://models", artifact_claim="", artifact_secret="models-s3"
)
PLATFORMS = {"a volume": ON_VOLUME, "S3": ON_S3}


def pod(platform: Platform) -> dict[str, Any]:
    spec: dict[str, Any] = _overrides("pharos-upload-1", platform, "URI")["spec"]
    return spec


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS.keys())
def test_the_pod_meets_the_restricted_standard(platform: Platform) -> None:
    spec = pod(platform)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    allowed = {"emptyDir", "persistentVolumeClaim"}
    assert all(set(volume) - {"name"} <= allowed for volume in spec["volumes"])


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS.keys())
def test_the_pod_reads_standard_input_and_has_no_token(platform: Platform) -> None:
    spec = pod(platform)
    (container,) = spec["containers"]
    assert (container["stdin"], container["stdinOnce"]) == (True, True)
    assert container["args"] == ["receive", "URI"]
    assert spec["automountServiceAccountToken"] is False


def test_a_volume_is_mounted_where_the_artifacts_are() -> None:
    (container,) = pod(ON_VOLUME)["containers"]
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert mounts["artifacts"] == "/artifacts"
    assert "envFrom" not in container


def test_s3_is_reached_by_its_secret() -> None:
    (container,) = pod(ON_S3)["containers"]
    assert container["envFrom"] == [{"secretRef": {"name": "models-s3"}}]
    assert [one["name"] for one in container["volumeMounts"]] == ["tmp"]


SUFFIXES = {
    "papers.jsonl": ".jsonl",
    "papers.jsonl.gz": ".jsonl.gz",
    "papers.v1.2.csv": ".csv",
    "papers": "",
}


@pytest.mark.parametrize("name", SUFFIXES)
def test_a_file_is_stored_by_its_content_and_keeps_its_suffix(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(b"papers")
    digest = hashlib.sha256(b"papers").hexdigest()
    stored = _place(ON_S3, file, feed="")
    assert stored.sha256 == digest
    assert stored.uri == f"s3://models/uploads/{digest}{SUFFIXES[name]}"


def test_a_feed_keeps_its_place_whatever_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "of-monday.jsonl.gz"
    file.write_bytes(b"papers")
    stored = _place(ON_VOLUME, file, feed="news")
    assert stored.uri == "file:///artifacts/feeds/news.jsonl.gz"


def test_the_tool_reads_the_file_on_the_cluster_that_was_named(tmp_path: Path) -> None:
    file = tmp_path / "papers"
    file.write_text("papers")
    done = _kubectl(["sh", "-c", 'echo "$KUBECONFIG"; cat'], "/there/config", file)
    assert done.stdout == "/there/config\npapers"


def test_a_missing_tool_ends_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "papers"
    file.touch()
    with pytest.raises(UsageError, match="install kubectl, or set PHAROS_KUBECTL"):
        _kubectl(["no-such-kubectl"], None, file)
