"""Every sample is a right object, and every bad one is wrong in one thing."""

from pathlib import Path

import helm_chart
import pytest
import yaml

from pharos_api.abexperiment import ABExperiment, ExperimentStrategy
from pharos_api.kinds import kind_of
from pharos_api.meta import Resource

SAMPLES = helm_chart.ROOT / "manifests" / "samples"
FILES = sorted(SAMPLES.rglob("*.yaml"))


def parsed(path: Path) -> list[Resource]:
    found = (one for one in yaml.safe_load_all(path.read_text()) if one)
    return [kind_of(one["kind"]).type.model_validate(one) for one in found]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SAMPLES)))
def test_a_sample_is_valid_and_starts_with_what_it_is_for(path: Path) -> None:
    assert parsed(path)
    assert path.read_text().startswith("# ")


def test_there_is_a_sample_of_each_kind() -> None:
    kinds = {one.kind for path in SAMPLES.glob("*.yaml") for one in parsed(path)}
    assert kinds == {"Model", "TrainingRun", "ModelVersion", "ABExperiment"}


def test_there_are_as_many_bad_objects_as_the_pages_say() -> None:
    bad = helm_chart.ROOT / "manifests" / "bad"
    count = len(list(bad.glob("*.yaml")))
    assert (bad / "README.md").read_text().startswith(f"# Bad objects\n\n{count} mistakes")
    page = helm_chart.ROOT / "docs" / "administrator" / "install.md"
    assert f"`manifests/bad` holds {count}\nmistakes" in page.read_text()


def test_every_strategy_has_a_sample() -> None:
    found = [one for path in SAMPLES.glob("*.yaml") for one in parsed(path)]
    strategies = {one.spec.strategy for one in found if isinstance(one, ABExperiment)}
    assert strategies == set(ExperimentStrategy)
