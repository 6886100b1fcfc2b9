"""When an experiment's metrics are looked at, and over which window: as often as it is decided.

An experiment that exposes nobody, or has ended, costs no query.
"""

import dataclasses
from datetime import datetime

from pharos_analysis.samples import Sample
from pharos_api import names
from pharos_api.abexperiment import ABExperiment
from pharos_api.assignment import Arm
from pharos_operator.decide.experiments.evidence import sample_window_s
from pharos_operator.decide.observation import ExperimentObservation
from pharos_operator.ports import Metrics


class Sampling:
    """Adds a sample of the metrics to a look at an experiment."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def with_sample(self, obs: ExperimentObservation, now: datetime) -> ExperimentObservation:
        """The same look, with a sample where one is due."""
        experiment = obs.experiment
        window_s = sample_window_s(experiment.status, now)
        if window_s is None:
            return obs
        return dataclasses.replace(obs, sample=await self._sample(experiment, window_s))

    async def _sample(self, experiment: ABExperiment, window_s: float) -> Sample:
        status = experiment.status
        control = _cluster(experiment, status.control_version, Arm.CONTROL)
        candidate = _cluster(experiment, status.candidate_version, Arm.CANDIDATE)
        return await self._metrics.sample(control, candidate, window_s)


def _cluster(experiment: ABExperiment, version: str, arm: Arm) -> str:
    model = experiment.spec.model_ref.name
    return names.cluster_name(experiment.metadata.namespace, model, version, arm)
