"""Names that two parts must spell alike."""

import pytest

from pharos_api import names

BOUNDED = {
    "a short name stays": ("run", "-train", "run-train"),
    "a name of 63 characters stays": ("r" * 57, "-train", "r" * 57 + "-train"),
}


@pytest.mark.parametrize(("name", "suffix", "wanted"), BOUNDED.values(), ids=BOUNDED.keys())
def test_bounded(name: str, suffix: str, wanted: str) -> None:
    assert names.bounded(name, suffix) == wanted


def test_long_names_of_jobs_leave_room_for_an_index_and_stay_apart() -> None:
    one, other = names.job_name("r" * 63, "train"), names.job_name("r" * 62 + "s", "train")
    assert len(f"{one}-99") == len(f"{other}-99") == 63
    assert one != other
    assert one.endswith("-train")


def test_a_second_attempt_is_another_job() -> None:
    assert names.job_name("run", "train") == "run-train"
    assert names.job_name("run", "train", 2) == "run-train-2"


def test_a_cron_job_keeps_the_11_characters_that_kubernetes_appends() -> None:
    assert len(names.cron_job_name("m" * 63)) <= 52


@pytest.mark.requirement("ERR-13")
@pytest.mark.parametrize("version", ["1.0.0", "v1.0", "v1.0.0-rc1", "vX.Y.Z", "v1.0.0.0", ""])
def test_versions_of_another_form_are_refused(version: str) -> None:
    with pytest.raises(ValueError, match="Invalid version format"):
        names.parse_version(version)


def test_the_cluster_of_an_arm_has_no_dots() -> None:
    assert names.cluster_name("ns", "m", "v1.2.0", "candidate") == "ns/m/v1-2-0/candidate"
