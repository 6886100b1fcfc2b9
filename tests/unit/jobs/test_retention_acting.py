"""The plan carried out on real files: what goes, what moves, what changed meanwhile, what stops."""

import json
from pathlib import Path

import pytest
from retention_cases import NOW
from retention_store import Store

from pharos_api.artifacts import ARCHIVED
from pharos_api.jobio import ExitCode
from pharos_api.modelversion import Stage
from pharos_api.retaining import RetentionInput
from pharos_api.signing import SIGNATURE
from pharos_jobs import storage
from pharos_jobs.core.retention import Kind, Verdict
from pharos_jobs.drift.reports import reports_with_words
from pharos_jobs.erasing.clearing import drop_folders
from pharos_jobs.retention import acting, archiving, owners
from pharos_jobs.retention.retaining import planned, retain


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def full(store: Store) -> RetentionInput:
    for uid, age in (("old", 400), ("young", 3), ("alive", 200)):
        store.run(uid, age)
    store.dataset("of-v1.1.0", 900)
    store.dataset("of-v1.0.0", 900)
    store.put("models/default/arxiv/.incoming-v1.2.0-old/config.json", 30)
    first = store.version("v1.0.0", 300)
    second = store.version("v1.1.0", 200).model_copy(update={"stage": Stage.PRODUCTION})
    return store.told(first, second, runs=["alive"])


@pytest.mark.requirement("SEC-9")
@pytest.mark.requirement("SEC-11")
@pytest.mark.requirement("PRF-14")
def test_what_its_time_is_over_for_goes_and_everything_else_stays(store: Store) -> None:
    result, code = retain(full(store), NOW)
    assert code is ExitCode.OK
    assert (result.deleted, result.archived, result.left) == (4, 2, 0)
    gone = ("runs/old", "datasets/of-v1.0.0", "models/default/arxiv/.incoming", "raw/old")
    left = store.files()
    assert not [path for path in left if path.startswith(gone)]
    assert {"raw/alive/papers.jsonl.gz", "raw/young/papers.jsonl.gz"} <= left
    assert {"datasets/of-v1.1.0/card.json", "models/default/arxiv/v1.1.0/model.onnx"} <= left
    assert (store.cold / "raw/old/papers.jsonl.gz").read_text() == "x"
    listed = {p.removeprefix("models/default/arxiv/v1.0.0/") for p in left if "v1.0.0" in p}
    assert listed == {"metadata.json", "manifest.json", SIGNATURE, ARCHIVED}


def test_of_the_reports_on_production_the_newest_stays_and_its_words_go_with_an_erasure(
    store: Store,
) -> None:
    known = full(store)
    told_words = {"words": {"risen": [{"word": "grace"}], "fallen": []}}
    for moment, age in (("2026-06-01T020000Z", 170), ("2026-07-01T020000Z", 140)):
        folder = f"reports/default/arxiv/{moment}"
        store.put(f"{folder}/drift.json", age, json.dumps({"version": "v1.1.0"} | told_words))
        store.put(f"{folder}/drift.html", age, "grace")
    other = store.put("reports/team-b/other/2026-01-01T020000Z/drift.html", 300)
    silent = store.put(
        "reports/team-b/other/2026-02-01T020000Z/drift.json",
        300,
        json.dumps({"words": {"risen": [], "fallen": []}}),
    )
    retain(known, NOW)
    mine = {path for path in store.files() if path.startswith("reports/default/")}
    newest = "reports/default/arxiv/2026-07-01T020000Z"
    assert mine == {f"{newest}/drift.json", f"{newest}/drift.html"}
    assert other.exists()
    folders = reports_with_words(store.root)
    drop_folders(folders)
    assert len(folders) == 2
    left = {path for path in store.files() if path.startswith("reports/")}
    assert left == {str(silent.relative_to(store.folder))}


def test_a_dry_run_tells_what_then_goes_and_touches_nothing(store: Store) -> None:
    known = full(store)
    before = store.files()
    shown, _ = retain(known.model_copy(update={"dry_run": True}), NOW)
    assert store.files() == before
    done, _ = retain(known, NOW)
    assert shown.model_copy(update={"dry_run": False}) == done
    assert done.freed_bytes > 0
    assert before - store.files()


def test_doing_it_again_finds_nothing_to_do(store: Store) -> None:
    known = full(store)
    retain(known, NOW)
    again, _ = retain(known, NOW)
    assert (again.deleted, again.archived, again.freed_bytes) == (0, 0, 0)


@pytest.mark.requirement("PRF-14")
def test_an_archived_version_comes_back_as_it_was(store: Store) -> None:
    retain(full(store), NOW)
    uri = f"{store.root}/models/default/arxiv/v1.0.0"
    assert store.restored("v1.0.0")
    assert storage.read_bytes(f"{uri}/model.onnx") == b"weights of v1.0.0"
    assert not storage.exists(f"{uri}/{ARCHIVED}")
    assert not store.restored("v1.0.0")


CHANGES = {
    "a version that became live": (Kind.VERSION, "production"),
    "a version that the registry calls staging": (Kind.VERSION, "staging"),
    "raw papers that somebody wrote to": (Kind.RAW, "write"),
    "a data set that another Model came to own": (Kind.DATASET, "claim"),
    "a data set that a new version was trained on": (Kind.DATASET, "train"),
}


@pytest.mark.parametrize(("kind", "change"), CHANGES.values(), ids=CHANGES)
def test_what_changed_between_plan_and_act_is_left_alone(
    store: Store, kind: Kind, change: str
) -> None:
    known = full(store)
    plan = tuple(p for p in planned(known, NOW) if p.thing.kind is kind)
    assert any(p.verdict is not Verdict.KEEP for p in plan)
    before = store.files()
    happen(store, change)
    outcome = acting.act(plan, known)
    assert not outcome.done
    assert len(outcome.left) == 1
    assert before <= store.files()


def happen(store: Store, change: str) -> None:
    match change:
        case "production" | "staging":
            registry = {
                "versions": [{"version": "v1.0.0", "status": change}],
                "production_version": "v1.0.0" if change == "production" else "v1.1.0",
            }
            text = json.dumps(registry)
            store.put("models/default/arxiv/version_registry.json", 0, text)
        case "write":
            store.put("raw/old/pages/1.json", 0)
        case "claim":
            place = (owners.DATASETS, "of-v1.0.0")
            owners.claim(store.root, place, "team-b.other", NOW)
        case _:
            about = json.dumps({"dataset": {"sha256": "of-v1.0.0"}})
            store.put("models/team-b/other/v1.0.0/metadata.json", 0, about)


def test_a_version_that_is_not_what_its_digest_says_is_told_of_and_stays(store: Store) -> None:
    known = full(store)
    weights = store.folder / "models/default/arxiv/v1.0.0/model.onnx"
    weights.write_text("altered")
    store.aged(weights, 300)
    result, code = retain(known, NOW)
    assert code is ExitCode.OK
    assert result.left == 1
    assert "is not what its manifest says" in result.warnings[0]
    assert weights.read_text() == "altered"


class Stopped(Exception):
    """The process was killed here."""


@pytest.mark.parametrize("after", range(8))
def test_stopped_anywhere_it_ends_in_the_same_place(
    store: Store, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = full(store)
    left = after

    def remove(uri: str) -> None:
        nonlocal left
        if not left:
            raise Stopped
        left -= 1
        storage.local_path(uri).unlink()  # type: ignore[union-attr]

    with monkeypatch.context() as patched:
        patched.setattr(archiving.storage, "remove_file", remove)
        with pytest.raises(Stopped):
            retain(known, NOW)
    retain(known, NOW)
    uri = f"{store.root}/models/default/arxiv/v1.0.0"
    assert {f.path for f in storage.walk(uri)} == {
        "metadata.json",
        "manifest.json",
        SIGNATURE,
        ARCHIVED,
    }
    assert store.restored("v1.0.0")
    assert not [path for path in store.files() if path.startswith(("runs/old", "raw/old"))]
