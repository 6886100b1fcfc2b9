"""From an action to whole manifests: finds in the index what a rendering needs besides."""

from pharos_operator.decide.decision import Manifest, Platform
from pharos_operator.errors import Terminal
from pharos_operator.reconcile.act import Rendered
from pharos_operator.reconcile.index import Entry, Index


class Manifests:
    """Fulfils ``act.Renderer``."""

    def __init__(self, index: Index, platform: Platform) -> None:
        self._index = index
        self._platform = platform

    def manifests(self, action: Rendered, owner: Entry) -> tuple[Manifest, ...]:
        """The objects that shall exist."""
        raise Terminal("NotRendered", f"{type(action).__name__} of {owner.key.name}")
