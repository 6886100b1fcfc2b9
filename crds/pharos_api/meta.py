"""What every custom resource is made of: base models, conditions, references, scalar types.

Conditions follow the Kubernetes API conventions
(https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md):
they are the truth about an object, a phase is only derived from them for people to read.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    StringConstraints,
)
from pydantic.alias_generators import to_camel

GROUP = "pharos.neoalexandria.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"


def rules(*pairs: tuple[str, str]) -> ConfigDict:
    """CEL rules of a type, as ``(rule, sentence that a person reads when it is broken)``.

    They end up as ``x-kubernetes-validations`` in the CRD, so the API server refuses a bad object
    at apply (https://kubernetes.io/docs/reference/using-api/cel/).
    """
    found: list[JsonValue] = [{"rule": rule, "message": message} for rule, message in pairs]
    return ConfigDict(json_schema_extra={"x-kubernetes-validations": found})


def decimal_rule(field: str, comparison: str) -> str:
    """CEL for ``field comparison``; silent where there is no number: that has a rule of its own."""
    return f"!self.{field}.matches('^[0-9]') || double(self.{field}) {comparison}"


class Spec(BaseModel):
    """Base of everything a person writes: frozen, camelCase in YAML, unknown fields refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    def to_json(self) -> dict[str, Any]:
        """The object as it stands in YAML: camelCase, without what was not given."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Status(Spec):
    """Base of everything the operator writes.

    Unknown fields are ignored, so that an older operator can read what a newer one wrote.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )


_DURATION = re.compile(r"(\d+)(ms|s|m|h|d)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION_PATTERN = r"^([0-9]+(ms|s|m|h|d))+$"
DECIMAL_PATTERN = r"^[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?$"
NAME_PATTERN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"


def seconds(duration: str) -> float:
    """Length of a duration such as ``90s``, ``1h30m`` or ``14d``, in seconds."""
    parts = _DURATION.findall(duration)
    if not parts or "".join(n + unit for n, unit in parts) != duration:
        raise ValueError(f"{duration!r} is no duration; write for example 90s, 1h30m or 14d")
    return sum(int(number) * _UNIT_S[unit] for number, unit in parts)


def span(duration: str) -> timedelta:
    """The same as a timedelta."""
    return timedelta(seconds=seconds(duration))


def rfc3339(moment: datetime) -> str:
    """A moment the way Kubernetes writes it: UTC, whole seconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def whole_seconds(moment: datetime) -> datetime:
    """A moment as statuses store it."""
    return moment.replace(microsecond=0)


Duration = Annotated[str, StringConstraints(pattern=DURATION_PATTERN, max_length=32)]
# Kubernetes' conventions forbid floats in specs: decimals travel as strings.
DecimalString = Annotated[str, StringConstraints(pattern=DECIMAL_PATTERN, max_length=32)]
SIGNED_PATTERN = r"^-?[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?$"
SignedDecimalString = Annotated[str, StringConstraints(pattern=SIGNED_PATTERN, max_length=32)]
Time = Annotated[datetime, PlainSerializer(rfc3339, return_type=str)]
Percent = Annotated[int, Field(ge=0, le=100)]


def decimal(text: str) -> Decimal:
    """The value of a DecimalString."""
    return Decimal(text)


class ObjectRef(Spec):
    """A reference to an object of a known kind in the same namespace."""

    name: Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=63)]


class ConditionStatus(StrEnum):
    """What is known of a condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(Status):
    """One observation about an object."""

    type: str
    status: ConditionStatus
    reason: str
    message: str = ""
    observed_generation: int | None = None
    last_transition_time: Time


class Command(Status):
    """A verb that a person asks for, written to the status so that GitOps does not undo it.

    ``id`` makes a repeated write harmless: the operator notes in ``status.observedCommand`` the
    last id that it carried out.
    """

    id: str
    verb: str
    by: str = ""
    reason: str = ""
    version: str = ""
    at: Time | None = None


class Metadata(Status):
    """The part of ``metadata`` that Pharos reads."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class Resource(Status):
    """A whole object: what the API server stores."""

    api_version: Literal["pharos.neoalexandria.io/v1alpha1"] = "pharos.neoalexandria.io/v1alpha1"
    kind: str
    metadata: Metadata


QuantityString = Annotated[str, StringConstraints(max_length=32)]


class Quantities(Spec):
    """Requests and limits of one container, as Kubernetes writes them."""

    requests: dict[str, QuantityString] = Field(default_factory=dict, max_length=20)
    limits: dict[str, QuantityString] = Field(default_factory=dict, max_length=20)
