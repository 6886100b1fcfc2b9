"""Real papers in splits: every paper with exactly one of the ten categories, in its natural share.

No rule of the prepare step drops a paper here, so that the set is the one of ``research/data.md``.
Papers with several of the ten are related samples: learnt from by recipes that can, never measured.
"""

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pharos_api.data import LabelPolicy, Split
from pharos_jobs.core.cleaning import clean_text, joined_text
from pharos_jobs.core.labels import assign_label, several_targets
from pharos_jobs.core.papers import Paper, Sample, paper_from_json
from pharos_jobs.core.splits import Splits, split_samples

LABELS = (
    *("cs.AI", "cs.CL", "cs.CR", "cs.CV", "cs.DB"),
    *("cs.DC", "cs.LG", "cs.NE", "cs.RO", "cs.SE"),
)
TARGETS = frozenset(LABELS)
_DEFAULT = Path(__file__).parents[3] / "shared"


@dataclass(frozen=True)
class Papers:
    """Samples of one label each, papers of several labels, and papers of 2026 of one label."""

    samples: list[Sample]
    related: list[Sample]
    drift: list[Sample]


def load() -> Papers:
    """Read both files. Ends the program with a sentence where they are missing."""
    folder = Path(os.environ.get("PHAROS_SHARED", _DEFAULT)) / "data"
    if not folder.is_dir():
        raise SystemExit(f"{folder} is missing: set PHAROS_SHARED to the folder that holds data/.")
    papers = list(_read(folder / "arxiv_cs10.jsonl.gz"))
    drift = list(_read(folder / "arxiv_cs_2026_drift.jsonl.gz"))
    return Papers(_exclusive(papers), list(_related(papers)), _exclusive(drift))


def divided(papers: Papers, seed: int) -> Splits:
    """80, 10 and 10 percent, every class in the same proportion."""
    return split_samples(papers.samples, Split(seed=seed))


def _read(path: Path) -> Iterator[Paper]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            row: dict[str, Any] = json.loads(line)
            yield paper_from_json(row | {"published": row.get("published") or ""}, number)


def _exclusive(papers: list[Paper]) -> list[Sample]:
    labelled = ((p, assign_label(p, TARGETS, LabelPolicy.EXCLUSIVE)) for p in papers)
    return [_sample(paper, label) for paper, label in labelled if label in TARGETS]


def _related(papers: list[Paper]) -> Iterator[Sample]:
    for paper in papers:
        if targets := several_targets(paper, TARGETS):
            yield _sample(paper, targets[0], targets[1:])


def _sample(paper: Paper, label: str, others: tuple[str, ...] = ()) -> Sample:
    title, abstract = clean_text(paper.title), clean_text(paper.abstract)
    return Sample(joined_text(title, abstract), label, paper.id, title, others=others)
