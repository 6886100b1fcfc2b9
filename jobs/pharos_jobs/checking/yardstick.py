"""What growth is measured against: production's data set, or that of a later retraining.

A retraining that was not better has seen its data: only what came after it can make another one
come out differently. Reads the artifact store; counts nothing.
"""

from dataclasses import dataclass

from pharos_api.checking import CheckInput
from pharos_api.retraining import Attempt
from pharos_jobs import storage
from pharos_jobs.core.papers import Paper, Sample, paper_from_json
from pharos_jobs.core.recency import Known, identified, last_training_date
from pharos_jobs.datasets import Dataset, open_dataset, read_all
from pharos_jobs.errors import Terminal
from pharos_jobs.lineage import ancestors


@dataclass(frozen=True, slots=True)
class Yardstick:
    """A data set, all that is known beside it, and the last day that it knows of.

    ``whose`` names it in a sentence. ``labels_since`` is the moment from which on users' labels may
    be new, None where nobody knows it. ``earlier`` samples are not in production's data set.
    """

    dataset: Dataset
    whose: str
    known: Known
    since: str | None
    labels_since: str | None
    earlier: int = 0

    @property
    def samples(self) -> int:
        """How many samples it holds."""
        return int(self.dataset.card["samples"])


def yardstick(told: CheckInput, production: Dataset, today: str) -> Yardstick:
    """The last retraining's data set where it extends production's and is there; else production's.

    ``today`` is ISO 8601. Papers that the retraining collected are known, whatever became of them.
    """
    attempt = told.attempt
    trained_at = told.production.trained_at if told.production else None
    dataset = None if attempt is None else _extending(told, production, attempt)
    if attempt is None or dataset is None:
        name = told.production.version if told.production else ""
        samples = read_all(production)
        since = _since(production, samples, today)
        return Yardstick(production, name, Known.of(samples), since, trained_at)
    samples, day = read_all(dataset), attempt.data_until
    days = [_since(dataset, samples, today), day]
    return Yardstick(
        dataset=dataset,
        whose=f"the last retraining {attempt.run}",
        known=Known.of(samples).with_papers(_collected(attempt)),
        since=max((each for each in days if each and each <= today), default=None),
        labels_since=f"{day}T00:00:00Z" if day else trained_at,
        earlier=max(0, int(dataset.card["samples"]) - int(production.card["samples"])),
    )


def _extending(told: CheckInput, production: Dataset, attempt: Attempt) -> Dataset | None:
    """The attempt's data set; None where it is another line's, or retention has removed it."""
    try:
        found = open_dataset(f"{told.artifact_root}/datasets/{attempt.dataset_sha256}")
    except Terminal:
        return None
    given = told.production.dataset_sha256 if told.production else ""
    line = {*ancestors(found), attempt.dataset_sha256}
    return found if line & {given, production.sha256} else None


def _since(dataset: Dataset, samples: list[Sample], today: str) -> str | None:
    return last_training_date(dataset.card, (s.published for s in samples), today)


def _collected(attempt: Attempt) -> list[Paper]:
    """What the attempt collected beside the data set that it extended; raw data goes first."""
    if not attempt.raw_uri or not storage.exists(attempt.raw_uri):
        return []
    rows = storage.read_lines(attempt.raw_uri)
    return [identified(paper_from_json(row, number)) for number, row in enumerate(rows, start=1)]
