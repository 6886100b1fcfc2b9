"""What recipes write beside the weights: a label map; of an encoder its tokenizer and exports."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pharos_api.artifacts import LABEL_MAP
from pharos_jobs import storage
from pharos_jobs.recipes.port import Lesson

if TYPE_CHECKING:
    from pharos_jobs.export.onnx_export import Load


def write_encoder(lesson: Lesson, tokenizer: Any, load: "Load | None" = None) -> dict[str, Any]:
    """Complete a folder that holds an encoder's weights, and export it.

    ``load`` gives the folder's model, by default as ``transformers`` does. Returns facts: how far
    the export is off, and its best engine.
    """
    from pharos_jobs.export.exporting import export_engines  # noqa: PLC0415 - seconds
    from pharos_jobs.export.onnx_export import export_onnx, fine_tuned  # noqa: PLC0415

    folder, max_tokens = lesson.folder, lesson.trainer.hyperparameters.max_tokens
    write_tokenizer(tokenizer, folder)
    write_label_map(lesson.label_to_id, folder)
    off = export_onnx(folder, max_tokens, load or fine_tuned)
    engines = export_engines(folder, max_tokens, lesson.train, lesson.val, lesson.label_to_id)
    return {"onnxLogitsOff": off, **engines}


def write_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Write the tokenizer's own files, and ``vocab.txt`` in the order of its numbers."""
    tokenizer.save_pretrained(folder)
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    text = "".join(f"{token}\n" for token, _ in vocabulary)
    storage.write_bytes((folder / "vocab.txt").as_uri(), text.encode())


def write_label_map(label_to_id: Mapping[str, int], folder: Path) -> None:
    """Write ``label_map.json``, both ways."""
    names = {str(number): name for name, number in label_to_id.items()}
    label_map = {"id_to_label": names, "label_to_id": dict(label_to_id)}
    storage.write_json((folder / LABEL_MAP).as_uri(), label_map)
