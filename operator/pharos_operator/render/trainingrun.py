"""The TrainingRun that a retraining check led to. Its Model owns it."""

from pharos_api.meta import API_VERSION
from pharos_api.model import Model
from pharos_api.names import ANNOTATION_TRIGGER, LABEL_MODEL
from pharos_operator.decide.decision import Manifest, StartRetraining
from pharos_operator.render.metadata import labels, owned


def training_run(action: StartRetraining, model: Model) -> Manifest:
    """The object as it is created."""
    marks = labels("training-run", {LABEL_MODEL: model.metadata.name})
    metadata = owned(action.name, model, marks)
    if action.spec.cause is not None:
        metadata["annotations"] = {ANNOTATION_TRIGGER: action.spec.cause.trigger.value}
    return {
        "apiVersion": API_VERSION,
        "kind": "TrainingRun",
        "metadata": metadata,
        "spec": action.spec.to_json(),
    }
