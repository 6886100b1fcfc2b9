"""Requests and limits of a step: what the run says, then the installation, then what is built in.

The layers are merged by resource. A resource that an upper layer names takes nothing from the lower
ones: a raised request must not meet a lower default limit.
"""

from pharos_api.meta import Quantities
from pharos_api.names import CHECK
from pharos_api.trainingrun import StepName, StepResources
from pharos_operator.decide.decision import Manifest, Platform

_LIGHT = Quantities(requests={"cpu": "100m", "memory": "512Mi"}, limits={"memory": "2Gi"})
_HEAVY = Quantities(requests={"cpu": "500m", "memory": "2Gi"}, limits={"memory": "8Gi"})
# A check reads papers and measures drift over a window of texts.
_CHECK = Quantities(requests={"cpu": "250m", "memory": "1Gi"}, limits={"memory": "4Gi"})
_BUILT_IN = {
    StepName.COLLECT: _LIGHT,
    StepName.PREPARE: _LIGHT,
    StepName.SEARCH: _HEAVY,
    StepName.TRAIN: _HEAVY,
    StepName.EVALUATE: _HEAVY,
    StepName.REGISTER: _LIGHT,
}


def step_resources(step: StepName, asked: StepResources, platform: Platform) -> Manifest:
    """``resources`` of a step's container."""
    configured = dict(platform.job_defaults).get(step.value, {})
    layers = [_asked(step, asked), Quantities.model_validate(configured), _BUILT_IN[step]]
    merged = Quantities()
    for layer in layers:
        merged = _over(merged, layer)
    return quantities(merged)


def check_resources(platform: Platform) -> Manifest:
    """``resources`` of a retraining check: what the installation says, then what is built in."""
    configured = dict(platform.job_defaults).get(CHECK, {})
    return quantities(_over(Quantities.model_validate(configured), _CHECK))


def quantities(given: Quantities) -> Manifest:
    """``resources`` of a container, in a fixed order; an empty half is left out."""
    halves = {"requests": given.requests, "limits": given.limits}
    return {half: dict(sorted(values.items())) for half, values in halves.items() if values}


def _asked(step: StepName, asked: StepResources) -> Quantities:
    field = "register_" if step is StepName.REGISTER else step.value
    given: Quantities | None = getattr(asked, field)
    return given or Quantities()


def _over(upper: Quantities, lower: Quantities) -> Quantities:
    named = upper.requests.keys() | upper.limits.keys()
    return Quantities(
        requests=_unnamed(lower.requests, named) | upper.requests,
        limits=_unnamed(lower.limits, named) | upper.limits,
    )


def _unnamed(values: dict[str, str], named: set[str]) -> dict[str, str]:
    return {key: value for key, value in values.items() if key not in named}
