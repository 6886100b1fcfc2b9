"""What came back over the gateway, and what it proves. Pure.

Times are seconds of the system's monotonic clock, which all processes of one machine share.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil

from pharos_api.assignment import Arm, assign

OK = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """One request as its client saw it; ``due_s`` is when it had to leave, whether it could or not.

    ``status`` 0 means that no answer came. ``pod_arm`` and ``pod_version`` are the arm that the
    model server was told and the version that it really is, where it says so.
    """

    user: str
    due_s: float
    done_s: float
    status: int
    arm: str = ""
    version: str = ""
    revision: int = -1
    pod_arm: str = ""
    pod_version: str = ""
    error: str = ""

    @property
    def took_s(self) -> float:
        """From the moment it was due, so that a client that is late hides nothing."""
        return self.done_s - self.due_s


@dataclass(frozen=True, slots=True)
class Truth:
    """What the split is at each revision: exposure in buckets an arm, and the two versions."""

    salt: str
    exposures: Mapping[int, int]
    control: str
    candidate: str

    def version(self, arm: Arm) -> str:
        """The version that serves an arm."""
        return self.candidate if arm is Arm.CANDIDATE else self.control


def failed(answers: Iterable[Answer]) -> list[Answer]:
    """Those without a good answer."""
    return [answer for answer in answers if answer.status != OK]


def misrouted(answers: Iterable[Answer], truth: Truth) -> list[Answer]:
    """Answers of another arm or version than the user's own at the revision that they name.

    An answer that names a revision that never was counts as misrouted.
    """
    return [a for a in answers if a.status != 0 and not _is_right(a, truth)]


def stale(answers: Iterable[Answer], acknowledged_s: Mapping[int, float]) -> list[Answer]:
    """Answers of an older revision than one that all gateways had confirmed before they were due.

    ``acknowledged_s``: revision -> when the last gateway confirmed it.
    """
    confirmed = sorted((at, revision) for revision, at in acknowledged_s.items())
    newest = list(accumulate((revision for _, revision in confirmed), max))
    times = [at for at, _ in confirmed]
    found, reached = [], 0
    for answer in sorted(answers, key=lambda each: each.due_s):
        while reached < len(times) and times[reached] <= answer.due_s:
            reached += 1
        if answer.status != 0 and reached and answer.revision < newest[reached - 1]:
            found.append(answer)
    return found


def quantile(values: Iterable[float], share: float) -> float | None:
    """The nearest-rank quantile; None of nothing."""
    ordered = sorted(values)
    return ordered[max(1, ceil(len(ordered) * share)) - 1] if ordered else None


def median(values: Iterable[float]) -> float | None:
    """The nearest-rank median; None of nothing."""
    return quantile(values, 0.5)


def safety_s(
    answers: Sequence[Answer], is_candidate: Callable[[Answer], bool], since_s: float = 0.0
) -> float | None:
    """From the candidate's first 5xx at or after ``since_s`` to the last response it served.

    The clock of the rivals' figures: both ends as the client saw them. None without a 5xx.
    """
    own = [answer for answer in answers if is_candidate(answer)]
    bad = [answer.done_s for answer in own if answer.status >= 500 and answer.done_s >= since_s]
    return max(answer.done_s for answer in own) - min(bad) if bad else None


def _is_right(answer: Answer, truth: Truth) -> bool:
    exposure = truth.exposures.get(answer.revision)
    if exposure is None:
        return False
    arm = assign(truth.salt, answer.user, exposure)
    told = answer.pod_arm in ("", arm)
    served = answer.pod_version in ("", truth.version(arm))
    return answer.arm == arm and answer.version == truth.version(arm) and told and served
