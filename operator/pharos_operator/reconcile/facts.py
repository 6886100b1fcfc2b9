"""By what an object can be found besides its name: its labels of ours, its model, its owner."""

from typing import Any

from pharos_api import names

_LABELS = (
    names.LABEL_MODEL,
    names.LABEL_RUN,
    names.LABEL_VERSION_NAME,
    names.LABEL_EXPERIMENT,
    names.LABEL_COMPONENT,
)
# The phases in which no TrainingRun or ABExperiment ever moves again
FINISHED = ("Succeeded", "Failed")


# What the fact of an object begins with that has not finished yet
LIVE = "live:"


def label(name: str, value: str) -> str:
    """The fact of a label."""
    return f"{name}={value}"


def of_model(model: str) -> str:
    """The fact of pointing at a Model by ``spec.modelRef``."""
    return f"modelRef={model}"


def live_of_model(model: str) -> str:
    """The fact of pointing at a Model and not having finished yet."""
    return f"{LIVE}{of_model(model)}"


def owned_by(uid: str) -> str:
    """The fact of having an owner."""
    return f"owner={uid}"


def facts_of(body: dict[str, Any]) -> frozenset[str]:
    """All facts of one object."""
    metadata = body["metadata"]
    labels = metadata.get("labels") or {}
    found = {label(name, labels[name]) for name in _LABELS if name in labels}
    found.update(owned_by(owner["uid"]) for owner in metadata.get("ownerReferences") or ())
    spec = body.get("spec")
    model = spec.get("modelRef") if isinstance(spec, dict) else None
    if isinstance(model, dict) and isinstance(model.get("name"), str):
        found.add(of_model(model["name"]))
        if (body.get("status") or {}).get("phase") not in FINISHED:
            found.add(live_of_model(model["name"]))
    return frozenset(found)
