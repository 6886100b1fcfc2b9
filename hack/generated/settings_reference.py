"""The reference page of environment variables: of the operator, of servers, of jobs, of a desk."""

import json
import re
from collections.abc import Iterator

from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from generated.settings_meanings import DESK, JOBS, OPERATOR, SERVING
from generated.tables import code, heading, table
from pharos_operator.settings import Settings as OperatorSettings
from pharos_serving.settings import Settings as ServingSettings

OPENING = """
In a cluster the chart and the operator set all of this: change it by the [chart's values](chart.md)
and the [Model's spec](kinds/model.md). By hand it is for a desk and for drills. An unknown variable
is ignored, one with a value that does not fit ends the program with a sentence that names it.
"""
HEAD = ("variable", "type", "default", "meaning")


def page() -> str:
    """The whole page."""
    short = ("variable", "meaning")
    parts = [heading("Settings", "the settings of the programs"), OPENING]
    parts += ["\n## Operator\n\n", table(HEAD, rows(OperatorSettings, OPERATOR))]
    parts += ["\n## Server of a version\n\n", table(HEAD, rows(ServingSettings, SERVING))]
    parts += ["\n## Jobs\n\n", table(short, ((code(name), text) for name, text in JOBS.items()))]
    parts += ["\n## A desk\n\n", table(short, ((code(name), text) for name, text in DESK.items()))]
    return "".join(parts)


def rows(settings: type[BaseSettings], meanings: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """A row for each field of the settings, in their order."""
    prefix = settings.model_config.get("env_prefix", "")
    properties = settings.model_json_schema()["properties"]
    for name, field in settings.model_fields.items():
        required = field.default is PydanticUndefined and field.default_factory is None
        default = "required" if required else code(_default(properties[name].get("default")))
        meaning = field.description or meanings.get(name, "")
        yield (code(_variable(f"{prefix}{name}", field)), _kind(properties[name]), default, meaning)


def _variable(name: str, field: FieldInfo) -> str:
    """What is set for a field: the name that others gave it, where it has one."""
    alias = field.validation_alias
    return str(alias.choices[-1]) if isinstance(alias, AliasChoices) else name.upper()


def _default(value: object) -> str:
    if value in (None, "", [], ()):
        return ""
    return value if isinstance(value, str) else json.dumps(value)


_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}


def _kind(schema: dict[str, object]) -> str:
    """What may be written; where there is a choice with null, what is not null."""
    found = re.search(r'"type": "(?!null)(\w+)"', json.dumps(schema))
    word = found[1] if found else "string"
    return "comma-separated list" if word == "array" else _WORDS.get(word, word)
