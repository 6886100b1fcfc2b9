"""Image names follow their inputs; loading sends what is missing; stubs hold the right symbols."""

import json
import re
from pathlib import Path

import grimp
import pytest
import slim_torch
from slim_torch import Symbol

from images import digest
from images.targets import DOCKERFILE, targets
from localcluster import containers
from workbench import environment, uv

PACKAGES = ("api", "analysis", "store", "operator", "jobs", "serving", "console")


def test_the_cluster_forgets_our_images_that_neither_run_nor_were_built_last() -> None:
    held = {
        "localhost/pharos-jobs:old": "sha256:1",
        "sha256:config-of-old": "sha256:1",
        "localhost/pharos-jobs:running": "sha256:2",
        "localhost/pharos-jobs:new": "sha256:3",
        "localhost/pharos-jobs:new-by-another-name": "sha256:3",
        "localhost/pause:1": "sha256:4",
    }
    needed = {"localhost/pharos-jobs:new", "localhost/pharos-jobs:running", "not/held:1"}
    going = containers.unneeded(held, "localhost/pharos-", needed)
    assert going == ["localhost/pharos-jobs:old", "sha256:config-of-old"]


def test_every_target_is_a_stage_of_the_dockerfile() -> None:
    text = DOCKERFILE.read_text()
    for name in targets("cpu"):
        assert f" AS {name}\n" in text


def test_every_image_runs_as_a_user_that_is_not_root() -> None:
    stages = DOCKERFILE.read_text().split("\nFROM ")
    for name in targets("cpu"):
        stage = next(stage for stage in stages if f" AS {name}\n" in stage)
        assert "USER 65532:65532" in stage


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    """What imports what, over all packages of the project."""
    return grimp.build_graph(*(f"pharos_{name}" for name in PACKAGES), cache_dir=None)


@pytest.mark.parametrize("name", ["operator", "jobs", "serving", "console"])
def test_an_image_holds_every_package_that_its_own_imports(
    name: str, imports: grimp.ImportGraph
) -> None:
    own = f"pharos_{name}"
    needed = {own} | {
        module.partition(".")[0] for module in imports.find_upstream_modules(own, as_package=True)
    }
    stages = DOCKERFILE.read_text().split("\nFROM ")
    stage = next(stage for stage in stages if f" AS {name}-sources\n" in stage)
    copied = set(re.findall(r"^COPY \w+/(pharos_\w+) ", stage, re.MULTILINE))
    assert needed <= copied
    inputs = {Path(path).name for path in targets("cpu")[name].inputs}
    assert copied <= inputs, "a change of the package would not build the image anew"


def test_another_variant_of_torch_is_another_image() -> None:
    cpu, cuda = (digest.tag(targets(variant)["jobs"], "base") for variant in ("cpu", "cuda"))
    assert cpu.startswith("localhost/pharos-jobs:")
    assert cpu != cuda


def test_another_base_is_another_image() -> None:
    operator = targets("cpu")["operator"]
    assert digest.tag(operator, "one") != digest.tag(operator, "two")


def write_layout(folder: Path) -> Path:
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(name: str, content: str) -> dict[str, str]:
        (blobs / name).write_text(content)
        return {"digest": f"sha256:{name}"}

    layers = [blob("layer", "not json")]
    manifest = {"config": blob("config", "{}"), "layers": layers}
    index = {"manifests": [blob("manifest", json.dumps(manifest))]}
    (folder / "oci-layout").write_text("{}")
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def test_a_layout_is_sent_without_the_layers_that_are_there(tmp_path: Path) -> None:
    layout = write_layout(tmp_path)

    def sent(there: set[str]) -> list[str]:
        return [path.name for path in containers.to_send(layout, there)]

    small = ["oci-layout", "index.json", "manifest", "config"]
    assert sent(set()) == [*small, "layer"]
    assert sent({"sha256:layer", "sha256:config"}) == small


SYMBOLS = {
    "by version": (Symbol("cublasCreate_v2", "libcublas.so.13"), "libcublas.so.13", True),
    "by prefix": (Symbol("ncclSend", ""), "libnccl.so.2", True),
    "of another library": (Symbol("cufftPlan", "libcufft.so.12"), "libcublas.so.13", False),
    "of the C library": (Symbol("memcpy", "GLIBC_2.2.5"), "libcublas.so.13", False),
}


@pytest.mark.parametrize(("symbol", "library", "expected"), SYMBOLS.values(), ids=SYMBOLS.keys())
def test_a_symbol_belongs_to_the_library_it_names(
    symbol: Symbol, library: str, expected: bool
) -> None:
    assert slim_torch.belongs(symbol, library) is expected


def test_symbols_without_versions_are_all_global() -> None:
    assert slim_torch.version_script([Symbol("ncclSend", "")]) == "{ global: *; };\n"


def test_the_cuda_runtime_stays_because_it_reports_that_there_is_no_gpu() -> None:
    packages = environment.cuda_packages()
    assert "nvidia-cublas" in packages
    assert "nvidia-cuda-runtime" not in packages


def test_an_old_uv_is_not_used() -> None:
    assert uv.is_new_enough("uv 0.13.9 (x86_64-unknown-linux-gnu)")
    assert not uv.is_new_enough("uv 0.8.22")
    assert not uv.is_new_enough("pyenv: uv: command not found")
