"""Why a candidate did not pass, as an exception with the reason and the sentence."""

from pharos_api.verification import VerifyReason


class Unverified(Exception):
    """The candidate did not pass; ``str()`` is the sentence that a person reads."""

    def __init__(self, reason: VerifyReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
