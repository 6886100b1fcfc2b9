"""What is known of the connected gateways. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class GatewayState:
    """One connected gateway, as its own acknowledgements tell.

    ``live``: model key (``namespace/model``) -> route revision that the gateway routes by.
    ``rejected``: why it refuses a part of the newest snapshot; the part before keeps serving.
    """

    node: str
    live: Mapping[str, int]
    rejected: str | None
    connected_at: datetime

    def to_json(self) -> dict[str, Any]:
        """For the operator's ``/gateways``, where replicas read each other's gateways."""
        return {
            "node": self.node,
            "live": dict(self.live),
            "rejected": self.rejected,
            "connectedAt": self.connected_at.isoformat(),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "GatewayState":
        """The reverse of ``to_json``. Raises KeyError or ValueError for anything else."""
        return GatewayState(
            node=data["node"],
            live={key: int(revision) for key, revision in data["live"].items()},
            rejected=data["rejected"],
            connected_at=datetime.fromisoformat(data["connectedAt"]),
        )


def newest(states: Iterable[GatewayState]) -> dict[str, GatewayState]:
    """Each gateway's latest connection; an older one is about to be noticed as dead."""
    return {s.node: s for s in sorted(states, key=lambda state: state.connected_at)}
