"""Which papers are fit for training, and why the others are not (settled point A6).

Quality asks for an abstract of at least 50 words; validity for a text of at least 10.
"""

from collections.abc import Mapping
from enum import StrEnum

from pharos_jobs.core.cleaning import clean_text, joined_text
from pharos_jobs.core.papers import Paper, Sample

MIN_VALID_WORDS = 10
_MIN_ENGLISH_LETTERS = 0.90
_MIN_LETTERS = 0.50
_MIN_VOWELS = 0.25


class Rejection(StrEnum):
    """Why a paper is not trained on; counted in the dataset's card."""

    EMPTY_TEXT = "EmptyText"
    TOO_SHORT = "TooShort"
    NOT_ENGLISH = "NotEnglish"
    WITHDRAWN = "Withdrawn"


def to_sample(paper: Paper, label: str, min_words: int) -> Sample | Rejection:
    """The clean sample of a paper, or why it is rejected.

    ``min_words`` counts words of the clean abstract, or of the text behind its title where a source
    has no abstract.
    """
    title, body = clean_text(paper.title), clean_text(paper.abstract or paper.text)
    if not body:
        return Rejection.EMPTY_TEXT
    if is_withdrawn(paper):
        return Rejection.WITHDRAWN
    if _words_without(title, body) < max(min_words, MIN_VALID_WORDS):
        return Rejection.TOO_SHORT
    if not is_english(body):
        return Rejection.NOT_ENGLISH
    # A ready text holds its title already.
    text = joined_text(title, body) if paper.abstract else body
    return Sample(text, label, paper.id, title, paper.authors, paper.published)


def _words_without(title: str, body: str) -> int:
    """Words of a body, less those of the title that it may begin with."""
    words = len(body.split())
    return words - len(title.split()) if title and body.startswith(title) else words


def is_english(text: str) -> bool:
    """Whether a text reads as English by its characters alone (row PRE-15).

    Three shares decide: letters that are a to z (at least 90 %), characters that are letters (at
    least half), and letters that are vowels (at least a quarter, which tables and code miss).
    """
    letters = [c for c in text.lower() if c.isalpha()]
    if not letters:
        return False
    ascii_letters = [c for c in letters if c.isascii()]
    visible = sum(not c.isspace() for c in text)
    return (
        len(ascii_letters) >= _MIN_ENGLISH_LETTERS * len(letters)
        and len(letters) >= _MIN_LETTERS * visible
        and sum(c in "aeiou" for c in ascii_letters) >= _MIN_VOWELS * len(letters)
    )


def is_withdrawn(paper: Paper) -> bool:
    """Whether the abstract is only the notice that the paper was withdrawn."""
    start = paper.abstract[:200].lower()
    return "has been withdrawn" in start or "withdrawn by the author" in start


def validate_sample(sample: Mapping[str, object]) -> str | None:
    """Why a raw sample is invalid, or None when it is valid (row ERR-9)."""
    for name in ("text", "label", "arxiv_id"):
        if name not in sample:
            return f"Missing field: {name}"
    text = str(sample["text"] or "").strip()
    if not text:
        return "Empty text"
    if not str(sample["label"] or "").strip():
        return "Empty label"
    if len(text.split()) < MIN_VALID_WORDS:
        return f"Text too short (<{MIN_VALID_WORDS} words)"
    return None
