"""Asks the prediction log about an experiment's arms. Never raises: an outage is an answer too.

The questions are ``pharos_store``'s; what the numbers mean is decided elsewhere.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from math import inf
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from pharos_analysis.samples import (
    ArmLog,
    ClassCounts,
    Histogram,
    LabelledMetric,
    LabelSample,
    PairSample,
    UserTotals,
)
from pharos_api.assignment import Arm
from pharos_api.metrics import Slice
from pharos_operator import ports
from pharos_operator.adapters.problems import in_words
from pharos_store.connecting import open_engine
from pharos_store.coverage import CoverageQuestion, label_coverage
from pharos_store.labels import GroupTotals, LabelQuestion, LabelTotals, label_totals
from pharos_store.pairs import BOUNDS_MS, PairQuestion, PairTotals, pair_totals

log = logging.getLogger(__name__)
S = TypeVar("S", LabelSample, PairSample)
NO_DATABASE = "no database is configured; enable postgresql in the chart, or name one of your own"


class StoredLabels:
    """Fulfils ``ports.Labels`` over the database; a query takes at most ``timeout_s``."""

    def __init__(self, engine: Engine, timeout_s: float = 30.0) -> None:
        self._engine = engine
        self._timeout_s = timeout_s

    async def labels(
        self,
        experiment_uid: str,
        until: datetime,
        exposure: int,
        slices: tuple[Slice, ...] = (),
    ) -> LabelSample:
        """Both arms' users and labels; rows before ``until`` are mature."""
        question = LabelQuestion(UUID(experiment_uid), until, exposure, slices)
        asked = (("labels", _words(question)),)

        def ask() -> LabelSample:
            totals = label_totals(self._engine, question, self._timeout_s)
            return label_sample(totals, until, asked)

        return await _answered(
            ask, lambda error: LabelSample(until=until.isoformat(), queries=asked, error=error)
        )

    async def coverage(self, version_uid: str, since: datetime, until: datetime) -> ArmLog | None:
        """A version's predictions of that time and those with a label; None in an outage."""
        question = CoverageQuestion(UUID(version_uid), since, until)
        try:
            mature, labelled = await asyncio.to_thread(
                label_coverage, self._engine, question, self._timeout_s
            )
        except SQLAlchemyError as problem:
            log.info("the coverage of labels is not known", extra={"problem": in_words(problem)})
            return None
        return ArmLog(mature=mature, labelled=labelled)

    async def pairs(self, experiment_uid: str, since: datetime, until: datetime) -> PairSample:
        """The requests of that time that both versions answered."""
        question = PairQuestion(UUID(experiment_uid), since, until)

        def ask() -> PairSample:
            return pair_sample(pair_totals(self._engine, question, self._timeout_s))

        return await _answered(ask, lambda error: PairSample(error=error))


class NoLabels:
    """Fulfils ``ports.Labels`` where no database is configured."""

    async def labels(
        self,
        experiment_uid: str,
        until: datetime,
        exposure: int,
        slices: tuple[Slice, ...] = (),
    ) -> LabelSample:
        """An error that says so."""
        del experiment_uid, exposure, slices
        return LabelSample(until=until.isoformat(), error=NO_DATABASE)

    async def coverage(self, version_uid: str, since: datetime, until: datetime) -> ArmLog | None:
        """Without a database no label ever comes."""
        del version_uid, since, until
        return ArmLog()

    async def pairs(self, experiment_uid: str, since: datetime, until: datetime) -> PairSample:
        """An error that says so."""
        del experiment_uid, since, until
        return PairSample(error=NO_DATABASE)


def labels(url: str) -> ports.Labels:
    """What the database at ``url`` says; without one, that there is none."""
    return StoredLabels(open_engine(url)) if url else NoLabels()


def label_sample(
    totals: LabelTotals, until: datetime, asked: tuple[tuple[str, str], ...]
) -> LabelSample:
    """The store's totals as the analysis takes them."""
    return LabelSample(
        control=_arm_log(totals, Arm.CONTROL),
        candidate=_arm_log(totals, Arm.CANDIDATE),
        metrics=_metrics(totals.groups),
        multiple=totals.multiple,
        contradictions=totals.contradictions,
        until=until.isoformat(),
        queries=asked,
    )


def pair_sample(totals: PairTotals) -> PairSample:
    """The store's totals as the analysis takes them."""
    return PairSample(
        pairs=totals.pairs,
        agreed=totals.agreed,
        labelled=totals.labelled,
        only_control=totals.only_control,
        only_candidate=totals.only_candidate,
        errors=totals.errors,
        control_latency=_histogram(totals.control_latency),
        candidate_latency=_histogram(totals.candidate_latency),
    )


async def _answered(ask: Callable[[], S], failed: Callable[[str], S]) -> S:
    try:
        return await asyncio.to_thread(ask)
    except SQLAlchemyError as problem:
        return failed(f"the database does not answer: {in_words(problem)}")


def _words(question: LabelQuestion) -> str:
    return (
        f"prediction_logs of experiment {question.experiment_id} before "
        f"{question.until.isoformat()}, {question.exposure} buckets an arm"
    )


def _arm_log(totals: LabelTotals, arm: Arm) -> ArmLog:
    found = totals.arms.get(arm.value)
    if found is None:
        return ArmLog()
    classes = tuple(
        ClassCounts(each.name, each.labelled, each.predicted, each.right)
        for each in totals.classes
        if each.arm == arm
    )
    return ArmLog(found.users, found.rows, found.mature, found.labelled, found.dropped, classes)


def _metrics(groups: Sequence[GroupTotals]) -> tuple[LabelledMetric, ...]:
    """Both arms of each metric and group; the largest groups first, everybody before them."""
    found = {(row.metric, row.group, row.arm): _users(row) for row in groups}
    users: dict[tuple[str, str], int] = {}
    for row in groups:
        users[row.metric, row.group] = users.get((row.metric, row.group), 0) + row.users
    ordered = sorted(users, key=lambda place: (place[0], place[1] != "", -users[place], place[1]))
    return tuple(
        LabelledMetric(
            metric,
            control=found.get((metric, group, Arm.CONTROL.value), UserTotals()),
            candidate=found.get((metric, group, Arm.CANDIDATE.value), UserTotals()),
            group=group,
        )
        for metric, group in ordered
    )


def _users(row: GroupTotals) -> UserTotals:
    return UserTotals(row.users, row.n, row.s, row.nn, row.ns, row.ss)


def _histogram(counts: Sequence[int]) -> Histogram:
    return Histogram((*BOUNDS_MS, inf), tuple(map(float, counts)))
