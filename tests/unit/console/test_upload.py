"""The pod that receives a file: what Pod Security wants, and what the installation gives it."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pharos_console.errors import UsageError
from pharos_console.jobs_pod import Streams, _finished
from pharos_console.platform import Platform
from pharos_console.pod_manifest import PodCommand, overrides
from pharos_console.upload import _place

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
    command = PodCommand("pharos-upload-1", ["receive", "URI"])
    spec: dict[str, Any] = overrides(command, platform)["spec"]
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


def test_the_tool_reads_the_file_in_the_environment_that_was_given(tmp_path: Path) -> None:
    file = tmp_path / "papers"
    file.write_text("papers")
    with file.open("rb") as content:
        command = ["/bin/sh", "-c", 'echo "$KUBECONFIG"; cat']
        said = _finished(command, {"KUBECONFIG": "/there/config"}, Streams(content))
    assert said == b"/there/config\npapers"


def test_a_missing_tool_ends_in_a_sentence() -> None:
    with pytest.raises(UsageError, match="install kubectl, or set PHAROS_KUBECTL"):
        _finished(["no-such-kubectl"], {}, Streams())


LAST_WORDS = {
    "a sentence of our own among other lines": (
        "echo warning >&2; echo 'error: v1.0.0 is no whole model' >&2; echo deleted >&2; exit 65",
        "v1.0.0 is no whole model",
    ),
    "the last line of anything else": ("echo one >&2; echo two >&2; exit 1", "two"),
    "what stands in the output": ("echo out; exit 1", "out"),
    "nothing at all": ("exit 1", "it ended in silence"),
}


@pytest.mark.parametrize(("script", "sentence"), LAST_WORDS.values(), ids=LAST_WORDS)
def test_a_failure_is_told_in_its_last_words(script: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        _finished(["/bin/sh", "-c", script], {}, Streams())
    assert str(refused.value) == sentence
