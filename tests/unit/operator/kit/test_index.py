"""The index: objects only move forward, and are found by what they are."""

from operator_fakes import body, owner

from pharos_api import names
from pharos_operator.reconcile import facts
from pharos_operator.reconcile.index import Index, Key

RUN = Key("TrainingRun", "default", "run")


def _names(index: Index, kind: str, fact: str) -> list[str]:
    return [entry.key.name for entry in index.found_by(kind, "default", fact)]


def test_a_newer_version_replaces_an_older_one_and_never_the_reverse() -> None:
    index = Index()
    assert index.observe(body("Model", "m", 5)) is not None
    assert index.observe(body("Model", "m", 4)) is None
    assert index.observe(body("Model", "m", 5)) is None
    assert index.observe(body("Model", "m", 6)) is not None
    entry = index.get(Key("Model", "default", "m"))
    assert entry is not None
    assert entry.version == 6


def test_a_late_message_does_not_bring_a_deleted_object_back() -> None:
    index = Index()
    index.observe(body("TrainingRun", "run", 5))
    index.forget(RUN, 9)
    assert index.observe(body("TrainingRun", "run", 8)) is None
    assert index.get(RUN) is None
    assert index.observe(body("TrainingRun", "run", 10)) is not None


def test_the_deletion_of_a_namesake_leaves_a_newer_object_alone() -> None:
    index = Index()
    index.observe(body("TrainingRun", "run", 10))
    assert index.forget(RUN, 9) is None
    assert index.get(RUN) is not None


def test_objects_are_found_by_model_label_and_owner() -> None:
    index = Index()
    index.observe(body("TrainingRun", "run", spec={"modelRef": {"name": "arxiv"}}))
    job = body(
        "Job", "j", labels={names.LABEL_RUN: "run"}, ownerReferences=[owner("TrainingRun", "run")]
    )
    index.observe(job)
    assert _names(index, "TrainingRun", facts.of_model("arxiv")) == ["run"]
    assert _names(index, "Job", facts.label(names.LABEL_RUN, "run")) == ["j"]
    assert _names(index, "Job", facts.owned_by("uid-run")) == ["j"]
    assert _names(index, "Job", facts.owned_by("uid-other")) == []


def test_what_an_object_no_longer_is_does_not_find_it_any_more() -> None:
    index = Index()
    spec = {"modelRef": {"name": "arxiv"}}
    index.observe(body("TrainingRun", "run", 1, spec=spec))
    assert _names(index, "TrainingRun", facts.live_of_model("arxiv")) == ["run"]
    index.observe(body("TrainingRun", "run", 2, spec=spec, status={"phase": "Succeeded"}))
    assert _names(index, "TrainingRun", facts.live_of_model("arxiv")) == []
    assert _names(index, "TrainingRun", facts.of_model("arxiv")) == ["run"]


def test_a_list_shows_ghosts_but_not_what_came_after_it() -> None:
    index = Index()
    index.observe(body("Model", "gone", 3))
    index.observe(body("Model", "there", 4))
    index.observe(body("Model", "young", 12))
    alive = [Key("Model", "default", "there")]
    assert index.ghosts("Model", alive, 10) == (Key("Model", "default", "gone"),)


def test_listeners_hear_of_every_change_and_of_nothing_else() -> None:
    index, heard = Index(), list[str]()
    index.subscribe(lambda changed: heard.append(changed["metadata"]["resourceVersion"]))
    index.observe(body("TrainingRun", "run", 5))
    index.observe(body("TrainingRun", "run", 5))
    index.observe(body("TrainingRun", "run", 7))
    index.forget(RUN, 9)
    index.forget(RUN, 9)
    assert heard == ["5", "7", "7"]


def test_what_no_decision_reads_is_not_kept() -> None:
    index = Index()
    pod = body("Pod", "p", spec={"nodeName": "n", "containers": [{"name": "step"}]})
    pod["metadata"]["managedFields"] = [{"manager": "kubelet"}]
    entry = index.observe(pod)
    assert entry is not None
    assert "managedFields" not in entry.body["metadata"]
    assert entry.body["spec"] == {"nodeName": "n"}
