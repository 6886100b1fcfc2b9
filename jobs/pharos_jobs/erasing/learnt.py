"""Which models learnt from data sets that hold, or held, samples of a user. Changes nothing.

A version's metadata names what was left of its data set when it was registered. Its run knows what
it was trained on: an erasure may have come between the two.
"""

from collections.abc import Iterable, Iterator

from pharos_api.artifacts import METADATA
from pharos_jobs import storage
from pharos_jobs.retention.stock import dataset_of, rests_of_datasets, version_paths

_RECORD = "training.json"


def trained_on(root: str, datasets: Iterable[str]) -> Iterator[str]:
    """Versions, and models that lie in runs, by path in the store."""
    wanted = _with_origins(set(datasets), rests_of_datasets(root))
    runs = {path for path in _trained_runs(root) if _learnt_from(root, path) in wanted}
    yield from sorted(runs)
    for path in sorted(version_paths(root)):
        about = storage.read_json(f"{root}/{path}/{METADATA}")
        run = f"runs/{about.get('run_uid', '')}/model"
        if dataset_of(about) in wanted or run in runs:
            yield path


def _with_origins(datasets: set[str], rests: dict[str, str]) -> set[str]:
    """The data sets and those that they are the rest of, after earlier erasures."""
    while more := {name for name, rest in rests.items() if rest in datasets} - datasets:
        datasets |= more
    return datasets


def _trained_runs(root: str) -> Iterator[str]:
    for uid in storage.names(f"{root}/runs"):
        if storage.exists(f"{root}/runs/{uid}/model/{_RECORD}"):
            yield f"runs/{uid}/model"


def _learnt_from(root: str, path: str) -> str:
    return str(storage.read_json(f"{root}/{path}/{_RECORD}").get("datasetSha256", ""))
