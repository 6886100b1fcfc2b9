"""Every rendering against its committed golden file."""

from collections.abc import Callable

import pytest
import yaml
from render_cases import CASES, MODEL, RUN
from run_builders import NOW

from pharos_operator.decide.decision import Event, EventType
from pharos_operator.render.event import event
from pharos_operator.render.manifests import Scene, manifests


@pytest.mark.parametrize("name", CASES)
def test_rendering(name: str, golden: Callable[[str, str], None]) -> None:
    action, owner, platform = CASES[name]
    rendered = manifests(action, Scene(owner, MODEL, platform))
    golden(f"render/{name}.yaml", yaml.safe_dump_all(rendered, sort_keys=False))


def test_event(golden: Callable[[str, str], None]) -> None:
    told_ = Event(EventType.WARNING, "TrainingDiverged", "The loss is not a number.")
    rendered = event(told_, RUN, NOW.replace(microsecond=123456), "pharos-operator-0")
    golden("render/event.yaml", yaml.safe_dump(rendered, sort_keys=False))
