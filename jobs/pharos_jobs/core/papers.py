"""The records that travel between steps: a paper as found, and a sample as trained on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Paper:
    """A document as a source gave it (row DBM-1).

    ``label`` is set by sources that are already labelled; papers of arXiv have ``categories``, the
    primary first. ``text`` is set by sources that know no title.
    """

    id: str
    title: str = ""
    abstract: str = ""
    text: str = ""
    label: str = ""
    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    published: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def primary_category(self) -> str:
        """The first category, or nothing."""
        return self.categories[0] if self.categories else ""

    def to_json(self) -> dict[str, Any]:
        """The row DBM-1 fields, and what else the source said."""
        return {
            "arxiv_id": self.id,
            "title": self.title,
            "abstract": self.abstract,
            "text": self.text,
            "label": self.label,
            "authors": list(self.authors),
            "categories": list(self.categories),
            "primary_category": self.primary_category,
            "published": self.published,
            **self.extra,
        }


@dataclass(frozen=True, slots=True)
class Sample:
    """A clean, labelled text (row DBM-2); ``others`` are further labels that fit it as well."""

    text: str
    label: str
    arxiv_id: str
    title: str = ""
    authors: tuple[str, ...] = ()
    published: str = ""
    others: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The row DBM-2 fields."""
        return {
            "text": self.text,
            "label": self.label,
            "arxiv_id": self.arxiv_id,
            "title": self.title,
            "authors": list(self.authors),
            "published": self.published,
            **({"others": list(self.others)} if self.others else {}),
        }


_PAPER_KEYS = frozenset(
    {
        *("arxiv_id", "id", "title", "abstract", "text", "label", "authors"),
        *("categories", "primary_category", "published"),
    }
)


def paper_from_json(row: Mapping[str, Any], number: int) -> Paper:
    """A paper from a row of any supported file; ``number`` names rows that have no id."""
    return Paper(
        id=str(row.get("arxiv_id") or row.get("id") or f"row-{number}"),
        title=_text(row.get("title")),
        abstract=_text(row.get("abstract")),
        text=_text(row.get("text")),
        label=_text(row.get("label")),
        categories=_primary_first(
            _words(row.get("categories")), _text(row.get("primary_category"))
        ),
        authors=_names(row.get("authors")),
        published=_text(row.get("published")),
        extra={k: v for k, v in row.items() if k not in _PAPER_KEYS},
    )


def sample_from_json(row: Mapping[str, Any]) -> Sample:
    """A sample from a row of a split."""
    return Sample(
        text=_text(row.get("text")),
        label=_text(row.get("label")),
        arxiv_id=_text(row.get("arxiv_id")),
        title=_text(row.get("title")),
        authors=_names(row.get("authors")),
        published=_text(row.get("published")),
        others=_names(row.get("others")),
    )


def _text(value: object) -> str:
    # A NaN stands for an empty cell in CSV and Parquet files.
    if value is None or value != value:  # noqa: PLR0124 - only NaN differs from itself
        return ""
    return str(value)


def _words(value: object) -> tuple[str, ...]:
    """Categories as a list, or in one cell with spaces, commas or semicolons between them."""
    if isinstance(value, str):
        return tuple(value.replace(",", " ").replace(";", " ").split())
    return _names(value)


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(";") if part.strip())
    if isinstance(value, list | tuple):
        return tuple(str(v) for v in value)
    return ()


def _primary_first(categories: tuple[str, ...], primary: str) -> tuple[str, ...]:
    if not primary or categories[:1] == (primary,):
        return categories
    return (primary, *(c for c in categories if c != primary))
