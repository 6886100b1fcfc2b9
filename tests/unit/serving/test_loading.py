"""Only the very bytes that the manifest names are served."""

import json
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from builders_serving import build_tiny_model, write_manifest

from pharos_serving.assembling import build_classifier
from pharos_serving.errors import ModelRejected
from pharos_serving.loading import (
    ModelSource,
    compute_checkpoint_hash,
    load_verified,
    verify_checkpoint,
)
from pharos_serving.settings import Settings


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def edit_manifest(folder: Path, change: Callable[[dict[str, object]], object]) -> str:
    """Change the manifest and return the digest that it then has."""
    path = folder / "manifest.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    return compute_checkpoint_hash(str(path))


def list_path(path: str) -> Callable[[Path], str]:
    def break_it(folder: Path) -> str:
        return edit_manifest(folder, lambda document: document["files"][0].update(path=path))  # type: ignore[index]

    return break_it


def with_file(name: str) -> Callable[[Path], str]:
    def break_it(folder: Path) -> str:
        (folder / name).write_bytes(b"content")
        return write_manifest(folder)

    return break_it


def without(name: str) -> Callable[[Path], str]:
    def break_it(folder: Path) -> str:
        (folder / name).unlink()
        return write_manifest(folder)

    return break_it


def after(change: Callable[[Path], object]) -> Callable[[Path], str]:
    """Break something behind the back of the manifest."""

    def break_it(folder: Path) -> str:
        digest = compute_checkpoint_hash(str(folder / "manifest.json"))
        change(folder)
        return digest

    return break_it


CASES: dict[str, tuple[Callable[[Path], str], str]] = {
    "one altered byte of the weights": (
        after(lambda folder: flip_a_byte(folder / "model.onnx")), "DigestMismatch",
    ),
    "one altered byte of a file that no engine reads": (
        after(lambda folder: flip_a_byte(folder / "metadata.json")), "DigestMismatch",
    ),
    "one altered byte of the manifest": (
        after(lambda folder: flip_a_byte(folder / "manifest.json")), "DigestMismatch",
    ),
    "a file that grew": (
        after(lambda folder: grow(folder / "model.onnx")), "DigestMismatch",
    ),
    "a file that was cut": (
        after(lambda folder: (folder / "model.onnx").write_bytes(b"")), "DigestMismatch",
    ),
    "a listed file that is gone": (
        after(lambda folder: (folder / "label_map.json").unlink()), "FileMissing",
    ),
    "no manifest": (after(lambda folder: (folder / "manifest.json").unlink()), "FileMissing"),
    "no tokenizer": (without("tokenizer.json"), "FileMissing"),
    "no weights": (without("model.onnx"), "FileMissing"),
    "a pickle": (with_file("extra.pkl"), "FileForbidden"),
    "PyTorch's own format": (with_file("pytorch_model.bin"), "FileForbidden"),
    "a pickle in capitals": (with_file("extra.PT"), "FileForbidden"),
    "an archive": (with_file("extra.zip"), "FileForbidden"),
    "a path that climbs out": (list_path("../secret"), "ManifestInvalid"),
    "an absolute path": (list_path("/etc/passwd"), "ManifestInvalid"),
    "a path with a hidden climb": (list_path("a/../../secret"), "ManifestInvalid"),
}  # fmt: skip


@pytest.mark.requirement("SEC-6", "SEC-7")
@pytest.mark.parametrize(("break_it", "reason"), CASES.values(), ids=CASES)
def test_it_refuses(break_it: Callable[[Path], str], reason: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    build_tiny_model(folder)
    digest = break_it(folder)
    with pytest.raises(ModelRejected) as caught:
        load_verified(ModelSource(folder.as_uri(), digest), tmp_path / "cache")
    assert caught.value.reason == reason


def test_an_oversized_model_is_refused_before_it_is_read(tmp_path: Path) -> None:
    digest = build_tiny_model(tmp_path / "model")
    with pytest.raises(ModelRejected, match="PHAROS_MAX_MODEL_MIB"):
        load_verified(ModelSource((tmp_path / "model").as_uri(), digest, 100), tmp_path / "cache")


@pytest.mark.requirement("PRF-14")
def test_a_version_in_the_archive_is_told_from_one_that_is_broken(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    digest = build_tiny_model(folder)
    (folder / "model.onnx").unlink()
    (folder / "archived.json").write_text("{}")
    with pytest.raises(ModelRejected, match="lies in the archive: restore it"):
        load_verified(ModelSource(folder.as_uri(), digest), tmp_path / "cache")


def test_a_scheme_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRejected, match="cannot be opened by this image"):
        load_verified(ModelSource("gopher://models/tiny", "0" * 64), tmp_path)


def test_what_changes_in_the_store_later_does_not_reach_the_copy(tmp_path: Path) -> None:
    digest = build_tiny_model(tmp_path / "model")
    model = load_verified(ModelSource((tmp_path / "model").as_uri(), digest), tmp_path / "cache")
    flip_a_byte(tmp_path / "model" / "model.onnx")
    assert model.unchanged()
    flip_a_byte(model.folder / "model.onnx")
    assert not model.unchanged()


UNLOADABLE: dict[str, Callable[[Path], object]] = {
    "weights that are no ONNX": lambda folder: (folder / "model.onnx").write_bytes(b"not onnx"),
    "a tokenizer that is no JSON": lambda folder: (folder / "tokenizer.json").write_text("{"),
    "only safetensors, which this image cannot run": lambda folder: (folder / "model.onnx").rename(
        folder / "model.safetensors"
    ),
}


@pytest.mark.parametrize("break_it", UNLOADABLE.values(), ids=UNLOADABLE)
def test_no_engine_takes(
    break_it: Callable[[Path], object], tmp_path: Path, settings: Settings
) -> None:
    folder = tmp_path / "model"
    build_tiny_model(folder)
    break_it(folder)
    digest = write_manifest(folder)
    model = load_verified(ModelSource(folder.as_uri(), digest), tmp_path / "cache")
    with pytest.raises(ModelRejected):
        build_classifier(model, settings)


def test_a_model_with_another_number_of_labels_is_refused(
    tmp_path: Path, settings: Settings
) -> None:
    build_tiny_model(tmp_path / "model")
    digest = write_manifest(tmp_path / "model", ["a", "b"])
    source = ModelSource((tmp_path / "model").as_uri(), digest)
    with pytest.raises(ModelRejected, match="lists 2 labels"):
        build_classifier(load_verified(source, tmp_path / "cache"), settings)


@pytest.mark.requirement("SEC-7")
def test_a_checkpoint_with_another_hash_is_named_with_both(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    actual = compute_checkpoint_hash(str(tmp_path / "file"))
    verify_checkpoint(str(tmp_path / "file"), actual)
    with pytest.raises(ValueError, match=f"Expected: abc, Got: {actual}"):
        verify_checkpoint(str(tmp_path / "file"), "abc")


def test_weights_that_point_outside_of_the_model_are_refused(
    tmp_path: Path, settings: Settings
) -> None:
    folder = tmp_path / "model"
    build_tiny_model(folder)
    graph = onnx.load(str(folder / "model.onnx"))
    (table,) = [tensor for tensor in graph.graph.initializer if tensor.name == "table"]
    outside = tmp_path / "cache" / "secret"
    outside.parent.mkdir()
    outside.write_bytes(table.raw_data)
    table.ClearField("raw_data")
    table.data_location = onnx.TensorProto.EXTERNAL
    table.external_data.add(key="location", value="../secret")
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    source = ModelSource(folder.as_uri(), write_manifest(folder))
    model = load_verified(source, tmp_path / "cache")
    with pytest.raises(ModelRejected, match="cannot load"):
        build_classifier(model, settings)
