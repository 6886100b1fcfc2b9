"""Every rendering against its committed golden file."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from render_cases import CASES, MODEL, RUN
from run_builders import NOW

from pharos_operator.decide.decision import Event, EventType
from pharos_operator.render.event import event
from pharos_operator.render.manifests import Scene, manifests

# Kubernetes reads YAML 1.2, where 2e-5 is a number; PyYAML writes 1.1, where it is a text.
_NUMBER_OF_1_2 = re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+")


class Dumper(yaml.SafeDumper):
    """Quotes what kubectl would read as a number and we mean as a text."""


def _text(dumper: Dumper, value: str) -> yaml.ScalarNode:
    style = "'" if _NUMBER_OF_1_2.fullmatch(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


Dumper.add_representer(str, _text)


def dumped(*manifests: Any) -> str:
    return yaml.dump_all(manifests, Dumper=Dumper, sort_keys=False)


@pytest.mark.parametrize("name", CASES)
def test_rendering(name: str, golden: Callable[[str, str], None]) -> None:
    action, owner, platform = CASES[name]
    rendered = manifests(action, Scene(owner, MODEL, platform))
    golden(f"render/{name}.yaml", dumped(*rendered))


def test_event(golden: Callable[[str, str], None]) -> None:
    told_ = Event(EventType.WARNING, "TrainingDiverged", "The loss is not a number.")
    rendered = event(told_, RUN, NOW.replace(microsecond=123456), "pharos-operator-0")
    golden("render/event.yaml", dumped(rendered))
