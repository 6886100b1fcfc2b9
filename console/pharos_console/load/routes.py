"""The routes of a Model by revision, collected while traffic runs.

With them each answer can be checked against the split that was live when it was given.
"""

import threading
from types import TracebackType
from typing import Self

from pharos_api.model import Model, Route
from pharos_console.cluster import Cluster
from pharos_console.errors import ClusterAway


class RouteLog:
    """Watches one Model in a thread; ``known()`` is every route seen so far."""

    def __init__(self, cluster: Cluster, model: str) -> None:
        self._cluster, self._model = cluster, model
        self._routes: dict[int, Route] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="route-log", daemon=True)

    def __enter__(self) -> Self:
        self.observe(self._cluster.get(Model, self._model))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()

    def observe(self, model: Model) -> None:
        """Note the route that a Model carries now."""
        route = model.status.route
        self._routes.setdefault(route.revision, route)

    def known(self) -> dict[int, Route]:
        """Routes by revision."""
        return dict(self._routes)

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                for model in self._cluster.events(Model, seconds=5):
                    if model.metadata.name == self._model:
                        self.observe(model)
            except ClusterAway:
                self._stop.wait(0.5)  # the API server is away: traffic goes on, so do we
