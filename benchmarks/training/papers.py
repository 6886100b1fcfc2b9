"""Real papers for the benchmark: four classes, exclusive, drawn by a seed."""

import gzip
import json
import os
import random
from dataclasses import dataclass
from pathlib import Path

from machine.problem import Problem
from pharos_api.data import LabelPolicy
from pharos_jobs.core.labels import assign_label
from pharos_jobs.core.papers import Sample, paper_from_json
from pharos_jobs.core.quality import Rejection, to_sample

CLASSES = ("cs.CL", "cs.CR", "cs.DB", "cs.RO")
TARGETS = frozenset(
    ("cs.AI", "cs.CL", "cs.CR", "cs.CV", "cs.DB", "cs.DC", "cs.LG", "cs.NE", "cs.RO", "cs.SE")
)
_CHECKOUT = Path(__file__).resolve().parents[2]
_MIN_WORDS = 50


@dataclass(frozen=True, slots=True)
class Parts:
    """What is trained on, what decides about early stopping, and what is measured on."""

    train: list[Sample]
    val: list[Sample]
    test: list[Sample]


def drawn(seed: int, train: int, val: int, test: int) -> Parts:
    """So many papers of each class. Raises Problem where the data are missing."""
    by_class: dict[str, list[Sample]] = {name: [] for name in CLASSES}
    for sample in _samples():
        by_class[sample.label].append(sample)
    parts = Parts([], [], [])
    for name in CLASSES:
        order = sorted(by_class[name], key=lambda s: s.arxiv_id)
        random.Random(f"{seed}-{name}").shuffle(order)
        parts.train.extend(order[:train])
        parts.val.extend(order[train : train + val])
        parts.test.extend(order[train + val : train + val + test])
    return parts


def source() -> Path:
    """The file of real papers. Raises Problem where it is not there."""
    shared = Path(os.environ.get("PHAROS_SHARED", _CHECKOUT.parent / "shared"))
    path = shared / "data" / "arxiv_cs10.jsonl.gz"
    if not path.exists():
        raise Problem(f"{path} is missing: set PHAROS_SHARED to the folder that holds data/")
    return path


def _samples() -> list[Sample]:
    found = []
    with gzip.open(source(), "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            row = json.loads(line)
            if row["primary_category"] not in CLASSES:
                continue
            paper = paper_from_json(row, number)
            label = assign_label(paper, TARGETS, LabelPolicy.EXCLUSIVE)
            if label not in CLASSES:
                continue
            sample = to_sample(paper, label, _MIN_WORDS)
            if not isinstance(sample, Rejection):
                found.append(sample)
    return found
