"""Imports OpenVINO and NNCF so that they send nothing anywhere.

Both report their use to a web service through the package ``openvino_telemetry`` unless a file in
the home folder says no. Where that package cannot be imported, both fall back to stubs: so it is
made impossible to import, for the whole process, before either is loaded.
"""

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any

_REPORTER = "openvino_telemetry"


@dataclass(frozen=True, slots=True)
class Tools:
    """The two modules."""

    openvino: Any
    nncf: Any


def tools() -> Tools:
    """Load both; seconds, and only once. Raises RuntimeError if they were loaded before."""
    if sys.modules.get(_REPORTER) is not None:
        raise RuntimeError(f"{_REPORTER} was loaded first; import OpenVINO through export.quiet")
    sys.modules[_REPORTER] = None  # type: ignore[assignment]  # how Python forbids an import
    return Tools(import_module("openvino"), import_module("nncf"))
