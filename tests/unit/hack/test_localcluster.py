"""The pure parts of the built-in cluster: names of builds, files, manifests, complaints."""

import io
import json
import tarfile
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from localcluster import addons, binaries, commands, configuration, health, pause_image
from localcluster.places import ADDRESSES_VARIABLE, Addresses, State, addresses
from machine.progress import Progress, clock

NETS = Addresses(*(IPv4Network(n) for n in ("10.1.0.0/30", "10.2.0.0/16", "10.3.0.0/16")))


def module(folder: Path, **sources: str) -> Path:
    (folder / "kube").mkdir(parents=True)
    (folder / "go.mod").write_text("module x")
    (folder / "go.sum").write_text("")
    for name, text in sources.items():
        (folder / "kube" / f"{name}.go").write_text(text)
    return folder


def test_a_build_is_named_by_its_sources(tmp_path: Path) -> None:
    one = binaries.sources_key(module(tmp_path / "one", main="a"))
    same = binaries.sources_key(module(tmp_path / "same", main="a"))
    changed = binaries.sources_key(module(tmp_path / "changed", main="b"))
    added = binaries.sources_key(module(tmp_path / "added", main="a", dns="a"))
    assert one == same
    assert len({one, changed, added}) == 3


def test_the_pause_image_is_the_same_for_the_same_program(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    program.write_bytes(b"program")
    pause_image.write(program, tmp_path / "one.tar")
    pause_image.write(program, tmp_path / "two.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as archive:
        layer = archive.extractfile("layer.tar")
        assert layer is not None
        with tarfile.open(fileobj=io.BytesIO(layer.read())) as files:
            assert files.getnames() == ["pause"]


def test_the_kubelet_runs_on_either_version_of_control_groups() -> None:
    kubelet = json.loads(configuration.kubelet(State(Path("/cache")), NETS))
    assert kubelet["failCgroupV1"] is False
    assert kubelet["cgroupDriver"] == "cgroupfs"
    assert kubelet["clusterDNS"] == ["10.3.0.10"]


def test_controllers_that_outlived_the_api_server_called_the_node_not_ready() -> None:
    agents = commands.agents(Path("/kube"), State(Path("/cache")), NETS)
    for name in ("kube-controller-manager", "kube-scheduler"):
        assert "--leader-elect=true" in agents[name], name


def test_the_gpu_is_patched_into_capacity_and_allocatable() -> None:
    patch = json.loads(addons.gpu_patch(2))
    assert [step["path"] for step in patch] == [
        "/status/capacity/nvidia.com~1gpu",
        "/status/allocatable/nvidia.com~1gpu",
    ]
    assert {step["value"] for step in patch} == {"2"}


def test_the_networks_can_be_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESSES_VARIABLE, "10.184.0.0/30 10.185.0.0/16 10.196.0.0/16")
    assert addresses().server == "https://10.184.0.2:6443"
    assert str(addresses().dns) == "10.196.0.10"


def test_only_pods_in_trouble_are_complained_of() -> None:
    listing = (
        "kube-system   fine   1/1   Running            0   1m\n"
        "default       done   0/1   Completed          0   1m\n"
        "default       ill    0/1   ImagePullBackOff   0   1m\n"
    )
    assert health.failing_pods(listing) == [
        "Pod default/ill is ImagePullBackOff; see: kubectl describe pod -n default ill"
    ]


def test_a_running_count_is_shown_with_its_total() -> None:
    progress = Progress("compiling", total=3076, unit="packages")
    progress.done = 1200
    assert progress.line().startswith("compiling: 1,200 of 3,076 packages, 0 s")
    assert clock(75) == "1 min 15 s"
