"""What an erasure finds in the artifact store and clears there: real files, no database."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from erasure_house import House, full_house, owned
from searching import every_file

from pharos_jobs import storage
from pharos_jobs.datasets import open_dataset, read_split
from pharos_jobs.erasing.account import Account, account_from_json
from pharos_jobs.erasing.clearing import clear
from pharos_jobs.erasing.looking import Traces, look
from pharos_store.identity import mark

MARKS = frozenset({mark("request-1")})
MODELS = "models/default/arxiv"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, "request-1", "request-2")


def erase(house: House) -> Traces:
    found = look(house.told("ada"), MARKS, datetime.now(UTC))
    clear(house.root, found, MARKS)
    return found


@pytest.mark.requirement("SEC-14")
def test_a_sample_that_stayed_in_every_data_set_after_is_taken_out_of_each(house: House) -> None:
    first, second, third = full_house(house)
    account = erase(house).account
    assert account.samples == {second.sha256: 1, third.sha256: 1, "0" * 64: 1}
    assert open_dataset(second.uri).sha256 == first.sha256
    rest = open_dataset(third.uri)
    assert rest.card["extends"]["sha256"] == second.sha256
    assert [each.arxiv_id for each in read_split(rest, "test")] == ["cs.RO-2", "cs.RO-3", "cs.AI-9"]
    assert owned(house, rest.sha256) == owned(house, third.sha256)
    quoting = {f"{each}/reference_answers.jsonl" for each in _below(house, account.quoting)}
    files = every_file(house.folder)
    assert {path for path, content in files.items() if house.text in content} == quoting
    assert not [path for path, content in files.items() if "request-1" in content]
    assert house.theirs.text in files["cold/raw/run-1/papers.jsonl.gz"]


def _below(house: House, quoting: frozenset[str]) -> set[str]:
    cold = house.cold.removesuffix("cold")
    return {p.removeprefix(cold) if "://" in p else f"artifacts/{p}" for p in quoting}


@pytest.mark.requirement("SEC-14")
def test_a_version_in_an_archive_that_quotes_the_user_is_named(house: House) -> None:
    full_house(house)
    assert erase(house).account.quoting == {
        f"{MODELS}/v1.2.0",
        f"{house.cold}/{MODELS}/v1.1.0",
    }


@pytest.mark.requirement("SEC-14")
def test_a_version_in_an_archive_that_no_model_names_any_more_is_named_too(house: House) -> None:
    second = house.dataset(house.mine)
    former = f"{house.folder.as_uri()}/former"
    house.version("v1.1.0", second.sha256, place=former)
    assert erase(house).account.quoting == {f"{former}/{MODELS}/v1.1.0"}


@pytest.mark.requirement("SEC-14")
def test_a_model_that_was_trained_before_and_registered_after_an_erasure_is_named(
    house: House,
) -> None:
    _, _, third = full_house(house)
    erase(house)
    rest = open_dataset(third.uri)
    house.version("v1.3.0", rest.sha256, run="run-3")
    house.trained("run-4", rest.sha256)
    house.version("v1.4.0", rest.sha256, run="run-4")
    assert erase(house).account.models == {
        "runs/run-3/model",
        f"{MODELS}/v1.1.0",
        f"{MODELS}/v1.2.0",
        f"{MODELS}/v1.3.0",
    }


@pytest.mark.requirement("SEC-14")
def test_a_data_set_whose_erasure_was_cut_off_while_files_went_is_brought_to_its_end(
    house: House,
) -> None:
    second = house.dataset(house.mine)
    kept = storage.read_bytes(f"{second.uri}/test.jsonl.gz")
    erase(house)
    storage.write_bytes(f"{second.uri}/test.jsonl.gz", kept)
    storage.write_json(f"{second.uri}/snapshot.json", {"words": {"ada": 1}})
    erase(house)
    assert storage.names(second.uri) == ["erased.json"]


def test_what_another_erasure_took_from_the_same_data_set_stays_known(house: House) -> None:
    second = house.dataset(house.mine)
    erase(house)
    storage.write_json(f"{second.uri}/card.json", second.card)
    for name in ("train", "val", "test"):
        rows, _ = storage.gzip_lines([house.theirs.to_json()])
        storage.write_bytes(f"{second.uri}/{name}.jsonl.gz", rows)
    other = frozenset({mark("request-2")})
    clear(house.root, look(house.told("bob"), other, datetime.now(UTC)), other)
    about = storage.read_json(f"{second.uri}/erased.json")
    assert set(about["requests"]) == MARKS | other


def test_a_file_that_somebody_writes_at_this_moment_is_left_alone(house: House) -> None:
    house.papers(house.root)
    draft = house.folder / "artifacts/raw/run-1/.papers.jsonl.gz.k2ab3cd4"
    draft.write_text("half")
    erase(house)
    assert draft.exists()


def test_of_a_user_who_left_nothing_nothing_is_looked_for(house: House) -> None:
    full_house(house)
    assert look(house.told("nobody"), frozenset(), datetime.now(UTC)) == Traces()


def test_two_tries_together_count_nothing_twice() -> None:
    before = Account({"d": 2}, {"p": 3}, frozenset({"t1"}), models=frozenset({"m1"}))
    after = Account({"d": 1, "e": 1}, {}, frozenset({"t1", "t2"}), quoting=frozenset({"q"}))
    both = after.with_earlier(account_from_json(before.to_json()))
    assert both == Account(
        {"d": 2, "e": 1}, {"p": 3}, frozenset({"t1", "t2"}), frozenset(),
        frozenset({"m1"}), frozenset({"q"}),
    )  # fmt: skip
    assert account_from_json({}) == Account()
