"""How answers of Semantic Scholar's bulk search read: papers with their citations. Pure.

Fields: https://api.semanticscholar.org/api-docs/graph, "Paper bulk search".
"""

from collections.abc import Mapping
from typing import Any

from pharos_jobs.core.papers import Paper

FIELDS = (
    *("title", "abstract", "authors", "externalIds", "publicationDate", "year", "venue", "url"),
    *("s2FieldsOfStudy", "citationCount", "influentialCitationCount", "referenceCount"),
)


def papers_of(answer: Mapping[str, Any], label: str) -> tuple[Paper, ...]:
    """The papers of an answer; one without results has no ``data`` at all.

    Raises ValueError for what is no such answer.
    """
    rows = answer.get("data") or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("data is no list of papers")
    return tuple(_paper(row, label) for row in rows if row.get("paperId"))


def _paper(row: Mapping[str, Any], label: str) -> Paper:
    return Paper(
        id=f"s2:{row['paperId']}",
        title=_one_line(row.get("title")),
        abstract=_one_line(row.get("abstract")),
        categories=(label,),
        authors=tuple(_one_line(author.get("name")) for author in row.get("authors") or ()),
        published=_published(row),
        extra={
            "citation_count": row.get("citationCount"),
            "influential_citation_count": row.get("influentialCitationCount"),
            "reference_count": row.get("referenceCount"),
            "fields_of_study": _fields_of_study(row),
            "external_ids": row.get("externalIds") or {},
            "venue": row.get("venue") or None,
            "url": row.get("url"),
        },
    )


def _published(row: Mapping[str, Any]) -> str:
    """The day, or the first day of the year where no more is known."""
    if row.get("publicationDate"):
        return f"{row['publicationDate']}T00:00:00+00:00"
    return f"{row['year']}-01-01T00:00:00+00:00" if row.get("year") else ""


def _fields_of_study(row: Mapping[str, Any]) -> list[str]:
    """Each field once; several classifiers can name the same."""
    return list(dict.fromkeys(each["category"] for each in row.get("s2FieldsOfStudy") or ()))


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
