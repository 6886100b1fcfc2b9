"""Sources that other packages bring, by the entry point ``pharos.sources``.

An entry point names a function of the request and the environment that returns a ``PagedSource``.
"""

from collections.abc import Mapping
from importlib.metadata import entry_points

from pharos_api.data import PluginSource
from pharos_api.jobio import FailureReason
from pharos_jobs.errors import StepFault, Terminal
from pharos_jobs.sources.port import PagedSource

GROUP = "pharos.sources"


def plugin(request: PluginSource, environment: Mapping[str, str]) -> PagedSource:
    """The source of the name that the request gives.

    Raises Terminal when there is none, or when its package cannot open it.
    """
    installed = entry_points(group=GROUP)
    named = [each for each in installed if each.name == request.name]
    if len(named) != 1:
        others = ", ".join(sorted({each.name for each in installed})) or "none"
        how_many = "several packages bring" if named else "no package brings"
        raise _unusable(
            f"{how_many} a source {request.name!r} (installed: {others}). Install one that does "
            "in the image of the jobs"
        )
    try:
        factory = named[0].load()
    except Exception as error:
        raise _unusable(
            f"the source {request.name!r} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    try:
        source: PagedSource = factory(request, environment)
    except StepFault:
        raise
    except Exception as error:
        # A stranger's code can raise anything; its own faults are not ours to name.
        raise _unusable(
            f"the source {request.name!r} cannot be opened: {type(error).__name__}: {error}"
        ) from error
    return source


def _unusable(what: str) -> Terminal:
    sentence = what[0].upper() + what[1:]
    return Terminal(FailureReason.SOURCE_UNREADABLE, f"{sentence}.")
