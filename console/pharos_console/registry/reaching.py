"""How the registry's commands reach the artifacts: from here, or through a pod of the cluster."""

import uuid
from dataclasses import dataclass

from pharos_console.cluster import Cluster
from pharos_console.jobs_pod import KEPT, Streams, run_here, run_in_pod
from pharos_console.platform import Platform, read_platform
from pharos_console.pod_manifest import PodCommand


@dataclass(frozen=True, slots=True)
class Reach:
    """Runs commands of ``pharos_jobs`` on the artifacts below ``root``.

    ``cluster`` None means that they are reached from this machine.
    """

    root: str
    cluster: Cluster | None = None
    platform: Platform | None = None

    def run(self, args: list[str], streams: Streams = KEPT) -> bytes:
        """The command's output. Raises UsageError with its own sentence when it fails."""
        if self.cluster is None or self.platform is None:
            return run_here(args, streams)
        command = PodCommand(f"pharos-registry-{uuid.uuid4().hex[:8]}", args)
        return run_in_pod(self.cluster, self.platform, command, streams)


def reach(cluster: Cluster, root: str, here: bool) -> Reach:
    """The way to the artifacts of an installation; ``root`` empty takes the operator's own."""
    if here and root:
        return Reach(root.rstrip("/"))
    platform = read_platform(cluster)
    place = (root or platform.artifact_root).rstrip("/")
    return Reach(place) if here else Reach(place, cluster, platform)
