"""From pydantic's JSON schema to what the API server accepts."""

from typing import Any

import pytest
import yaml

from pharos_api.crdgen import definition, files, structural
from pharos_api.kinds import KINDS, kind_of
from pharos_api.meta import DECIMAL_PATTERN, DURATION_PATTERN

DEFINITIONS: dict[str, dict[str, Any]] = {"Colour": {"type": "string", "enum": ["Red", "Blue"]}}

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a reference is inlined": (
        {"$ref": "#/$defs/Colour"},
        {"type": "string", "enum": ["Red", "Blue"]},
    ),
    "null is dropped from a union": (
        {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None},
        {"type": "integer", "minimum": 1},
    ),
    "a constant is an enum of one": (
        {"const": "Model", "type": "string"},
        {"type": "string", "enum": ["Model"]},
    ),
    "a title is dropped": ({"title": "X", "type": "boolean"}, {"type": "boolean"}),
    "free-form objects keep their fields": (
        {"type": "object", "additionalProperties": True},
        {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    ),
    "a map of strings stays one": (
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "additionalProperties": {"type": "string"}},
    ),
    "a duration is refused in a sentence": (
        {"type": "string", "pattern": DURATION_PATTERN},
        {
            "type": "string",
            "x-kubernetes-validations": [
                {
                    "rule": "self.matches('^([0-9]+(ms|s|m|h|d))+$')",
                    "message": "must be a duration, for example 90s, 1h30m or 14d",
                }
            ],
        },
    ),
    "an object's default is whole and free of nulls": (
        {
            "type": "object",
            "properties": {"a": {"type": "integer", "default": 3}, "b": {"type": "string"}},
            "default": {"b": None},
        },
        {
            "type": "object",
            "properties": {"a": {"type": "integer", "default": 3}, "b": {"type": "string"}},
            "default": {"a": 3},
        },
    ),
}


@pytest.mark.parametrize(("given", "wanted"), CASES.values(), ids=CASES.keys())
def test_structural(given: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert structural(given, DEFINITIONS, spec=True) == wanted


def test_a_true_union_is_refused_because_crds_have_none() -> None:
    with pytest.raises(ValueError, match="no unions"):
        structural({"anyOf": [{"type": "integer"}, {"type": "string"}]}, {}, spec=True)


def test_a_status_keeps_neither_defaults_nor_rules() -> None:
    found = structural({"type": "string", "default": "x", "pattern": "y"}, {}, spec=False)
    assert found == {"type": "string"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_has_a_status_subresource_columns_and_the_category(kind: Any) -> None:
    found = definition(kind)["spec"]
    version = found["versions"][0]
    assert version["subresources"] == {"status": {}}
    assert found["names"]["categories"] == ["pharos"]
    assert [column["name"] for column in version["additionalPrinterColumns"]][-1] == "Age"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_no_number_in_a_spec_is_a_float(kind: Any) -> None:
    def types(schema: dict[str, Any]) -> set[str]:
        children = [*schema.get("properties", {}).values(), schema.get("items", {})]
        return {schema.get("type", "")}.union(*(types(child) for child in children if child))

    spec = definition(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][
        "spec"
    ]
    assert "number" not in types(spec)


def test_decimals_are_quoted_so_that_the_server_reads_strings() -> None:
    text = files()["pharos.neoalexandria.io_trainingruns.yaml"]
    assert "default: '2e-5'" in text
    assert DECIMAL_PATTERN not in yaml.safe_load(text)["spec"]


def test_the_names_people_type() -> None:
    short = {kind.name: kind.short_name for kind in KINDS}
    assert short == {
        "Model": "pmodel",
        "TrainingRun": "trun",
        "ModelVersion": "mv",
        "ABExperiment": "abx",
    }
    with pytest.raises(KeyError):
        kind_of("Deployment")
