"""The manifest of a model: what jobs write beside the weights and serving verifies before loading.

``manifest.json`` lists every file with its SHA-256 and size. Its own SHA-256, over the exact bytes
that lie in the store, is the model's digest: it names the whole.
"""

import hashlib
import json
from typing import Annotated

from pydantic import Field, StringConstraints

from pharos_api.meta import Spec

MANIFEST = "manifest.json"
METADATA = "metadata.json"
CARD = "README.md"
LABEL_MAP = "label_map.json"
WEIGHTS = "model.safetensors"
ONNX = "model.onnx"
LINEAR = "linear.safetensors"
SCORING = "scoring.json"
TOKENIZER = "tokenizer.json"
CONFIG = "config.json"
REFERENCE_ANSWERS = "reference_answers.jsonl"
REGISTRY = "version_registry.json"
PRODUCTION = "production"
# Stands beside the manifest of a version whose files lie in the archive, and says where.
ARCHIVED = "archived.json"

# Formats that can carry code are refused by name, and every other file by the loader's own parser.
FORBIDDEN_SUFFIXES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".joblib", ".npy", ".ckpt", ".h5")


# A path part that starts with a letter or digit: no "..", no hidden file, no absolute path.
_PART = "[A-Za-z0-9_][A-Za-z0-9._-]*"


class FileEntry(Spec):
    """One file of a model, by its path below the model's folder."""

    path: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$"),
    ]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size_bytes: int = Field(ge=0)


class Manifest(Spec):
    """All files of one model version."""

    format_version: int = 1
    model: str
    version: str
    labels: list[str] = Field(min_length=2)
    max_tokens: int = Field(512, ge=8)
    files: list[FileEntry] = Field(min_length=1)

    def to_bytes(self) -> bytes:
        """The canonical bytes: sorted keys, one trailing newline."""
        text = json.dumps(self.to_json(), sort_keys=True, indent=2, ensure_ascii=False)
        return (text + "\n").encode()

    def digest(self) -> str:
        """SHA-256 of the canonical bytes, in hex."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


class ReferenceAnswer(Spec):
    """What the evaluated model answered to one text of the test split.

    ``reference_answers.jsonl`` holds one a line. ``scores`` are probabilities over all labels.
    """

    text: str = Field(min_length=1)
    label: str
    scores: dict[str, float]
