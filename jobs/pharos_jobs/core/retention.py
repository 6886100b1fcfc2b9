"""What of the artifact store stays and what goes: from what lies there and what holds it. Pure.

The plan is the same for a dry run and for the act. Ages count from collection (settled point A38):
raw papers and data sets from the day their papers were collected, everything else from its last
change. Of each version that stays, the newest report on drift stays, and so does whatever nothing
is known of.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from pharos_api.meta import span
from pharos_api.modelversion import Stage
from pharos_api.names import parse_version
from pharos_api.retaining import RetainedVersion, RetentionInput

# What was written this recently may be in use by somebody whom the input does not know yet.
GRACE = timedelta(days=1)
# A failed run can be retried, and goes on from its checkpoints.
CHECKPOINTS_KEPT = timedelta(days=7)


class Kind(StrEnum):
    """What a thing in the store is."""

    RAW = "Raw"
    DATASET = "Dataset"
    RUN = "Run"
    CHECKPOINTS = "Checkpoints"
    TOKENS = "Tokens"
    DRAFT = "Draft"
    VERSION = "Version"
    REPORT = "Report"


class Verdict(StrEnum):
    """What becomes of it. A released data set stays for its other Models."""

    KEEP = "Keep"
    ARCHIVE = "Archive"
    DELETE = "Delete"
    RELEASE = "Release"


class Reason(StrEnum):
    """Why."""

    PRODUCTION = "Production"
    PREVIOUS = "Previous"
    IN_EXPERIMENT = "InExperiment"
    AWAITED = "Awaited"
    PINNED = "Pinned"
    LINEAGE = "Lineage"
    RUNNING = "Running"
    YOUNG = "Young"
    FRESH = "Fresh"
    UNKNOWN = "Unknown"
    NO_ARCHIVE = "NoArchive"
    ARCHIVED = "Archived"
    EXPIRED = "Expired"
    FINISHED = "Finished"
    ABANDONED = "Abandoned"
    SUPERSEDED = "Superseded"
    SHARED = "Shared"


@dataclass(frozen=True, slots=True)
class Stored:
    """One thing in the store. ``path`` is below the artifact root.

    ``key`` is what it is known by: a run's UID, a data set's digest, a version. ``since`` is the
    moment from which its age counts, ``changed_at`` its last write. ``owners`` are the Models that
    it belongs to; ``users`` the versions of other Models, by path, that were trained on it.
    ``run`` is the UID of the run that a version came from, ``version`` the number of the version
    that a report on drift is about. ``archived`` versions lie in the archive. Of a version
    ``size_bytes`` is what archiving it frees, or still frees, here: what keeps it listed stays.
    ``replaced_by`` is the data set that an erasure left of this one.
    """

    kind: Kind
    path: str
    key: str
    since: datetime
    changed_at: datetime
    size_bytes: int = 0
    owners: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    run: str = ""
    version: str = ""
    archived: bool = False
    replaced_by: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """One thing and what becomes of it."""

    thing: Stored
    verdict: Verdict
    reason: Reason


@dataclass(frozen=True, slots=True)
class Held:
    """What may not go: versions by number with the reason, data sets and runs by their keys.

    ``reports`` are the newest ones of these versions, by their moment.
    """

    versions: dict[str, Reason]
    datasets: frozenset[str]
    runs: frozenset[str]
    reports: frozenset[str]


def plan(stock: Iterable[Stored], told: RetentionInput, now: datetime) -> tuple[Planned, ...]:
    """What becomes of everything that lies there, in the order of the paths."""
    things = sorted(stock, key=lambda thing: thing.path)
    held = held_by(told, things)
    return tuple(_planned(thing, told, held, now) for thing in things)


def held_by(told: RetentionInput, stock: Iterable[Stored]) -> Held:
    """What production, its predecessors, experiments, pins and runs in being hold."""
    stock = tuple(stock)
    versions = _held_versions(told)
    kept = [v for v in told.versions if v.version in versions]
    origins = {thing.run for thing in stock if thing.kind is Kind.VERSION and thing.key in versions}
    datasets = {v.dataset_sha256 for v in kept} | set(told.held_datasets)
    followed = with_rests(datasets - {""}, {t.key: t.replaced_by for t in stock if t.replaced_by})
    newest = _newest_reports(stock)
    reports = {newest[number] for number in versions if number in newest}
    return Held(versions, followed, frozenset(origins - {""}), frozenset(reports))


def _newest_reports(stock: Iterable[Stored]) -> dict[str, str]:
    """The moment of the last report on each version; moments sort as they were written."""
    reports = sorted((t for t in stock if t.kind is Kind.REPORT), key=lambda thing: thing.key)
    return {report.version: report.key for report in reports}


def with_rests(datasets: Iterable[str], rests: Mapping[str, str]) -> frozenset[str]:
    """The data sets and what erasures left of them; ``rests`` says of a digest what follows it."""
    found = set(datasets)
    following = [rests[digest] for digest in found if digest in rests]
    while following:
        digest = following.pop()
        if digest not in found:
            found.add(digest)
            following += [rests[digest]] if digest in rests else []
    return frozenset(found)


def _held_versions(told: RetentionInput) -> dict[str, Reason]:
    """The versions that stay where they are, each with its strongest reason."""
    held = {v.version: r for v in told.versions if (r := _own_reason(v)) is not None}
    count = told.policy.previous_versions
    before = sorted(filter(_may_be_previous, told.versions), key=_rank, reverse=True)
    previous = {v.version: Reason.PREVIOUS for v in before[:count]}
    held = previous | held
    parents = {v.parent for v in told.versions if v.version in held}
    inherited = {v.version: Reason.LINEAGE for v in told.versions if {v.name, v.version} & parents}
    return inherited | held


def _own_reason(version: RetainedVersion) -> Reason | None:
    if version.stage is Stage.PRODUCTION:
        return Reason.PRODUCTION
    if version.stage is Stage.PREVIOUS:
        return Reason.PREVIOUS
    if version.in_experiment:
        return Reason.IN_EXPERIMENT
    if version.pinned:
        return Reason.PINNED
    if version.stage in (Stage.REGISTERED, Stage.STAGING):
        return Reason.AWAITED
    return None


def _may_be_previous(version: RetainedVersion) -> bool:
    return version.stage in (Stage.PREVIOUS, Stage.ARCHIVED)


def _rank(version: RetainedVersion) -> tuple[bool, bool, tuple[int, int, int]]:
    """To whom one would go back first: the one before, then what was live, then the newest."""
    before = version.stage is Stage.PREVIOUS
    return before, version.was_promoted, parse_version(version.version)


def _planned(thing: Stored, told: RetentionInput, held: Held, now: datetime) -> Planned:
    verdict, reason = _judged(thing, told, held, now)
    if verdict is not Verdict.KEEP and now - thing.changed_at < GRACE:
        return Planned(thing, Verdict.KEEP, Reason.FRESH)
    return Planned(thing, verdict, reason)


def _judged(
    thing: Stored, told: RetentionInput, held: Held, now: datetime
) -> tuple[Verdict, Reason]:
    match thing.kind:
        case Kind.VERSION:
            return _version(thing, told, held)
        case Kind.DATASET:
            return _dataset(thing, told, held, now)
        case Kind.TOKENS:
            return _aged(thing.changed_at, now, told.policy.raw_data, Verdict.DELETE)
        case Kind.RAW | Kind.RUN | Kind.CHECKPOINTS | Kind.DRAFT:
            return _of_a_run(thing, told, held, now)
        case Kind.REPORT if thing.key in held.reports and thing.version in held.versions:
            return Verdict.KEEP, held.versions[thing.version]
        case Kind.REPORT:
            return _aged(thing.changed_at, now, told.policy.raw_data, Verdict.DELETE)
        case _:
            assert_never(thing.kind)


def _version(thing: Stored, told: RetentionInput, held: Held) -> tuple[Verdict, Reason]:
    known = {v.version for v in told.versions}
    if thing.key not in known:
        return Verdict.KEEP, Reason.UNKNOWN
    if thing.key in held.versions:
        return Verdict.KEEP, held.versions[thing.key]
    if thing.archived and not thing.size_bytes:
        return Verdict.KEEP, Reason.ARCHIVED
    if told.policy.archive_uri is None:
        return Verdict.KEEP, Reason.NO_ARCHIVE
    return Verdict.ARCHIVE, Reason.SUPERSEDED


def _dataset(
    thing: Stored, told: RetentionInput, held: Held, now: datetime
) -> tuple[Verdict, Reason]:
    if told.owner not in thing.owners:
        return Verdict.KEEP, Reason.UNKNOWN
    if thing.key in held.datasets:
        return Verdict.KEEP, Reason.LINEAGE
    verdict, reason = _aged(thing.since, now, told.policy.training_data, Verdict.DELETE)
    if verdict is Verdict.DELETE and (thing.users or thing.owners != {told.owner}):
        return (Verdict.RELEASE if thing.owners != {told.owner} else Verdict.KEEP), Reason.SHARED
    return verdict, reason


def _of_a_run(
    thing: Stored, told: RetentionInput, held: Held, now: datetime
) -> tuple[Verdict, Reason]:
    if told.owner not in thing.owners:
        return Verdict.KEEP, Reason.UNKNOWN
    if thing.key in told.runs:
        return Verdict.KEEP, Reason.RUNNING
    if thing.kind is Kind.DRAFT:
        return Verdict.DELETE, Reason.ABANDONED
    if thing.kind is Kind.CHECKPOINTS:
        young = now - thing.changed_at < CHECKPOINTS_KEPT
        return (Verdict.KEEP, Reason.YOUNG) if young else (Verdict.DELETE, Reason.FINISHED)
    if thing.kind is Kind.RUN and thing.key in held.runs:
        return Verdict.KEEP, Reason.LINEAGE
    archived = thing.kind is Kind.RAW and told.policy.archive_uri is not None
    gone = Verdict.ARCHIVE if archived else Verdict.DELETE
    return _aged(thing.since, now, told.policy.raw_data, gone)


def _aged(since: datetime, now: datetime, kept_for: str, then: Verdict) -> tuple[Verdict, Reason]:
    if now - since < span(kept_for):
        return Verdict.KEEP, Reason.YOUNG
    return then, Reason.EXPIRED
