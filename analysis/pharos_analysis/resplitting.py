"""The logged users of one version, divided by the lot of experiments into two arms of nothing.

Each split is given at several moments, as if its users came in one after the other. Sums over users
alone; must not test anything.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, compress, pairwise
from math import inf
from operator import add

from pharos_analysis.samples import ArmSample, Histogram, UserTotals
from pharos_api.assignment import HALF
from pharos_api.metrics import BuiltIn

Lot = Callable[[str, str], int]
"""A user's bucket (0..9999) under a salt."""


@dataclass(frozen=True, slots=True)
class UserLog:
    """What the log says of one user: counts of predictions.

    ``latency`` are cumulative at the bounds of the log, the last one is all ``requests``.
    """

    user: str
    requests: int
    errors: int = 0
    labelled: int = 0
    right: int = 0
    rated: int = 0
    satisfied: int = 0
    latency: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class UsersLog:
    """Users of one version, in an order that says nothing of what they did.

    ``bounds_ms`` go with each user's ``latency``; the last one, infinity, is left out. ``repeated``
    are rows whose request another row has too. ``error`` is the store's own message.
    """

    users: tuple[UserLog, ...] = ()
    bounds_ms: tuple[float, ...] = ()
    repeated: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Half:
    """One arm of a split: its users, its requests, and its metrics on labels by name."""

    users: int
    sample: ArmSample
    labelled: dict[str, UserTotals]


Pair = tuple[Half, Half]
_Sums = list[float]
_TERMS = 6


class Resplitting:
    """A log that is ready to be divided under many salts."""

    def __init__(self, log: UsersLog, looks: int) -> None:
        self._bounds_ms = (*log.bounds_ms, inf)
        self._names = [user.user for user in log.users]
        cuts = [len(log.users) * look // looks for look in range(looks + 1)]
        self._parts = [slice(first, last) for first, last in pairwise(cuts)]
        rows = [_terms(user) for user in log.users]
        self._columns = [list(zip(*rows[part], strict=True)) for part in self._parts]
        self._whole = [[float(sum(column)) for column in part] for part in self._columns]

    def pairs(self, salt: str, lot: Lot) -> Iterator[Pair]:
        """Control and candidate under this salt, at each look."""
        chosen = [lot(salt, name) < HALF for name in self._names]
        candidates = [
            [float(sum(compress(column, chosen[part]))) for column in columns]
            for part, columns in zip(self._parts, self._columns, strict=True)
        ]
        seen = zip(_growing(self._whole), _growing(candidates), strict=True)
        for whole, candidate in seen:
            control = [every - own for every, own in zip(whole, candidate, strict=True)]
            yield self._half(control), self._half(candidate)

    def _half(self, sums: _Sums) -> Half:
        users, requests, errors, *rest = sums
        accuracy, satisfaction = rest[:_TERMS], rest[_TERMS : 2 * _TERMS]
        histogram = Histogram(self._bounds_ms, tuple(rest[2 * _TERMS :]))
        labelled = {
            BuiltIn.ACCURACY.value: UserTotals(int(accuracy[0]), *accuracy[1:]),
            BuiltIn.SATISFACTION.value: UserTotals(int(satisfaction[0]), *satisfaction[1:]),
        }
        return Half(int(users), ArmSample(requests, errors, histogram), labelled)


def _terms(user: UserLog) -> tuple[int, ...]:
    accuracy, satisfaction = (user.labelled, user.right), (user.rated, user.satisfied)
    of_labels = (*_powers(*accuracy), *_powers(*satisfaction))
    return (1, user.requests, user.errors, *of_labels, *user.latency)


def _powers(n: int, s: int) -> tuple[int, ...]:
    """One user's part of the six sums of ``UserTotals``."""
    return (min(1, n), n, s, n * n, n * s, s * s)


def _growing(parts: Sequence[_Sums]) -> Iterator[_Sums]:
    return accumulate(parts, lambda old, new: list(map(add, old, new)))
