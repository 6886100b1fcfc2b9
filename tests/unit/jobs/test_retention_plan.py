"""What stays and what goes, each case in a sentence."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from retention_cases import ARCHIVE, NOW, thing, told, version

from pharos_api.modelversion import Stage
from pharos_api.retaining import RetainedVersion, RetentionInput
from pharos_jobs.core.retention import Kind, Reason, Stored, Verdict, plan

COLD = {"archiveUri": ARCHIVE}
LINE = (
    version("v1.0.0", was_promoted=True),
    version("v1.1.0", was_promoted=True),
    version("v1.2.0", was_promoted=True),
    version("v1.3.0", Stage.PREVIOUS, was_promoted=True),
    version("v1.4.0", Stage.PRODUCTION, dataset_sha256="d1"),
)
ALICE, BOB = "default.arxiv", "team-b.other"


@dataclass(frozen=True)
class Case:
    stored: Stored
    verdict: Verdict
    reason: Reason
    told: RetentionInput = field(default_factory=told)


def line(*more: RetainedVersion, **fields: object) -> RetentionInput:
    return told(*LINE, *more, **({"policy": COLD} | fields))


DATA = {
    "raw papers of 89 days stay": Case(
        thing(Kind.RAW, "r1", 89), Verdict.KEEP, Reason.YOUNG, told(policy=COLD)
    ),
    "raw papers of 90 days move to the archive": Case(
        thing(Kind.RAW, "r1", 90), Verdict.ARCHIVE, Reason.EXPIRED, told(policy=COLD)
    ),
    "raw papers of 90 days are deleted where there is no archive": Case(
        thing(Kind.RAW, "r1", 90), Verdict.DELETE, Reason.EXPIRED
    ),
    "raw papers age from their collection, though somebody wrote to them later": Case(
        thing(Kind.RAW, "r1", 90, quiet=2), Verdict.DELETE, Reason.EXPIRED
    ),
    "raw papers that were written an hour ago stay, however old they say they are": Case(
        thing(Kind.RAW, "r1", 90, quiet=0.04), Verdict.KEEP, Reason.FRESH
    ),
    "raw papers of a run in being stay": Case(
        thing(Kind.RAW, "r1", 200), Verdict.KEEP, Reason.RUNNING, told(runs=["r1"])
    ),
    "raw papers of another Model stay": Case(
        thing(Kind.RAW, "r1", 900, owners=frozenset({BOB})), Verdict.KEEP, Reason.UNKNOWN
    ),
    "raw papers of nobody stay": Case(
        thing(Kind.RAW, "r1", 900, owners=frozenset()), Verdict.KEEP, Reason.UNKNOWN
    ),
    "a data set of 364 days stays": Case(
        thing(Kind.DATASET, "d9", 364), Verdict.KEEP, Reason.YOUNG
    ),
    "a data set of a year is deleted, also where there is an archive": Case(
        thing(Kind.DATASET, "d9", 365), Verdict.DELETE, Reason.EXPIRED, told(policy=COLD)
    ),
    "a data set of a kept version stays for its time": Case(
        thing(Kind.DATASET, "d1", 900), Verdict.KEEP, Reason.LINEAGE, line()
    ),
    "a data set of an archived version goes": Case(
        thing(Kind.DATASET, "d0", 900),
        Verdict.DELETE,
        Reason.EXPIRED,
        line(version("v0.9.0", dataset_sha256="d0")),
    ),
    "a data set that a run in being builds upon stays": Case(
        thing(Kind.DATASET, "d9", 900), Verdict.KEEP, Reason.LINEAGE, told(held_datasets=["d9"])
    ),
    "a data set that another Model owns as well is let go and stays": Case(
        thing(Kind.DATASET, "d9", 900, owners=frozenset({ALICE, BOB})),
        Verdict.RELEASE,
        Reason.SHARED,
    ),
    "a data set that a version of another Model was trained on stays": Case(
        thing(Kind.DATASET, "d9", 900, users=frozenset({"models/team-b/other/v1.0.0"})),
        Verdict.KEEP,
        Reason.SHARED,
    ),
    "tokens that nobody used for 90 days go": Case(
        thing(Kind.TOKENS, "t.arrow", 90), Verdict.DELETE, Reason.EXPIRED
    ),
}

RUNS = {
    "checkpoints of a run in being stay": Case(
        thing(Kind.CHECKPOINTS, "r1", 40), Verdict.KEEP, Reason.RUNNING, told(runs=["r1"])
    ),
    "checkpoints of a run that ended stay for a week, for it may be retried": Case(
        thing(Kind.CHECKPOINTS, "r1", 6), Verdict.KEEP, Reason.YOUNG
    ),
    "checkpoints of a run that ended go after a week": Case(
        thing(Kind.CHECKPOINTS, "r1", 7), Verdict.DELETE, Reason.FINISHED
    ),
    "the folder of a run that a kept version came from stays": Case(
        thing(Kind.RUN, "r1", 900), Verdict.KEEP, Reason.LINEAGE, line()
    ),
    "the folder of another run goes after 90 days": Case(
        thing(Kind.RUN, "r2", 90), Verdict.DELETE, Reason.EXPIRED, line()
    ),
    "a half registered version of a dead run goes": Case(
        thing(Kind.DRAFT, "r1", 2), Verdict.DELETE, Reason.ABANDONED
    ),
    "a version that is just being registered stays": Case(
        thing(Kind.DRAFT, "r1", 2), Verdict.KEEP, Reason.RUNNING, told(runs=["r1"])
    ),
    "a version that a run nobody told of began an hour ago stays": Case(
        thing(Kind.DRAFT, "r1", 0.04), Verdict.KEEP, Reason.FRESH
    ),
}


def at(number: str, **more: object) -> Stored:
    return thing(Kind.VERSION, number, **more)


VERSIONS = {
    "production stays": Case(at("v1.4.0"), Verdict.KEEP, Reason.PRODUCTION, line()),
    "the previous version stays": Case(at("v1.3.0"), Verdict.KEEP, Reason.PREVIOUS, line()),
    "the second previous version stays": Case(at("v1.2.0"), Verdict.KEEP, Reason.PREVIOUS, line()),
    "the third previous version moves to the archive": Case(
        at("v1.1.0"), Verdict.ARCHIVE, Reason.SUPERSEDED, line()
    ),
    "without an archive it stays where it is": Case(
        at("v1.1.0"), Verdict.KEEP, Reason.NO_ARCHIVE, line(policy={})
    ),
    "with three previous versions asked for, the third stays": Case(
        at("v1.1.0"), Verdict.KEEP, Reason.PREVIOUS, line(policy={**COLD, "previousVersions": 3})
    ),
    "a version that was never live does not count as previous while others were": Case(
        at("v1.3.5"), Verdict.ARCHIVE, Reason.SUPERSEDED, line(version("v1.3.5"))
    ),
    "a version in an experiment stays": Case(
        at("v0.9.0"),
        Verdict.KEEP,
        Reason.IN_EXPERIMENT,
        line(version("v0.9.0", in_experiment=True)),
    ),
    "a pinned version stays": Case(
        at("v0.9.0"), Verdict.KEEP, Reason.PINNED, line(version("v0.9.0", pinned="audit"))
    ),
    "the parent of a kept version stays": Case(
        at("v0.9.0"),
        Verdict.KEEP,
        Reason.LINEAGE,
        line(version("v0.9.0"), version("v1.5.0", Stage.REGISTERED, parent="v0.9.0")),
    ),
    "a version that waits for its experiment stays": Case(
        at("v1.5.0"), Verdict.KEEP, Reason.AWAITED, line(version("v1.5.0", Stage.REGISTERED))
    ),
    "a quarantined version moves to the archive": Case(
        at("v1.3.9"),
        Verdict.ARCHIVE,
        Reason.SUPERSEDED,
        line(version("v1.3.9", Stage.QUARANTINED, was_promoted=True)),
    ),
    "a version that the operator does not know stays": Case(
        at("v7.0.0"), Verdict.KEEP, Reason.UNKNOWN, line()
    ),
    "a version that lies in the archive already stays there": Case(
        at("v1.1.0", archived=True, size_bytes=0), Verdict.KEEP, Reason.ARCHIVED, line()
    ),
    "a version whose move was cut off is moved to its end": Case(
        at("v1.1.0", archived=True, size_bytes=7), Verdict.ARCHIVE, Reason.SUPERSEDED, line()
    ),
    "a version that was restored an hour ago stays": Case(
        at("v1.1.0", quiet=0.04), Verdict.KEEP, Reason.FRESH, line()
    ),
}


def report(moment: str, number: str = "v1.4.0", age: float = 1000, **more: object) -> Stored:
    return thing(Kind.REPORT, moment, age, version=number, **more)


REPORTS = {
    "the newest report on production stays": Case(
        report("2026-11-22T020000Z"), Verdict.KEEP, Reason.PRODUCTION, line()
    ),
    "an older report on production goes after 90 days": Case(
        report("2026-11-08T020000Z", age=90), Verdict.DELETE, Reason.EXPIRED, line()
    ),
    "an older report on production stays for 90 days": Case(
        report("2026-11-08T020000Z", age=89), Verdict.KEEP, Reason.YOUNG, line()
    ),
    "the newest report on the previous version stays": Case(
        report("2026-11-01T020000Z", "v1.3.0"), Verdict.KEEP, Reason.PREVIOUS, line()
    ),
    "the newest report on a pinned version stays": Case(
        report("2026-11-01T020000Z", "v0.9.0"),
        Verdict.KEEP,
        Reason.PINNED,
        line(version("v0.9.0", pinned="audit")),
    ),
    "the newest report on a version that may move goes, for nothing is measured by it": Case(
        report("2026-11-01T020000Z", "v1.1.0"), Verdict.DELETE, Reason.EXPIRED, line()
    ),
    "a report that was cut off is about nobody and goes": Case(
        report("2026-11-23T020000Z", ""), Verdict.DELETE, Reason.EXPIRED, line()
    ),
    "a report of an hour ago stays, however short the time": Case(
        report("2026-11-01T020000Z", "", quiet=0.04),
        Verdict.KEEP,
        Reason.FRESH,
        line(policy={"rawData": "1m"}),
    ),
}


@pytest.mark.requirement("SEC-9")
@pytest.mark.requirement("SEC-10")
@pytest.mark.parametrize("case", DATA.values(), ids=DATA)
def test_data(case: Case) -> None:
    _check(case)


@pytest.mark.parametrize("case", RUNS.values(), ids=RUNS)
def test_runs(case: Case) -> None:
    _check(case)


@pytest.mark.requirement("SEC-11")
@pytest.mark.requirement("PRF-14")
@pytest.mark.parametrize("case", VERSIONS.values(), ids=VERSIONS)
def test_versions(case: Case) -> None:
    _check(case)


@pytest.mark.parametrize("case", REPORTS.values(), ids=REPORTS)
def test_reports(case: Case) -> None:
    _check(case)


def _check(case: Case) -> None:
    origin = thing(Kind.VERSION, "v1.4.0", run="r1")
    around = (origin, report("2026-11-15T020000Z"), report("2026-10-25T020000Z", "v1.3.0"))
    others = [each for each in around if case.stored.path != each.path]
    found = {p.thing.path: p for p in plan([case.stored, *others], case.told, NOW)}
    item = found[case.stored.path]
    assert (item.verdict, item.reason) == (case.verdict, case.reason)


def test_the_plan_is_in_the_order_of_paths_and_the_same_tomorrow_but_for_ages() -> None:
    stock = [thing(Kind.RAW, "b", 10), thing(Kind.RAW, "a", 10)]
    paths = [item.thing.path for item in plan(stock, told(), NOW)]
    assert paths == ["raw/a", "raw/b"]
    assert plan(stock, told(), NOW) == plan(stock[::-1], told(), NOW + timedelta(days=1))


def test_what_an_erasure_left_of_a_kept_version_s_data_set_stays_too() -> None:
    stock = [
        thing(Kind.DATASET, "d1", 900, replaced_by="d2"),
        thing(Kind.DATASET, "d2", 900, replaced_by="d3"),
        thing(Kind.DATASET, "d3", 900),
        thing(Kind.DATASET, "d4", 900),
    ]
    going = [p.thing.key for p in plan(stock, line(), NOW) if p.verdict is not Verdict.KEEP]
    assert going == ["d4"]
