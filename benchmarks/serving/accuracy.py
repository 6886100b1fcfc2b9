"""What quantising and the cascade give up, on papers that no part of the models has seen."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pharos_api.artifacts import SCORING, TOKENIZER
from pharos_api.engines import ENGINES, EngineSheet
from pharos_api.scoring import Logits, Part, Scoring
from pharos_jobs.core.cascading import paired_differences
from pharos_jobs.export.computing import compute_with
from pharos_jobs.predicting import read_linear
from serving.papers import Paper
from serving.prepare import MAX_TOKENS

_SEED = 42


def accuracies(folder: Path, papers: list[Paper]) -> dict[str, Any]:
    """Of each variant of the encoder and of the cascade: accuracy, points lost with an interval."""
    truth = np.array([paper.number for paper in papers])
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    rows = [each.ids for each in tokenizer.encode_batch([paper.text for paper in papers])]
    sheet = EngineSheet.model_validate_json((folder / ENGINES).read_bytes())
    logits: dict[str, Logits] = {}
    cost_ms: dict[str, float] = {}
    for variant in sheet.usable():
        compute = compute_with(variant, folder, MAX_TOKENS)
        started_s = time.process_time()
        logits[variant.name] = np.stack([compute(row) for row in rows])
        cost_ms[variant.name] = 1000 * (time.process_time() - started_s) / len(rows)
    right = {name: found.argmax(axis=1) == truth for name, found in logits.items()}
    plain = right["OnnxRuntime-Fp32"]
    return {
        "papers": len(papers),
        "tokens": {"mean": float(np.mean([len(row) for row in rows])), "raw": list(map(len, rows))},
        "export": sheet.to_json(),
        "variants": {
            name: _compared(found, plain) | {"cpuMsPerText": cost_ms[name]}
            for name, found in right.items()
        },
        "cascade": _cascade(folder, papers, logits[sheet.best().name], truth),
    }


def _cascade(
    folder: Path, papers: list[Paper], encoder: Logits, truth: NDArray[np.int64]
) -> dict[str, Any]:
    scoring = Scoring.model_validate_json((folder / SCORING).read_bytes())
    assert scoring.cascade is not None
    started_s = time.process_time()
    linear = read_linear(folder / "linear.safetensors").logits([paper.text for paper in papers])
    linear_ms = 1000 * (time.process_time() - started_s) / len(papers)
    _, sure = scoring.cascade.settled(linear)
    parts = {Part.LINEAR: linear, Part.ENCODER: encoder}
    right = scoring.answered(parts).argmax(axis=1) == truth
    blend = scoring.pooled(parts).argmax(axis=1) == truth
    alone = encoder.argmax(axis=1) == truth
    return {
        "threshold": scoring.cascade.confidence,
        "answeredByTheLinearPart": float(sure.mean()),
        "linearCpuMsPerText": linear_ms,
        "againstTheEncoder": _compared(right, alone),
        "againstTheBlend": _compared(right, blend),
        "linearAlone": float((linear.argmax(axis=1) == truth).mean()),
    }


def _compared(right: NDArray[np.bool_], reference: NDArray[np.bool_]) -> dict[str, float]:
    """Accuracy beside a reference's: the difference in points with a 90 % paired interval."""
    low, high = np.quantile(paired_differences(right, reference, _SEED), (0.05, 0.95))
    return {
        "accuracy": float(right.mean()),
        "reference": float(reference.mean()),
        "differencePoints": 100 * float(right.mean() - reference.mean()),
        "low": float(low),
        "high": float(high),
    }
