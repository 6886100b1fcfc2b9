"""What recipes write beside the weights: an encoder's tokenizer, and every model's label map."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pharos_api.artifacts import LABEL_MAP
from pharos_jobs import storage


def write_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Write the tokenizer's own files, and ``vocab.txt`` in the order of its numbers."""
    tokenizer.save_pretrained(folder)
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    text = "".join(f"{token}\n" for token, _ in vocabulary)
    storage.write_bytes((folder / "vocab.txt").as_uri(), text.encode())


def write_label_map(labels: Sequence[str], folder: Path) -> None:
    """Write ``label_map.json``, both ways."""
    numbers = {name: number for number, name in enumerate(labels)}
    names = {str(number): name for name, number in numbers.items()}
    label_map = {"id_to_label": names, "label_to_id": numbers}
    storage.write_json((folder / LABEL_MAP).as_uri(), label_map)
