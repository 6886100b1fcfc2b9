"""The reference page of each custom resource, from its definition. Pure."""

from generated.schemas import HEAD, Field, Schema, fields
from generated.tables import heading, table
from pharos_api.crdgen import definition
from pharos_api.kinds import KINDS, Kind
from pharos_api.meta import API_VERSION

OPENING = """
{summary}

`apiVersion: {api_version}`, `kind: {kind}`, in a namespace; short name `{short}`, so
`kubectl get {short}`. An object that breaks a rule is refused at `kubectl apply`, with the
sentence given here.
"""
_RULES = "x-kubernetes-validations"
STATUS = """
## status

Written by the operator alone; people's verbs arrive in `status.command`.

"""


def pages() -> dict[str, str]:
    """File name to page, for every kind."""
    return {f"{kind.singular}.md": page(kind) for kind in KINDS}


def page(kind: Kind) -> str:
    """The page of one kind."""
    schema = _schema(kind)
    opening = OPENING.format(
        summary=schema["description"],
        api_version=API_VERSION,
        kind=kind.name,
        short=kind.short_name,
    )
    parts = schema["properties"]
    rules = "".join(f"- {rule['message']}\n" for rule in parts["spec"].get(_RULES, ()))
    whole = f"\nFor the whole spec:\n\n{rules}" if rules else ""
    spec = f"\n## spec\n\n{_table(parts['spec'])}{whole}"
    return heading(kind.name, "crds/pharos_api") + opening + spec + STATUS + _table(parts["status"])


def _schema(kind: Kind) -> Schema:
    found: Schema = definition(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def _table(schema: Schema) -> str:
    return table(HEAD, (_short(field).row() for field in fields(schema)))


def _short(field: Field) -> Field:
    """An object's default is the defaults of its fields, which have rows of their own."""
    if not isinstance(field.schema.get("default"), dict):
        return field
    schema = {key: value for key, value in field.schema.items() if key != "default"}
    return Field(field.path, schema, field.required)
