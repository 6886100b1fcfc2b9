"""Why a step could not go on: typed errors with a reason for machines and a sentence for people.

    StepFault
    ├── Retryable            the world was away; another try can help
    │   ├── RateLimitError   a source asked for patience (row ERR-1)
    │   └── Interrupted      the process was asked to stop; a checkpoint lies ready
    └── Terminal             the data or the spec cannot work
        ├── OutOfMemory      can work with a smaller micro-batch
        └── TrainingDivergenceError   the loss is no number any more (row ERR-6)

Only ``__main__`` turns them into a StepResult and an exit code.
"""

from pharos_api.jobio import ExitCode, FailureReason


class StepFault(Exception):
    """A step cannot go on; ``str()`` is the sentence that a person reads."""

    exit_code = ExitCode.UNEXPECTED

    def __init__(self, reason: FailureReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Retryable(StepFault):
    """Another try of the same step can succeed."""

    exit_code = ExitCode.RETRYABLE


class Terminal(StepFault):
    """No other try can succeed until a person changes the data or the spec."""

    exit_code = ExitCode.BAD_INPUT


class RateLimitError(Retryable):
    """A source refused because it was asked too often; it may say when to come back."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(FailureReason.SOURCE_UNAVAILABLE, message)
        self.retry_after_s = retry_after_s


class Interrupted(Retryable):
    """The process was asked to stop and has kept what it had."""

    def __init__(self, message: str) -> None:
        super().__init__(FailureReason.STEP_FAILED, message)


class OutOfMemory(Terminal):
    """The micro-batch does not fit; the operator starts again with half of it (row ERR-5)."""

    exit_code = ExitCode.OUT_OF_MEMORY

    def __init__(self, message: str) -> None:
        super().__init__(FailureReason.OUT_OF_MEMORY, message)


class TrainingDivergenceError(Terminal):
    """The loss became NaN or infinite; the last good checkpoint stays."""

    exit_code = ExitCode.DIVERGED

    def __init__(self, message: str) -> None:
        super().__init__(FailureReason.TRAINING_DIVERGED, message)
