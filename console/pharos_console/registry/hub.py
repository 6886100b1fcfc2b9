"""A fetched version as a Hugging Face folder that ``transformers.pipeline`` loads.

Of an encoder its weights, configuration, tokenizer and card, unchanged. What ``transformers`` would
compute otherwise than our server does is told, and what it cannot load is refused.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from pharos_api.artifacts import CARD, CONFIG, LINEAR, METADATA, SCORING, TOKENIZER, WEIGHTS
from pharos_console.errors import UsageError

_NEEDED = (CONFIG, WEIGHTS, TOKENIZER)
_WANTED = (*_NEEDED, "tokenizer_config.json", "vocab.txt", CARD, METADATA)
_HEAD = "ForSequenceClassification"


def write_hub_folder(model: Path, target: Path, labels: list[str]) -> list[str]:
    """Copy what the hub's libraries read; sentences about what is different there.

    Raises UsageError for a model that they cannot load, before anything is written.
    """
    config = _config(model)
    target.mkdir(parents=True, exist_ok=True)
    for name in _WANTED:
        if (model / name).is_file():
            shutil.copy(model / name, target / name)
    config["id2label"] = {str(number): label for number, label in enumerate(labels)}
    config["label2id"] = {label: number for number, label in enumerate(labels)}
    (target / CONFIG).write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n")
    return _differences(model)


def _config(model: Path) -> dict[str, Any]:
    missing = [name for name in _NEEDED if not (model / name).is_file()]
    if missing:
        kind = "a linear model" if (model / LINEAR).is_file() else "a model"
        raise UsageError(
            f"this is {kind} without {', '.join(missing)}: transformers has no class for it. Use "
            "`pharos registry load` and `pharos predict`, or its server"
        )
    config: dict[str, Any] = json.loads((model / CONFIG).read_text())
    heads = [str(each) for each in config.get("architectures") or ()]
    if not any(head.endswith(_HEAD) for head in heads):
        raise UsageError(
            f"its encoder is {', '.join(heads) or config.get('model_type', 'of no kind')}, and "
            f"transformers classifies with …{_HEAD} alone. Use `pharos registry load` and "
            "`pharos predict`, or its server"
        )
    return config


def _differences(model: Path) -> list[str]:
    told = []
    if (model / LINEAR).is_file():
        told.append(
            "The version pools this encoder with a linear model, which transformers does not know: "
            "what it answers is the encoder's alone."
        )
    if (model / SCORING).is_file():
        told.append(
            "The server also calibrates confidence (scoring.json); transformers gives the "
            "encoder's own, so labels are the same and scores are not."
        )
    return told
