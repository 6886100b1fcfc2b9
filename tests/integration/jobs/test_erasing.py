"""Erasures that are killed before each of their writes once, and done again."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest
from erasure_house import House, full_house
from integration.postgres import own_postgres, postgres_url
from searching import every_file, every_row
from sqlalchemy import Engine
from store_builders import make_prediction, project

from pharos_api.erasing import ErasureReceipt
from pharos_api.names import ENV_DATABASE_URL, ENV_USER_HASH_KEY
from pharos_store.connecting import open_engine
from pharos_store.identity import user_uuid
from pharos_store.log_writing import write_log
from pharos_store.rows import LabelRow, LogBatch
from pharos_store.upgrading import upgrade

__all__ = ["own_postgres", "postgres_url"]
pytestmark = pytest.mark.timeout(900)
KEY = "canary-hash-key-9c"
KILLED, NEVER = -9, 0
WRITES = 25
SCRIPT = Path(__file__).parents[2] / "killed_erasures.py"


@dataclass
class Lab:
    """A database, a folder for each user, and the process that starts erasures."""

    folder: Path
    engine: Engine
    starter: "subprocess.Popen[str]"
    receipts: Iterator[int] = field(default_factory=count)

    def house(self, user: str) -> House:
        """What the store and the log hold of the user and of somebody else."""
        house = House(self.folder / user, f"of-{user}", f"beside-{user}", f"{user} wrote this text")
        row = replace(make_prediction(house.request), input_text=house.text)
        row = replace(row, user_id=user_uuid(KEY, user))
        shadow = replace(make_prediction(house.request, arm="shadow"), user_id=None)
        label = LabelRow(house.request, "cs.AI", row.created_at)
        write_log(self.engine, LogBatch([row, shadow, make_prediction(house.other)], [label]))
        full_house(house)
        return house

    def erase(self, house: House, killed_at: int = NEVER) -> tuple[int, str]:
        """The exit code, and the receipt as it was printed."""
        assert self.starter.stdin is not None
        assert self.starter.stdout is not None
        printed = self.folder / f"receipt-{next(self.receipts)}"
        told = house.told(house.folder.name).to_json()
        order = {"told": told, "killedAt": killed_at, "receipt": str(printed)}
        self.starter.stdin.write(json.dumps(order | {"folder": str(house.folder)}) + "\n")
        self.starter.stdin.flush()
        return int(self.starter.stdout.readline()), printed.read_text()


@pytest.fixture
def lab(tmp_path: Path, postgres_url: str) -> Iterator[Lab]:
    upgrade(postgres_url)
    engine = open_engine(postgres_url)
    project(engine)
    secrets = {ENV_DATABASE_URL: postgres_url, ENV_USER_HASH_KEY: KEY}
    with subprocess.Popen(
        [sys.executable, str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | secrets,
        text=True,
    ) as starter:
        yield Lab(tmp_path, engine, starter)
    engine.dispose()


def facts(house: House, printed: str) -> dict[str, object]:
    """The receipt without what differs between two users and two moments."""
    receipt = ErasureReceipt.model_validate_json(printed)
    told = receipt.model_dump(exclude={"user_mark", "at", "earlier", "datasets"})
    return told | {
        "datasets": len(receipt.datasets),
        "left": [each.replace(house.folder.as_uri(), "") for each in receipt.left],
    }


def traces(house: House, engine: Engine) -> set[str]:
    """The tables and files in which something of the user still stands."""
    user = user_uuid(KEY, house.folder.name)
    assert user is not None
    everything = every_row(engine) | every_file(house.folder)
    wanted = (house.text, house.request, str(user), user.hex)
    return {place for place, said in everything.items() if any(each in said for each in wanted)}


QUOTING = {
    "artifacts/models/default/arxiv/v1.2.0/reference_answers.jsonl",
    "cold/models/default/arxiv/v1.1.0/reference_answers.jsonl",
}


@pytest.mark.requirement("SEC-14")
def test_killed_before_each_of_its_writes_and_done_again_an_erasure_tells_the_same(
    lab: Lab,
) -> None:
    calm = lab.house("ada")
    assert traces(calm, lab.engine) > QUOTING
    code, printed = lab.erase(calm)
    assert (code, traces(calm, lab.engine)) == (0, QUOTING)
    whole = facts(calm, printed)
    assert (whole["predictions"], whole["feedback"], whole["samples"]) == (2, 1, 3)
    assert (whole["raw_papers"], whole["caches"], whole["reports"]) == (2, 2, 1)
    assert len(str(whole["models"]).split(",")) == 3
    assert "cold/models/default/arxiv/v1.1.0 quotes a text" in str(whole["left"])

    for killed_at in count(1):
        house = lab.house(f"user-{killed_at}")
        ended, _ = lab.erase(house, killed_at)
        code, printed = lab.erase(house)
        where = f"killed before write {killed_at}"
        assert (code, facts(house, printed)) == (0, whole), where
        assert traces(house, lab.engine) == QUOTING, where
        if ended != KILLED:
            assert ended == 0
            break
    assert killed_at > WRITES


def test_a_second_erasure_of_a_user_tells_all_that_the_first_one_told(lab: Lab) -> None:
    house = lab.house("grace")
    _, first = lab.erase(house)
    _, second = lab.erase(house)
    assert facts(house, second) == facts(house, first)
    receipts = [ErasureReceipt.model_validate_json(each) for each in (first, second)]
    assert receipts[1].earlier == receipts[0].at
    assert receipts[1].datasets == receipts[0].datasets
