"""Imports OpenVINO and NNCF so that they send nothing anywhere.

Both report their use to a web service through the package ``openvino_telemetry`` unless a file in
the home folder says no. Where that package cannot be imported, both fall back to stubs: so it is
made impossible to import, for the whole process, before either is loaded.
"""

import logging
import sys
from importlib import import_module
from types import ModuleType

_REPORTER = "openvino_telemetry"


def load_openvino() -> ModuleType:
    """OpenVINO; a second. Raises RuntimeError if its reporter was loaded before."""
    return _quietly("openvino")


def load_nncf() -> ModuleType:
    """NNCF; some seconds. Raises RuntimeError if its reporter was loaded before.

    It prints what it leaves out as plain lines among those of our log: only its warnings stay.
    """
    nncf = _quietly("nncf")
    nncf.set_log_level(logging.WARNING)
    return nncf


def _quietly(name: str) -> ModuleType:
    if sys.modules.get(_REPORTER) is not None:
        raise RuntimeError(f"{_REPORTER} was loaded first; import {name} through export.quiet")
    sys.modules[_REPORTER] = None  # type: ignore[assignment]  # how Python forbids an import
    return import_module(name)
