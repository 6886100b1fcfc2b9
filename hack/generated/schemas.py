"""Fields of a JSON schema as rows of a table: path, type, default, rules, meaning. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from generated.tables import code

Schema = dict[str, Any]
HEAD = ("field", "type", "default", "rules", "meaning")
_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} of them",
    "maxItems": "at most {} of them",
    "maxProperties": "at most {} of them",
    "pattern": "matches `{}`",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object, or of what a list or a map holds."""

    path: str
    schema: Schema
    required: bool

    def row(self) -> tuple[str, str, str, str, str]:
        """The cells under ``HEAD``."""
        meaning = self.schema.get("description", "")
        cells = (
            code(self.path),
            kind(self.schema),
            self._default(),
            "; ".join(limits(self.schema)),
        )
        return (*cells, meaning)

    def _default(self) -> str:
        value = self.schema.get("default")
        given = value is not None and value != {}
        return code(spelt(value)) if given else "required" if self.required else ""


def fields(schema: Schema, path: str = "") -> Iterator[Field]:
    """Every field below an object, parents first. ``path`` is how their paths begin."""
    required = schema.get("required", ())
    for name, child in schema.get("properties", {}).items():
        below = f"{path}{name}"
        yield Field(below, child, name in required)
        yield from fields(*_inside(child, below))


def _inside(schema: Schema, path: str) -> tuple[Schema, str]:
    """The object that a field holds, and how the paths of its fields begin."""
    if "items" in schema:
        return schema["items"], f"{path}[]."
    values = schema.get("additionalProperties")
    if isinstance(values, dict):
        return values, f"{path}.*."
    return schema, f"{path}."


def kind(schema: Schema) -> str:
    """What a value of the schema is, in a word."""
    if "items" in schema:
        return f"list of {kind(schema['items'])}"
    values = schema.get("additionalProperties")
    if isinstance(values, dict) and values:
        return f"map of {kind(values)}"
    if "enum" in schema:
        return " or ".join(code(spelt(value)) for value in schema["enum"])
    found = schema.get("type", "any")
    return " or ".join(found) if isinstance(found, list) else str(found)


def limits(schema: Schema) -> list[str]:
    """What a value must keep to, in words."""
    each = [f"each {limit}" for limit in _bounds(schema.get("items", {}))]
    return [*_bounds(schema), *each, *_sentences(schema), *_sentences(schema.get("items", {}))]


def _bounds(schema: Schema) -> list[str]:
    """The limits of a value; a sentence of ours says more than its greatest length."""
    told = {"maxLength"} if _sentences(schema) else set()
    return [
        text.format(schema[key]) for key, text in _BOUNDS.items() if key in schema.keys() - told
    ]


def _sentences(schema: Schema) -> list[str]:
    return [rule["message"] for rule in schema.get("x-kubernetes-validations", ())]


def spelt(value: object) -> str:
    """A value as one writes it in YAML."""
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
