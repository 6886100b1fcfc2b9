"""One look at an admitted experiment: what a strategy decides from, with what the metrics said.

A value only. Must not decide.
"""

from dataclasses import dataclass
from datetime import datetime

from pharos_api.abexperiment import ABExperimentSpec, Arms, Measurement
from pharos_api.model import Model
from pharos_operator.decide.observation import ExperimentObservation


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a running experiment. ``measured`` is empty where no sample was due."""

    obs: ExperimentObservation
    model: Model
    measured: tuple[Measurement, ...]
    arms: Arms | None
    now: datetime

    @property
    def spec(self) -> ABExperimentSpec:
        """The experiment's spec."""
        return self.obs.experiment.spec

    @property
    def uid(self) -> str:
        """The experiment's UID."""
        return self.obs.experiment.metadata.uid
