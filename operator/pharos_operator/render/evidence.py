"""The immutable ConfigMap that records one decision about an experiment, or of production's guard.

Holds the document as it was decided on and changes nothing of it. Must not know what it says.
"""

import base64
import gzip

from pharos_api.meta import Resource
from pharos_api.model import Model
from pharos_api.names import (
    COMPONENT_EVIDENCE,
    EVIDENCE_KEY,
    EVIDENCE_KEY_PACKED,
    LABEL_EXPERIMENT,
    LABEL_MODEL,
    bounded,
)
from pharos_operator.decide.decision import Manifest, RecordEvidence
from pharos_operator.errors import Invalid
from pharos_operator.render.metadata import labels, owned

# The API server takes 1 MiB an object; the rest is for metadata.
LIMIT_BYTES = 900_000


def evidence_map(action: RecordEvidence, owner: Resource) -> Manifest:
    """The record of one decision, which goes when its experiment or Model goes.

    Raises Invalid for a document that is too large even when it is packed.
    """
    about = LABEL_MODEL if isinstance(owner, Model) else LABEL_EXPERIMENT
    marks = labels(COMPONENT_EVIDENCE, {about: bounded(owner.metadata.name)})
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": owned(action.name, owner, marks),
        "immutable": True,
        **_content(action),
    }


def _content(action: RecordEvidence) -> Manifest:
    """The document as text, or packed where it is too large as text."""
    text = action.document.encode()
    if len(text) <= LIMIT_BYTES:
        return {"data": {EVIDENCE_KEY: action.document}}
    packed = base64.b64encode(gzip.compress(text, mtime=0)).decode()
    if len(packed) > LIMIT_BYTES:
        raise Invalid(
            "EvidenceTooLarge",
            f"The record {action.name} has {len(text)} bytes, more than a ConfigMap takes: it is "
            "kept in the table evidence alone; use fewer slices",
        )
    return {"binaryData": {EVIDENCE_KEY_PACKED: packed}}
