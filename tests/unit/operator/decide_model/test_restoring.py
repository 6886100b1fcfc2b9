"""A Model that was imported comes back to the production that it had, and to no other."""

from typing import Any

from decide_builders import NOW, PLATFORM, experiment, model, version

from pharos_api.abexperiment import ExperimentPhase
from pharos_api.inventory import Restored
from pharos_api.model import Model, ModelStatus, Quarantined
from pharos_api.modelversion import ModelVersion, Stage
from pharos_api.names import ANNOTATION_RESTORED
from pharos_operator.decide.conditions import ModelCondition, ModelReason, find
from pharos_operator.decide.decision import StartExperiment
from pharos_operator.decide.models.model import decide
from pharos_operator.decide.models.registry import registry
from pharos_operator.decide.observation import ModelObservation, VersionObservation
from pharos_operator.decide.versions.stages import stage

NEXT = version("v1.1.0")


def imported(text: str = "", status: ModelStatus | None = None, **told: Any) -> Model:
    """A Model as an import makes it."""
    marked = {ANNOTATION_RESTORED: text or Restored(**told).model_dump_json(by_alias=True)}
    of = model()
    metadata = of.metadata.model_copy(update={"annotations": marked})
    return of.model_copy(update={"metadata": metadata, "status": status or of.status})


def look(of: Model, *versions: ModelVersion) -> ModelStatus:
    return decide(ModelObservation(of, versions), PLATFORM, NOW).status


def settled(of: Model, *versions: ModelVersion) -> ModelStatus:
    """Look until nothing changes any more."""
    status = look(of, *versions)
    while status != of.status:
        of = of.model_copy(update={"status": status})
        status = look(of, *versions)
    return status


def test_production_is_what_it_was_although_a_newer_version_is_there() -> None:
    status = settled(imported(production="v1.0.0"), version("v1.0.0"), version("v1.1.0"))
    assert status.production is not None
    assert (status.production.version, status.previous) == ("v1.0.0", None)


def test_no_other_version_is_welcomed_before_the_one_that_was_in_production_is_made() -> None:
    status = settled(imported(production="v1.1.0"), version("v1.0.0"))
    assert (status.production, status.incoming) == (None, None)


def test_a_version_that_still_starts_is_waited_for() -> None:
    status = look(imported(production="v1.0.0"), version("v1.0.0", ready=0), version("v1.1.0"))
    assert status.production is None
    assert status.incoming is not None
    assert status.incoming.version == "v1.0.0"


def test_what_was_quarantined_is_so_again_and_may_be_lifted_for_good() -> None:
    of = imported(production="v1.0.0", quarantined=["v1.1.0"])
    status = settled(of, version("v1.0.0"), version("v1.1.0"))
    assert [each.version for each in status.quarantine] == ["v1.1.0"]
    lifted = of.model_copy(update={"status": status.model_copy(update={"quarantine": []})})
    assert look(lifted, version("v1.0.0"), version("v1.1.0")).quarantine == []


BAD = Quarantined(version="v1.1.0", sha256="b" * 64, reason="14 % of errors", at=NOW)


def test_a_digest_that_was_rolled_back_stays_quarantined_with_its_reason_under_any_number() -> None:
    again = version("v1.2.0", digest=BAD.sha256)
    status = settled(imported(production="v1.0.0", refused=[BAD]), version("v1.0.0"), again)
    assert status.quarantine == [BAD]
    assert status.production is not None
    assert status.production.version == "v1.0.0"
    rollout = find(status.conditions, ModelCondition.ROLLOUT)
    assert rollout is not None
    assert rollout.reason == ModelReason.QUARANTINED


GIVEN_UP = {"v1.1.0": "arxiv-v1-1-0 gave it up: stopped by ada"}


def test_what_an_experiment_gave_up_is_not_tried_again_after_an_import() -> None:
    of, both = imported(production="v1.0.0", given_up=GIVEN_UP), (version("v1.0.0"), NEXT)
    status = settled(of, *both)
    rollout = find(status.conditions, ModelCondition.ROLLOUT)
    assert rollout is not None
    assert rollout.reason == ModelReason.ALREADY_TRIED
    assert "stopped by ada" in rollout.message
    standing = of.model_copy(update={"status": status})
    decision = decide(ModelObservation(standing, both), PLATFORM, NOW)
    assert not [each for each in decision.actions if isinstance(each, StartExperiment)]
    assert stage(VersionObservation(NEXT, standing)) is Stage.ARCHIVED
    # Who tries it again by hand has the last word.
    tried = experiment(phase=ExperimentPhase.PROGRESSING)
    assert stage(VersionObservation(NEXT, standing, (tried,))) is Stage.STAGING


def test_the_registry_of_the_refilled_cluster_keeps_what_was_refused() -> None:
    of = imported(production="v1.0.0", refused=[BAD], given_up=GIVEN_UP)
    status = settled(of, version("v1.0.0"), NEXT)
    content = registry(ModelObservation(of, (version("v1.0.0"), NEXT)), status)
    assert content is not None
    assert content.quarantined == (BAD,)
    assert [each.given_up for each in content.entries] == ["", GIVEN_UP["v1.1.0"]]


def test_once_something_is_in_production_the_annotation_counts_no_more() -> None:
    standing = model("v1.1.0").status
    of = imported(production="v1.0.0", status=standing)
    status = settled(of, version("v1.0.0"), version("v1.1.0"))
    assert status.production is not None
    assert status.production.version == "v1.1.0"


def test_an_annotation_that_cannot_be_read_says_nothing() -> None:
    status = settled(imported(text="{"), version("v1.0.0"), version("v1.1.0"))
    assert status.production is not None
    assert status.production.version == "v1.1.0"
