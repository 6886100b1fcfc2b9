"""What an import says of a Model in its annotation; one that cannot be read says nothing."""

from pydantic import ValidationError

from pharos_api.inventory import Restored
from pharos_api.model import Model
from pharos_api.names import ANNOTATION_RESTORED


def told_by_import(model: Model) -> Restored | None:
    """None where the Model was not imported."""
    text = model.metadata.annotations.get(ANNOTATION_RESTORED, "")
    try:
        return Restored.model_validate_json(text) if text else None
    except ValidationError:
        return None
