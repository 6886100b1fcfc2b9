"""What an artifact root holds, as ``python -m pharos_jobs inventory`` tells it.

Enough to make the same ModelVersions again in a cluster that knows none of them.
"""

from typing import Any

from pydantic import Field

from pharos_api.meta import Spec, Status
from pharos_api.model import Quarantined
from pharos_api.modelversion import ModelVersionSpec

MODEL_SPEC = "model.json"


class StoredModel(Spec):
    """One model of the root.

    ``spec`` is the Model's as the registry was last told, None where it was told none.
    ``production`` is a version, empty for none; ``quarantined`` are those that may not return, and
    ``refused`` the same by digest, with their reasons. ``givenUp`` are versions that an experiment
    gave up, each with its sentence.
    ``flaws`` are sentences about folders that hold no whole version.
    """

    namespace: str
    model: str
    spec: dict[str, Any] | None = None
    production: str = ""
    quarantined: list[str] = Field(default_factory=list)
    refused: list[Quarantined] = Field(default_factory=list)
    given_up: dict[str, str] = Field(default_factory=dict)
    versions: list[ModelVersionSpec] = Field(default_factory=list)
    flaws: list[str] = Field(default_factory=list)


class Restored(Status):
    """What an import says of a Model in the annotation ``restored``, before it has any status.

    The operator follows it as long as nothing is in production: it waits for that version, and
    quarantines what was quarantined. ``givenUp`` counts for as long as no experiment here has tried
    the version.
    """

    production: str = ""
    quarantined: list[str] = Field(default_factory=list)
    refused: list[Quarantined] = Field(default_factory=list)
    given_up: dict[str, str] = Field(default_factory=dict)


class Inventory(Spec):
    """All models below a root."""

    artifact_root: str
    models: list[StoredModel] = Field(default_factory=list)


class Compared(Spec):
    """Two versions on the same texts. Shares are in 0..1, the interval is one of 95 percent.

    ``onlyFirst`` and ``onlySecond`` count the texts that one version alone got right; ``pValue`` is
    McNemar's exact one, two-sided. ``leftOut`` counts texts that one of them had learnt from.
    """

    texts: int
    left_out: int = 0
    first_accuracy: float
    second_accuracy: float
    difference: float
    low: float
    high: float
    only_first: int
    only_second: int
    p_value: float
    source: str
