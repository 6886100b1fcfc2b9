"""Which checkpoint a restarted run goes on from: the newest whose files are whole (rows ERR-7, 8).

A checkpoint is sealed after it was written: ``checkpoint.json`` holds the digest of every file, and
the keys of rows DBM-3 and DBM-4. One without a seal, or with other files than its seal says, was
cut off by a crash and is passed over in favour of the one before it.
"""

import logging
import shutil
from pathlib import Path
from typing import Any

from pharos_jobs import storage

SEAL = "checkpoint.json"
_REQUIRED = ("model_state_dict", "metadata")
# The trainer's own arguments as a pickle; nothing reads them, so they do not stay.
_UNWANTED = "training_args.bin"
_log = logging.getLogger(__name__)


def seal(folder: Path, label_to_id: dict[str, int], metadata: dict[str, Any]) -> None:
    """Mark a checkpoint as whole."""
    (folder / _UNWANTED).unlink(missing_ok=True)
    files = {
        f.relative_to(folder).as_posix(): storage.sha256_of(f.as_uri())
        for f in sorted(folder.rglob("*"))
        if f.is_file() and f.name != SEAL
    }
    document = {
        "model_state_dict": "model.safetensors",
        "tokenizer_config": "tokenizer_config.json",
        "label_mapping": {
            "id_to_label": {str(i): name for name, i in label_to_id.items()},
            "label_to_id": label_to_id,
        },
        "metadata": metadata,
        "files": files,
    }
    storage.write_json((folder / SEAL).as_uri(), document)


def load_checkpoint_with_validation(folder: Path) -> dict[str, Any]:
    """The seal of a checkpoint. Raises KeyError or ValueError when the checkpoint is not whole."""
    document: dict[str, Any] = storage.read_json((folder / SEAL).as_uri())
    for key in _REQUIRED:
        if key not in document:
            raise KeyError(f"Missing key: {key}")
    for name, digest in document["files"].items():
        storage.verify_checkpoint(str(folder / name), digest)
    return document


def last_good_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint below the folder; broken ones are removed on the way."""
    found = sorted(folder.glob("checkpoint-*"), key=step_of, reverse=True)
    for candidate in found:
        try:
            load_checkpoint_with_validation(candidate)
        except (OSError, KeyError, ValueError) as error:
            _log.error(
                "Checkpoint is broken, taking the one before it",
                extra={"checkpoint": candidate.name, "reason": str(error)},
            )
            shutil.rmtree(candidate, ignore_errors=True)
            continue
        return candidate
    return None


def seconds_before(checkpoint: Path | None) -> float:
    """Seconds that earlier tries trained up to a checkpoint; nothing without one."""
    if checkpoint is None:
        return 0.0
    return float(load_checkpoint_with_validation(checkpoint)["metadata"].get("train_seconds", 0))


def history_of(checkpoint: Path | None) -> list[dict[str, float]]:
    """What was logged and measured up to a checkpoint; empty without one."""
    if checkpoint is None:
        return []
    state = storage.read_json((checkpoint / "trainer_state.json").as_uri())
    history: list[dict[str, float]] = state["log_history"]
    return history


def step_of(folder: Path) -> int:
    """The optimiser step after which a checkpoint was written; -1 for another folder."""
    number = folder.name.rpartition("-")[2]
    return int(number) if number.isdigit() else -1
