"""An artifact root and an archive with a text of one user wherever a text can stand."""

import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jobs_builders import sample
from retention_cases import OWNER, days

from pharos_api.artifacts import ARCHIVED
from pharos_api.erasing import ErasureInput
from pharos_jobs import storage
from pharos_jobs.core.papers import Sample
from pharos_jobs.core.splits import Splits
from pharos_jobs.datasets import Dataset, write_dataset
from pharos_jobs.retention import owners
from pharos_jobs.retention.owners import Owned

CARD = {"labels": ["cs.AI", "cs.RO"], "source": "feedback"}
LONG_AGO_S = 7200.0


@dataclass(frozen=True)
class House:
    """``request`` is the user's, whose text is ``text``; the other one is somebody else's."""

    folder: Path
    request: str
    other: str
    text: str = "ada wrote this very text of hers"

    @property
    def root(self) -> str:
        return (self.folder / "artifacts").as_uri()

    @property
    def cold(self) -> str:
        return (self.folder / "cold").as_uri()

    @property
    def mine(self) -> Sample:
        return replace(sample(seed=1), arxiv_id=self.request, text=self.text)

    @property
    def theirs(self) -> Sample:
        return replace(sample(seed=2), arxiv_id=self.other, text="bob wrote this other text")

    def told(self, user: str) -> ErasureInput:
        reason = "asked by mail@ada.example"
        return ErasureInput(
            user=user, reason=reason, artifact_root=self.root, archives=[self.cold + "/"]
        )

    def dataset(self, *more: Sample, extends: str = "") -> Dataset:
        """The data set of the other one's sample, and more of them in its test split."""
        rest = tuple(sample("cs.RO", seed) for seed in range(4))
        parts = Splits((self.theirs, rest[0]), (rest[1],), (*rest[2:], *more))
        card = CARD | ({"extends": {"sha256": extends, "ancestors": [extends]}} if extends else {})
        made = write_dataset(self.root, parts, card)
        owners.claim(self.root, (owners.DATASETS, made.sha256), OWNER, days(1))
        return made

    def version(self, number: str, dataset: str, place: str = "", run: str = "") -> None:
        """A version that quotes the user; with a place it is in the archive there."""
        path = f"models/default/arxiv/{number}"
        about = {"dataset": {"sha256": dataset}, "run_uid": run}
        storage.write_json(f"{self.root}/{path}/metadata.json", about)
        if place:
            uri = f"{place}/{path}"
            storage.write_json(f"{self.root}/{path}/{ARCHIVED}", {"uri": uri})
        self.quote(f"{place or self.root}/{path}")

    def quote(self, folder: str) -> None:
        """Reference answers with a text of both."""
        lines = [{"text": each.text, "label": "cs.AI"} for each in (self.mine, self.theirs)]
        content = "".join(json.dumps(line) + "\n" for line in lines)
        storage.write_bytes(f"{folder}/reference_answers.jsonl", content.encode())

    def trained(self, run: str, dataset: str) -> None:
        """What the steps of a run left, the model among it."""
        record = {"datasetSha256": dataset}
        storage.write_json(f"{self.root}/runs/{run}/model/training.json", record)
        self.quote(f"{self.root}/runs/{run}/evaluation")

    def papers(self, place: str) -> None:
        rows, _ = storage.gzip_lines([self.mine.to_json(), self.theirs.to_json()])
        storage.write_bytes(f"{place}/raw/run-1/papers.jsonl.gz", rows)

    def cut_off(self) -> None:
        """What killed steps left: a data set without its card, and a file without its name."""
        rows, _ = storage.gzip_lines([self.mine.to_json()])
        storage.write_bytes(f"{self.root}/datasets/{'0' * 64}/train.jsonl.gz", rows)
        draft = self.folder / "artifacts/raw/run-1/.papers.jsonl.gz.k2ab3cd4"
        draft.write_text(self.text)
        old = time.time() - LONG_AGO_S
        os.utime(draft, (old, old))

    def report(self) -> None:
        about: dict[str, Any] = {"words": {"risen": [{"word": "ada"}], "fallen": []}}
        folder = f"{self.root}/reports/default/arxiv/2026-11-01T020000Z"
        storage.write_json(f"{folder}/drift.json", about)


def full_house(house: House) -> tuple[Dataset, Dataset, Dataset]:
    """Three data sets, each of which extends the one before; the user's sample is in the last two.

    One version was trained on each, the second is in the archive; a run that is not registered yet
    has learnt from the third.
    """
    first = house.dataset()
    second = house.dataset(house.mine, extends=first.sha256)
    third = house.dataset(house.mine, sample("cs.AI", 9), extends=second.sha256)
    house.version("v1.1.0", second.sha256, place=house.cold)
    house.version("v1.2.0", third.sha256)
    about = {"dataset": {"sha256": first.sha256}}
    storage.write_json(f"{house.root}/models/default/arxiv/v1.0.0/metadata.json", about)
    house.trained("run-3", third.sha256)
    for place in (house.root, house.cold):
        house.papers(place)
    storage.write_bytes(f"{house.root}/tokens/abc.arrow", house.text.encode())
    house.cut_off()
    house.report()
    return first, second, third


def owned(house: House, digest: str) -> Owned | None:
    """Who owns a data set."""
    return owners.owned(house.root, (owners.DATASETS, digest))
