"""Imports OpenVINO so that it sends nothing anywhere.

Its converters report their use to a web service through the package ``openvino_telemetry``, which
``import openvino`` loads although serving converts nothing. Where that package cannot be imported,
stubs take its place.
"""

import sys
from importlib import import_module
from types import ModuleType


def import_openvino() -> ModuleType:
    """The module; 30 MB, so only where it serves."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return import_module("openvino")
