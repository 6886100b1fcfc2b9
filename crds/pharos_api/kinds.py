"""What each kind is called and which columns ``kubectl get`` prints for it.

The columns answer: is it fine, what is it doing, since when.
"""

from dataclasses import dataclass

from pharos_api.abexperiment import ABExperiment
from pharos_api.meta import Resource
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.trainingrun import TrainingRun


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``wide`` ones are printed with ``-o wide`` only."""

    name: str
    path: str
    type: str = "string"
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One custom resource: its type and its names."""

    type: type[Resource]
    plural: str
    singular: str
    short_name: str
    columns: tuple[Column, ...]

    @property
    def name(self) -> str:
        """The kind as YAML spells it."""
        return self.type.__name__


def _condition(name: str, type_: str, field: str = "status", wide: bool = False) -> Column:
    return Column(name, f'.status.conditions[?(@.type=="{type_}")].{field}', wide=wide)


_AGE = Column("Age", ".metadata.creationTimestamp", "date")

KINDS: tuple[Kind, ...] = (
    Kind(
        Model,
        "models",
        "model",
        "pmodel",
        (
            _condition("Ready", "Ready"),
            Column("Phase", ".status.phase"),
            Column("Production", ".status.production.version"),
            Column("Previous", ".status.previous.version", wide=True),
            Column("Experiment", ".status.experiment"),
            Column("Revision", ".status.route.revision", "integer", wide=True),
            Column("Verified", ".status.route.verifiedRevision", "integer", wide=True),
            Column("Since", ".status.production.since", "date"),
            _condition("Message", "Ready", "message", wide=True),
            _AGE,
        ),
    ),
    Kind(
        TrainingRun,
        "trainingruns",
        "trainingrun",
        "trun",
        (
            Column("Model", ".spec.modelRef.name"),
            Column("Phase", ".status.phase"),
            Column("Done", ".status.progress.percent", "integer"),
            Column("ETA-s", ".status.progress.etaS", "integer"),
            Column("Accuracy", ".status.metrics.testAccuracy"),
            Column("Version", ".status.version"),
            _condition("Reason", "Succeeded", "reason"),
            _condition("Message", "Succeeded", "message", wide=True),
            _AGE,
        ),
    ),
    Kind(
        ModelVersion,
        "modelversions",
        "modelversion",
        "mv",
        (
            Column("Model", ".spec.modelRef.name"),
            Column("Version", ".spec.version"),
            Column("Stage", ".status.stage"),
            Column("Phase", ".status.phase"),
            Column("Ready", ".status.readyReplicas", "integer"),
            Column("Accuracy", ".spec.metrics.testAccuracy"),
            Column("Engine", ".status.engine.name", wide=True),
            _condition("Message", "Ready", "message", wide=True),
            _AGE,
        ),
    ),
    Kind(
        ABExperiment,
        "abexperiments",
        "abexperiment",
        "abx",
        (
            Column("Model", ".spec.modelRef.name"),
            Column("Strategy", ".spec.strategy"),
            Column("Candidate", ".status.candidateVersion"),
            Column("Phase", ".status.phase"),
            Column("Step", ".status.currentStep", "integer"),
            Column("Weight", ".status.weight", "integer"),
            Column("Verdict", ".status.verdict"),
            Column("Since", ".status.stepStartedAt", "date"),
            Column("Reason", ".status.reason", wide=True),
            _AGE,
        ),
    ),
)


def kind_of(name: str) -> Kind:
    """The kind of this name. Raises KeyError for one that is not ours."""
    return {kind.name: kind for kind in KINDS}[name]
