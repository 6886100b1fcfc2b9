"""The ModelVersion that a run registered. It outlives the run: its Model owns it."""

from pharos_api.meta import API_VERSION
from pharos_api.model import Model
from pharos_api.names import LABEL_MODEL, LABEL_RUN, LABEL_VERSION, bounded
from pharos_operator.decide.decision import CreateVersion, Manifest
from pharos_operator.render.metadata import labels, owned


def model_version(action: CreateVersion, model: Model) -> Manifest:
    """The object as it is created."""
    spec = action.spec
    marks = labels(
        "model-version",
        {
            LABEL_MODEL: spec.model_ref.name,
            LABEL_VERSION: spec.version,
            LABEL_RUN: bounded(spec.lineage.training_run or ""),
        },
    )
    metadata = owned(action.name, model, marks)
    if action.annotations:
        metadata["annotations"] = dict(action.annotations)
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelVersion",
        "metadata": metadata,
        "spec": spec.to_json(),
    }
