"""The experiment that a person means, by its own name or by that of the Model that runs it."""

from pharos_api.abexperiment import ABExperiment
from pharos_api.model import Model
from pharos_console.cluster import Cluster
from pharos_console.errors import UsageError


def experiment_named(target: Cluster, name: str, hint: str = "") -> ABExperiment:
    """The experiment of that name, else the one that a Model of that name runs.

    Raises UsageError where there is neither, with ``hint`` where the Model runs none.
    """
    found = target.find(ABExperiment, name)
    if found is not None:
        return found
    model = target.find(Model, name)
    if model is None:
        raise UsageError(f"there is no ABExperiment or Model named {name!r} in this namespace")
    if not model.status.experiment:
        raise UsageError(f"Model {name} runs no experiment{hint}")
    return target.get(ABExperiment, model.status.experiment)
