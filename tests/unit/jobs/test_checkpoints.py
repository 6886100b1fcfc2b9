"""A checkpoint is whole or it is not used."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pharos_jobs.training.checkpoints import (
    SEAL,
    last_good_checkpoint,
    load_checkpoint_with_validation,
    seal,
)

LABELS = {"cs.AI": 0, "cs.RO": 1}


def checkpoint(root: Path, step: int) -> Path:
    folder = root / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights of step %d" % step)
    (folder / "training_args.bin").write_bytes(b"a pickle")
    seal(folder, LABELS, {"version": "", "num_labels": 2})
    return folder


@pytest.mark.requirement("DBM-3")
def test_a_seal_names_weights_tokenizer_labels_and_metadata(tmp_path: Path) -> None:
    found = load_checkpoint_with_validation(checkpoint(tmp_path, 1))
    assert found["model_state_dict"] == "model.safetensors"
    assert found["tokenizer_config"] == "tokenizer_config.json"
    assert found["label_mapping"] == {
        "id_to_label": {"0": "cs.AI", "1": "cs.RO"},
        "label_to_id": LABELS,
    }
    assert found["metadata"]["num_labels"] == 2
    assert not (tmp_path / "checkpoint-1" / "training_args.bin").exists()


@pytest.mark.requirement("ERR-7")
@pytest.mark.parametrize("key", ["model_state_dict", "metadata"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    folder = checkpoint(tmp_path, 1)
    document = json.loads((folder / SEAL).read_text())
    del document[key]
    (folder / SEAL).write_text(json.dumps(document))
    with pytest.raises(KeyError, match=f"Missing key: {key}"):
        load_checkpoint_with_validation(folder)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "other weights": lambda folder: (folder / "model.safetensors").write_bytes(b"torn"),
    "no weights": lambda folder: (folder / "model.safetensors").unlink(),
    "no seal": lambda folder: (folder / SEAL).unlink(),
    "half a seal": lambda folder: (folder / SEAL).write_text('{"metadata"'),
    "a seal without its keys": lambda folder: (folder / SEAL).write_text("{}"),
}


@pytest.mark.requirement("ERR-8")
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_broken_checkpoint_gives_way_to_the_one_before(
    tmp_path: Path, damage: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    before, broken = checkpoint(tmp_path, 9), checkpoint(tmp_path, 10)
    damage(broken)
    assert last_good_checkpoint(tmp_path) == before
    assert "Checkpoint is broken" in caplog.text
    assert not broken.exists()


def test_without_a_whole_checkpoint_training_begins_anew(tmp_path: Path) -> None:
    assert last_good_checkpoint(tmp_path) is None
    (checkpoint(tmp_path, 1) / SEAL).unlink()
    assert last_good_checkpoint(tmp_path) is None
