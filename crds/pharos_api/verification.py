"""What the operator asks of the verify job and what it answers: the staging stage of an experiment.

The job tries a candidate on its own Service before any user meets it. It ends with a VerifyResult
in its termination message and an ``ExitCode`` of ``jobio``.
"""

from enum import StrEnum
from typing import assert_never

from pydantic import Field

from pharos_api.jobio import TERMINATION_LIMIT_BYTES
from pharos_api.meta import Spec, Status

_SENTENCE_LIMIT = 1000


class VerifyReason(StrEnum):
    """Why a candidate did not pass staging."""

    LABELS_DIFFER = "LabelsDiffer"
    CONTRACT_BROKEN = "ContractBroken"
    ANSWERS_DIFFER = "AnswersDiffer"
    SERVER_ERRORS = "ServerErrors"
    UNREACHABLE = "Unreachable"
    UNHEALTHY = "Unhealthy"
    ARTIFACT_UNREADABLE = "ArtifactUnreadable"
    DIGEST_MISMATCH = "DigestMismatch"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    UNEXPECTED = "Unexpected"

    @property
    def proven(self) -> bool:
        """Whether the model itself is at fault, so that its digest may not come back.

        What a busy node, a store or a network can cause is no proof: another try may pass.
        """
        match self:
            case (
                VerifyReason.LABELS_DIFFER
                | VerifyReason.CONTRACT_BROKEN
                | VerifyReason.ANSWERS_DIFFER
                | VerifyReason.SERVER_ERRORS
            ):
                return True
            case (
                VerifyReason.UNREACHABLE
                | VerifyReason.UNHEALTHY
                | VerifyReason.ARTIFACT_UNREADABLE
                | VerifyReason.DIGEST_MISMATCH
                | VerifyReason.DEADLINE_EXCEEDED
                | VerifyReason.UNEXPECTED
            ):
                return False
            case _:
                assert_never(self)


class VerifyInput(Spec):
    """All that the verify job needs to know.

    ``url`` is the candidate's own Service without a trailing slash. ``promisedLabels`` are those
    that production answers with; empty where nobody knows them. ``warmUpRequests`` are sent before
    anything is judged. ``deadlineS`` is for one try.
    """

    url: str
    model: str
    version: str
    artifact_uri: str
    sha256: str
    promised_labels: list[str] = Field(default_factory=list)
    max_disagreement_percent: int = Field(0, ge=0, le=100)
    warm_up_requests: int = Field(5, ge=0, le=10_000)
    deadline_s: int = Field(600, ge=1)


class VerifyError(Status):
    """Why a candidate did not pass: a reason for machines and a sentence for people."""

    reason: VerifyReason
    message: str


class VerifyResult(Status):
    """What the verify job found.

    ``checks`` counts what was tried and held. Of ``references`` answers, ``disagreements`` had
    another label than at the evaluation; ``largestDifference`` is the largest distance of any
    score from the evaluated one, in 0..1. ``warmUpP95Ms`` is of the warm-up's requests.
    """

    checks: int
    references: int = 0
    disagreements: int = 0
    largest_difference: str = ""
    warm_up_p95_ms: str = Field("", alias="warmUpP95Ms")
    warnings: list[str] = Field(default_factory=list)
    error: VerifyError | None = None

    def to_termination_message(self) -> str:
        """JSON within Kubernetes' limit; sentences are cut where they must be."""
        text = self.model_dump_json(by_alias=True, exclude_none=True)
        if len(text.encode()) <= TERMINATION_LIMIT_BYTES:
            return text
        error = self.error and VerifyError(
            reason=self.error.reason, message=self.error.message[:_SENTENCE_LIMIT] + " …"
        )
        short = self.model_copy(update={"error": error, "warnings": []})
        return short.model_dump_json(by_alias=True, exclude_none=True)


def parse_verify_result(text: str) -> VerifyResult | None:
    """The result in a termination message, or None where there is none to read."""
    try:
        return VerifyResult.model_validate_json(text)
    except ValueError:
        return None
