"""The ABExperiment that a Model's promotion policy starts."""

from pharos_api.meta import API_VERSION
from pharos_api.model import Model
from pharos_api.names import LABEL_MODEL
from pharos_operator.decide.decision import Manifest, StartExperiment
from pharos_operator.render.metadata import labels, owned


def experiment(action: StartExperiment, model: Model) -> Manifest:
    """The object as it is created."""
    marks = labels("experiment", {LABEL_MODEL: model.metadata.name})
    return {
        "apiVersion": API_VERSION,
        "kind": "ABExperiment",
        "metadata": owned(action.name, model, marks),
        "spec": action.spec.to_json(),
    }
