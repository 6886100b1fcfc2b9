"""A Model that was imported comes back to the production that it had, and to no other."""

from typing import Any

from decide_builders import NOW, PLATFORM, model, version

from pharos_api.inventory import Restored
from pharos_api.model import Model, ModelStatus
from pharos_api.modelversion import ModelVersion
from pharos_api.names import ANNOTATION_RESTORED
from pharos_operator.decide.models.model import decide
from pharos_operator.decide.observation import ModelObservation


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
