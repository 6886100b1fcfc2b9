"""Which data and base model the demonstration takes on which machine, and the reason it gives."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pharos_console.demo.ingredients import (
    ARXIV_LABELS,
    HUB_MODEL,
    NEWS_LABELS,
    PACKAGED_CORPUS,
    PACKAGED_MODEL,
    choose,
)
from pharos_console.errors import UsageError


def reaching(*hosts: str) -> Callable[[str], bool]:
    return lambda url: any(host in url for host in hosts)


@dataclass(frozen=True)
class Case:
    hosts: tuple[str, ...]
    labels: list[str]
    uri: str
    base_model: str
    live: bool
    data_reason: str


CASES = {
    "with the internet: live papers and the hub's weights": Case(
        ("arxiv.org", "huggingface.co"), ARXIV_LABELS, "", HUB_MODEL, True, "live papers of arXiv"
    ),
    "without the hub: live papers and packaged weights": Case(
        ("arxiv.org",), ARXIV_LABELS, "", PACKAGED_MODEL, True, "live papers of arXiv"
    ),
    "without arXiv: packaged news and the hub's weights": Case(
        ("huggingface.co",), NEWS_LABELS, PACKAGED_CORPUS, HUB_MODEL, False, "arXiv is out of reach"
    ),
    "without the internet: everything packaged": Case(
        (), NEWS_LABELS, PACKAGED_CORPUS, PACKAGED_MODEL, False, "PHAROS_DATASET not set"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_without_a_file_the_network_decides(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PHAROS_DATASET", raising=False)
    found = choose(reaching(*case.hosts))
    assert (found.labels, found.uri, found.base_model) == (case.labels, case.uri, case.base_model)
    assert found.from_arxiv is case.live
    assert case.data_reason in found.data_reason


MODEL_REASONS = {
    "the hub answers": (("huggingface.co",), "from the Hugging Face hub"),
    "the hub does not": ((), "the hub is out of reach"),
}


@pytest.mark.parametrize(("hosts", "words"), MODEL_REASONS.values(), ids=MODEL_REASONS.keys())
def test_the_base_model_comes_with_its_reason(hosts: tuple[str, ...], words: str) -> None:
    assert words in choose(reaching(*hosts)).model_reason


def test_a_named_file_goes_before_arxiv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "papers.jsonl.gz"
    file.touch()
    monkeypatch.setenv("PHAROS_DATASET", str(file))
    found = choose(reaching("arxiv.org"))
    assert (found.file, found.from_arxiv) == (file, False)
    assert found.data_reason == "papers of papers.jsonl.gz (PHAROS_DATASET)"


def test_a_named_file_that_is_none_ends_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHAROS_DATASET", "nowhere.jsonl")
    with pytest.raises(UsageError, match=r"PHAROS_DATASET=nowhere\.jsonl is no file"):
        choose(reaching())
