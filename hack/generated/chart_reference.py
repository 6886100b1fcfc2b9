"""The reference page of the chart's values, from their schema and their defaults."""

import json
from pathlib import Path
from typing import Any

import yaml

from generated.schemas import HEAD, Schema, fields
from generated.tables import heading, table

CHART = Path(__file__).resolve().parents[2] / "helm" / "pharos"
OPENING = """
`helm install pharos helm/pharos --set operator.replicas=3`, or a file with `--values`. A value that
is not listed is refused. Which to choose: [Install, upgrade, remove](../administrator/install.md).

"""


def page() -> str:
    """The whole page."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    whole = _whole(schema, schema.get("$defs", {}), values)
    rows = (field.row() for field in fields(whole))
    return heading("Values of the chart", "helm/pharos") + OPENING + table(HEAD, rows)


def _whole(schema: Schema, definitions: dict[str, Schema], value: Any) -> Schema:
    """The schema with its references resolved and the value of ``values.yaml`` as default."""
    found = dict(schema)
    if "$ref" in found:
        found = definitions[found.pop("$ref").rsplit("/", 1)[1]] | found
    if "items" in found:
        found["items"] = _whole(found["items"], definitions, None)
    given = value if isinstance(value, dict) else {}
    properties = found.get("properties", {})
    if properties:
        found["properties"] = {
            name: _whole(child, definitions, given.get(name)) for name, child in properties.items()
        }
    elif value not in (None, "", [], {}):
        found["default"] = value
    return found
