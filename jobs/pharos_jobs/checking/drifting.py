"""Who measures drift: a part of this release that may be missing from an image."""

from importlib import import_module
from typing import Protocol

from pharos_api.checking import CheckedVersion
from pharos_api.model import DriftWatch
from pharos_api.retraining import DriftReading
from pharos_jobs.core.prediction_window import PredictionWindow
from pharos_jobs.datasets import Dataset

_MODULE = "pharos_jobs.drift.watching"


class DriftMeter(Protocol):
    """Measures how far the log lies from the data set that production learnt from."""

    def __call__(
        self,
        dataset: Dataset,
        version: CheckedVersion,
        watch: DriftWatch,
        log: PredictionWindow,
    ) -> DriftReading:
        """The scores that can be measured; None in each of the others."""
        ...


def drift_meter() -> DriftMeter | None:
    """The meter, or None in an image without it."""
    try:
        found: DriftMeter = import_module(_MODULE).assess
    except ModuleNotFoundError:
        return None
    return found
