"""Every value is described and checked, and contradictions are answered by a sentence."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import helm_chart
import pytest
import yaml
from helm_chart import CHART

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())


@dataclass(frozen=True)
class Case:
    arguments: tuple[str, ...]
    sentence: str


def with_set(*settings: str) -> tuple[str, ...]:
    return tuple(part for setting in settings for part in ("--set", setting))


REFUSED = {
    "a value that does not exist": Case(with_set("operator.replica=3"), "'replica' not allowed"),
    "a log level that does not exist": Case(
        with_set("operator.logLevel=LOUD"), "value must be one of 'DEBUG'"
    ),
    "no operator at all": Case(with_set("operator.replicas=0"), "minimum: got 0, want 1"),
    "a size without unit": Case(
        with_set("artifacts.persistentVolume.size=20"), "/artifacts/persistentVolume/size"
    ),
    "a digest that is none": Case(
        with_set("images.operator.digest=latest"), "/images/operator/digest"
    ),
    "no database": Case(
        with_set("postgresql.embedded.enabled=false"), "Pharos needs a database: set postgresql"
    ),
    "two databases": Case(
        with_set("postgresql.external.existingSecret=db"), "Two databases are given"
    ),
    "a database by URL and by Secret": Case(
        with_set(
            "postgresql.embedded.enabled=false",
            "postgresql.external.existingSecret=db",
            "postgresql.external.url=postgresql://u:p@h/d",
        ),
        "Give either postgresql.external.url or postgresql.external.existingSecret",
    ),
    "a password both given and in a Secret": Case(
        with_set("postgresql.embedded.existingSecret=db", "postgresql.embedded.password=p"),
        "postgresql.embedded.existingSecret needs",
    ),
    "no Prometheus": Case(
        with_set("prometheus.embedded.enabled=false"), "Experiments are judged by Prometheus"
    ),
    "two Prometheus servers": Case(
        with_set("prometheus.external.url=http://prometheus:9090"), "Two Prometheus servers"
    ),
    "two artifact stores": Case(
        with_set("artifacts.s3.uri=s3://b", "artifacts.persistentVolume.existingClaim=c"),
        "Two artifact stores",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refused(case: Case) -> None:
    done = helm_chart.template(*case.arguments)
    assert done.returncode != 0
    assert case.sentence in done.stderr


@pytest.mark.parametrize("values", helm_chart.VALUE_SETS)
def test_the_chart_is_clean_to_the_strict_linter(values: str) -> None:
    file = helm_chart.VALUES / f"{values}.yaml"
    done = helm_chart.helm("lint", "--strict", str(CHART), "-f", str(file))
    assert done.returncode == 0, done.stdout
    assert "[WARNING]" not in done.stdout
    assert "[ERROR]" not in done.stdout


def objects(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the schema that names its properties, with its path."""
    if "properties" in schema:
        yield path, schema
        for name, child in schema["properties"].items():
            yield from objects(resolved(child), f"{path}.{name}")


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return SCHEMA["$defs"][name] | schema if name else schema


def test_every_value_is_described_and_no_other_is_taken() -> None:
    for path, schema in objects(SCHEMA):
        assert schema["additionalProperties"] is False, path
        for name, child in schema["properties"].items():
            assert resolved(child).get("description"), f"{path}.{name}"


def test_every_value_of_the_schema_has_its_default() -> None:
    for path, schema in objects(SCHEMA):
        value = DEFAULTS
        for name in filter(None, path.split(".")):
            value = value[name]
        if path.endswith("resources"):
            continue
        assert set(schema["properties"]) - {"global"} == set(value), path


def test_the_release_s_namespace_is_watched_once_even_when_it_is_named() -> None:
    done = helm_chart.template(*with_set(f"watch.namespaces={{{helm_chart.NAMESPACE}}}"))
    claims = [
        one
        for one in yaml.safe_load_all(done.stdout)
        if one and one["kind"] == "PersistentVolumeClaim"
    ]
    assert len(claims) == 1
