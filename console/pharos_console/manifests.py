"""Objects in YAML files, parsed with the types that the API server also checks."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pharos_api.kinds import KINDS
from pharos_api.meta import Resource
from pharos_console.errors import UsageError


def read_documents(path: Path) -> list[dict[str, Any]]:
    """The YAML documents of a file. Raises UsageError when it cannot be read."""
    try:
        found = [document for document in yaml.safe_load_all(path.read_text()) if document]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    if any(not isinstance(document, dict) for document in found):
        raise UsageError(f"{path}: a document is no object; write `kind: …` and its fields")
    return found


def read_objects(path: Path) -> list[Resource]:
    """The custom resources of a file. Raises UsageError with one sentence a mistake."""
    types = {kind.name: kind.type for kind in KINDS}
    found = []
    for document in read_documents(path):
        kind = str(document.get("kind", ""))
        if kind not in types:
            named = kind or "a document without kind"
            raise UsageError(f"{path}: {named} is none of {', '.join(types)}")
        try:
            found.append(types[kind].model_validate(document))
        except ValidationError as error:
            raise UsageError(f"{path}: {kind} is not valid\n{_sentences(error)}") from error
    return found


def _sentences(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        lines.append(f"  {where}: {problem['msg']}")
    return "\n".join(lines)
