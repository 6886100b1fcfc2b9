"""How a candidate is brought to users: strategies and steps, shared by Model and ABExperiment."""

from enum import StrEnum

from pydantic import Field

from pharos_api.meta import Duration, Spec


class Strategy(StrEnum):
    """How traffic moves from one version to another."""

    CANARY = "Canary"
    BLUE_GREEN = "BlueGreen"
    AB_TEST = "ABTest"
    SHADOW = "Shadow"
    MANUAL = "Manual"


class Step(Spec):
    """Give the candidate ``percent`` of the users and hold for at least ``holdFor``.

    At most half of the users are on the candidate while it is compared, because the control arm is
    as large; a last step of 100 is the promotion itself.
    """

    percent: int = Field(ge=1, le=100)
    hold_for: Duration = "1h"
