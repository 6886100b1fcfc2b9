"""Whether a ModelVersion that a person made contradicts what is registered already.

What Pharos makes has its number from facts and is never refused here. Of two that contradict each
other the one that was made first stands. Must not decide what a version is used for.
"""

from collections.abc import Sequence

from pharos_api.modelversion import ModelVersion
from pharos_api.names import LABEL_MANAGED_BY
from pharos_api.versioning import is_newer, newest


def refusal(version: ModelVersion, siblings: Sequence[ModelVersion]) -> str:
    """Why the version is refused, in a sentence; empty where it is not.

    ``siblings`` are all versions of its Model, itself among them or not.
    """
    if version.metadata.labels.get(LABEL_MANAGED_BY):
        return ""
    others = [v for v in siblings if v.metadata.uid != version.metadata.uid]
    number = version.spec.version
    twin = next((v for v in others if v.spec.version == number and _stands(v, version)), None)
    if twin is not None:
        return (
            f"{number} is registered already, as {twin.metadata.name} with the digest "
            f"{twin.spec.artifact.sha256[:12]}; delete this object and register its model under a "
            "newer number"
        )
    last = newest(v.spec.version for v in others if _is_earlier(v, version))
    if last is None or is_newer(number, than=last):
        return ""
    return (
        f"New version {number} is not newer than {last}, which was registered before; delete this "
        "object and register its model under a newer number"
    )


def admitted(versions: Sequence[ModelVersion]) -> tuple[ModelVersion, ...]:
    """The versions that nothing speaks against."""
    return tuple(v for v in versions if not refusal(v, versions))


def _stands(first: ModelVersion, second: ModelVersion) -> bool:
    """Whether the first one keeps the number that both have; by name where both are as old."""
    if first.metadata.labels.get(LABEL_MANAGED_BY) or _is_earlier(first, second):
        return True
    return not _is_earlier(second, first) and first.metadata.name < second.metadata.name


def _is_earlier(first: ModelVersion, second: ModelVersion) -> bool:
    """Whether the API server made the first one in an earlier second."""
    one, other = first.metadata.creation_timestamp, second.metadata.creation_timestamp
    return one is not None and other is not None and one < other
