"""Whatever lies in the store and whatever holds it: nothing that is needed ever goes."""

from hypothesis import given
from hypothesis import strategies as st
from retention_cases import ARCHIVE, NOW, OWNER, thing, told, version

from pharos_api.modelversion import Stage
from pharos_api.retaining import RetentionInput
from pharos_jobs.core.retention import GRACE, Kind, Planned, Stored, Verdict, plan

UIDS = st.sampled_from(["r1", "r2", "r3"])
DIGESTS = st.sampled_from(["d1", "d2", "d3"])
NUMBERS = st.integers(0, 6).map(lambda minor: f"v1.{minor}.0")
MOMENTS = st.dates().map(lambda day: f"{day}T020000Z")
WHOSE = st.frozensets(st.sampled_from([OWNER, "team-b.other"]))
AGES = st.floats(0, 1000)


@st.composite
def things(draw: st.DrawFn) -> Stored:
    kind = draw(st.sampled_from(Kind))
    keys = {Kind.VERSION: NUMBERS, Kind.DATASET: DIGESTS, Kind.REPORT: MOMENTS}
    key = draw(keys.get(kind, UIDS))
    return thing(
        kind, key, draw(AGES), quiet=draw(AGES), owners=draw(WHOSE), run=draw(UIDS),
        users=draw(st.frozensets(st.just("models/team-b/other/v1.0.0"))),
        version=draw(NUMBERS) if kind is Kind.REPORT else "",
        archived=draw(st.booleans()), size_bytes=draw(st.integers(0, 9)),
    )  # fmt: skip


@st.composite
def inputs(draw: st.DrawFn) -> RetentionInput:
    numbers = draw(st.lists(NUMBERS, unique=True))
    versions = [
        version(
            number, draw(st.sampled_from(Stage)), dataset_sha256=draw(DIGESTS),
            parent=draw(st.just("") | NUMBERS), in_experiment=draw(st.booleans()),
            pinned=draw(st.sampled_from(["", "audit"])), was_promoted=draw(st.booleans()),
        )
        for number in numbers
    ]  # fmt: skip
    policy = {"previousVersions": draw(st.integers(0, 3))}
    policy |= draw(st.sampled_from([{}, {"archiveUri": ARCHIVE}]))
    return told(
        *versions,
        policy=policy,
        runs=draw(st.lists(UIDS)),
        held_datasets=draw(st.lists(DIGESTS)),
    )


def going(stock: list[Stored], given_: RetentionInput) -> list[Planned]:
    unique = list({each.path: each for each in stock}.values())
    return [p for p in plan(unique, given_, NOW) if p.verdict is not Verdict.KEEP]


@given(st.lists(things()), inputs())
def test_nothing_that_is_reachable_goes(stock: list[Stored], known: RetentionInput) -> None:
    busy = (Stage.PRODUCTION, Stage.PREVIOUS, Stage.REGISTERED, Stage.STAGING)
    stays = {v.version: v for v in known.versions if v.stage in busy or v.in_experiment or v.pinned}
    reports = [t for t in stock if t.kind is Kind.REPORT and t.version in stays]
    newest = {t.version: t.key for t in sorted(reports, key=lambda t: t.key)}
    learnt_from = {v.dataset_sha256 for v in stays.values()} | set(known.held_datasets)
    for item in going(stock, known):
        assert NOW - item.thing.changed_at >= GRACE
        match item.thing.kind:
            case Kind.VERSION:
                assert item.thing.key not in stays
                assert item.verdict is Verdict.ARCHIVE
            case Kind.DATASET:
                assert item.thing.key not in learnt_from
                assert OWNER in item.thing.owners
                alone = not item.thing.users and item.thing.owners == {OWNER}
                assert alone or item.verdict is Verdict.RELEASE
            case Kind.RAW | Kind.RUN | Kind.CHECKPOINTS | Kind.DRAFT:
                assert item.thing.key not in known.runs
                assert OWNER in item.thing.owners
            case Kind.REPORT:
                assert item.thing.key != newest.get(item.thing.version)
                assert item.verdict is Verdict.DELETE
            case Kind.TOKENS:
                assert item.verdict is Verdict.DELETE


@given(st.lists(things()), inputs())
def test_as_many_predecessors_as_asked_for_stay(stock: list[Stored], known: RetentionInput) -> None:
    older = {v.version for v in known.versions if v.stage in (Stage.PREVIOUS, Stage.ARCHIVED)}
    gone = {item.thing.key for item in going(stock, known) if item.thing.kind is Kind.VERSION}
    assert len(older - gone) >= min(known.policy.previous_versions, len(older))


@given(st.lists(things()), inputs())
def test_doing_the_rest_of_a_plan_needs_no_other_plan(
    stock: list[Stored], known: RetentionInput
) -> None:
    """What goes does not depend on what else lies there, so a stop on the way changes nothing."""
    unique = list({each.path: each for each in stock}.values())
    first = going(unique, known)
    going_paths = {item.thing.path for item in first}
    staying = [each for each in unique if each.path not in going_paths]
    for item in first:
        assert item in going([*staying, item.thing], known)
