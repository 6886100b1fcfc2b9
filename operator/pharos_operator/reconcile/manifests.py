"""From an action to whole manifests: finds in the index what a rendering needs besides."""

from pydantic import ValidationError

from pharos_api.abexperiment import ABExperiment
from pharos_api.meta import Resource
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.trainingrun import TrainingRun
from pharos_operator.decide.decision import Manifest, Platform
from pharos_operator.reconcile.index import Entry, Index, Key
from pharos_operator.reconcile.observe import parsed
from pharos_operator.render.manifests import Rendered, Scene, manifests

_TYPES: dict[str, type[Resource]] = {
    "Model": Model,
    "TrainingRun": TrainingRun,
    "ModelVersion": ModelVersion,
    "ABExperiment": ABExperiment,
}


class Manifests:
    """Fulfils ``act.Renderer``."""

    def __init__(self, index: Index, platform: Platform) -> None:
        self._index = index
        self._platform = platform

    def manifests(self, action: Rendered, owner: Entry) -> tuple[Manifest, ...]:
        """The objects that shall exist."""
        scene = Scene(parsed(owner, _TYPES[owner.key.kind]), self._model(owner), self._platform)
        return manifests(action, scene)

    def _model(self, owner: Entry) -> Model | None:
        reference = owner.body.get("spec", {}).get("modelRef") or {}
        entry = self._index.get(Key("Model", owner.key.namespace, reference.get("name", "")))
        try:
            return Model.model_validate(entry.body) if entry else None
        except ValidationError:
            return None
