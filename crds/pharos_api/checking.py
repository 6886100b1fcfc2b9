"""What the check of a Model is told, and what it answers.

The operator renders a CheckInput into the CronJob's pod; the pod ends with a CheckResult in its
termination message (at most 4,096 bytes). The check has no access to Kubernetes.
"""

from pydantic import Field

from pharos_api.data import Data
from pharos_api.jobio import TERMINATION_LIMIT_BYTES, StepError
from pharos_api.meta import Spec, Status
from pharos_api.model import DriftWatch, RetrainingPolicy
from pharos_api.retraining import Attempt, DriftReading, Trigger, TriggerReading

_SENTENCE_LIMIT = 300


class CheckedVersion(Spec):
    """The version in production: what is compared with.

    ``dataset_sha256`` names the data set below the artifact root that it was trained on.
    ``accuracy`` is a decimal string: what it had on its test split when it was registered.
    ``trainedAt`` is the midnight that began the last day of its data: what is new came since then.
    All times are RFC 3339.
    """

    name: str
    uid: str
    version: str
    model_uri: str
    dataset_sha256: str = ""
    accuracy: str | None = None
    promoted_at: str | None = None
    trained_at: str | None = None


class CheckInput(Spec):
    """All that a check needs to know. ``data`` is that of the policy's template.

    The policy comes without its template, which may be large.

    ``attempt`` is the last retraining: what it was made on is not new. Its ``answered`` are empty
    where another version than its parent is in production. ``forced`` is why a person asked for a
    retraining; empty where the schedule asks.
    """

    namespace: str
    model: str
    uid: str
    artifact_root: str
    policy: RetrainingPolicy
    drift: DriftWatch = DriftWatch()
    data: Data | None = None
    labels: list[str] | None = None
    production: CheckedVersion | None = None
    attempt: Attempt | None = None
    forced: str = ""


class CheckResult(Status):
    """What a check found. ``due`` with its ``trigger`` asks the operator for one TrainingRun.

    ``dataset_samples`` are those of production's data set, ``new_samples`` those that came since,
    with what a later retraining was made on.
    ``production`` is the version that the check was told of, such as ``v1.2.0``; empty for none.
    """

    production: str = ""
    due: bool = False
    trigger: Trigger | None = None
    reason: str = ""
    readings: list[TriggerReading] = Field(default_factory=list)
    dataset_samples: int = 0
    new_samples: int = 0
    drift: DriftReading | None = None
    error: StepError | None = None

    def to_termination_message(self) -> str:
        """JSON within Kubernetes' limit; sentences are cut where they must be."""
        text = self.model_dump_json(by_alias=True, exclude_none=True)
        if len(text.encode()) <= TERMINATION_LIMIT_BYTES:
            return text
        short = self.model_copy(
            update={
                "reason": _cut(self.reason),
                "readings": [
                    each.model_copy(update={"message": _cut(each.message)})
                    for each in self.readings
                ],
                "error": self.error
                and StepError(reason=self.error.reason, message=_cut(self.error.message)),
            }
        )
        return short.model_dump_json(by_alias=True, exclude_none=True)


def parse_check_result(text: str) -> CheckResult | None:
    """The result in a termination message, or None where there is none to read."""
    try:
        return CheckResult.model_validate_json(text)
    except ValueError:
        return None


def _cut(sentence: str) -> str:
    # Bytes are what is limited, and a letter may take several.
    if len(sentence.encode()) <= _SENTENCE_LIMIT:
        return sentence
    return sentence.encode()[:_SENTENCE_LIMIT].decode(errors="ignore") + " …"
