"""From a model's folder with its ONNX graph to all that serving may choose from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from pharos_api.artifacts import TOKENIZER
from pharos_jobs.core.papers import Sample
from pharos_jobs.export.openvino_export import CALIBRATION_TEXTS
from pharos_jobs.export.variants import Encoded, export_variants


def export_engines(
    folder: Path,
    max_tokens: int,
    train: Sequence[Sample],
    val: Sequence[Sample],
    label_to_id: dict[str, int],
) -> dict[str, Any]:
    """Write the variants and ``engines.json`` beside ``model.onnx``; returns facts for the record.

    Calibrates on texts of the training split and judges on the validation split.
    """
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    every = max(1, len(train) // CALIBRATION_TEXTS)
    calibration = tokenizer.encode_batch([s.text for s in train[::every]])
    rows = [each.ids for each in tokenizer.encode_batch([s.text for s in val])]
    held = Encoded(rows, [label_to_id[s.label] for s in val], max_tokens)
    sheet = export_variants(folder, [each.ids for each in calibration], held)
    return {"engine": sheet.best().name}
