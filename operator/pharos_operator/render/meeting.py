"""The headless Service by which the pods of one training find each other. Must not start any."""

from pharos_api.names import (
    COMPONENT_JOB,
    LABEL_MODEL,
    LABEL_RUN,
    LABEL_STEP,
    PORT_MEETING,
    bounded,
    meeting_name,
)
from pharos_api.trainingrun import TrainingRun
from pharos_operator.decide.decision import Manifest, StartStep
from pharos_operator.render.metadata import labels, owned


def meeting_service(action: StartStep, run: TrainingRun) -> Manifest:
    """Names for the pods of every attempt, before they are Ready: they wait for each other."""
    told = action.step_input
    chosen = {LABEL_RUN: bounded(action.run), LABEL_STEP: told.step.value}
    marks = labels(COMPONENT_JOB, {LABEL_MODEL: told.model, **chosen})
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": owned(meeting_name(action.run), run, marks),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": chosen,
            "ports": [{"name": "meeting", "port": PORT_MEETING, "protocol": "TCP"}],
        },
    }
