"""Texts of true lengths: real papers, split once and for all by a seed."""

import gzip
import json
import os
import random
from dataclasses import dataclass
from pathlib import Path

from delivery import places
from machine.problem import Problem

LABELS = (
    *("cs.AI", "cs.CL", "cs.CV", "cs.LG", "cs.CR"),
    *("cs.DB", "cs.DC", "cs.NE", "cs.RO", "cs.SE"),
)
_FILE = "data/arxiv_cs10.jsonl.gz"
_SEED = 42


@dataclass(frozen=True, slots=True)
class Paper:
    """Title and abstract, and the number of its one class."""

    text: str
    number: int


@dataclass(frozen=True, slots=True)
class Papers:
    """Three parts of exclusive papers, as many of each class."""

    train: list[Paper]
    val: list[Paper]
    test: list[Paper]


def papers(train: int, val: int, test: int) -> Papers:
    """So many papers a class. Raises Problem where the data is missing."""
    shared = Path(os.environ.get("PHAROS_SHARED", places.CHECKOUT.parent / "shared"))
    path = shared / _FILE
    if not path.exists():
        raise Problem(f"{path} is missing; set PHAROS_SHARED to the folder that holds data/")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    draw = random.Random(_SEED)
    found = Papers([], [], [])
    for number, label in enumerate(LABELS):
        mine = [_paper(row, number) for row in rows if _is_exclusive(row, label)]
        draw.shuffle(mine)
        found.test.extend(mine[:test])
        found.val.extend(mine[test : test + val])
        found.train.extend(mine[test + val : test + val + train])
    return found


def _is_exclusive(row: dict[str, list[str]], label: str) -> bool:
    named = [name for name in row["categories"] if name in LABELS]
    return named == [label]


def _paper(row: dict[str, str], number: int) -> Paper:
    return Paper(f"{row['title']}. {row['abstract']}", number)
