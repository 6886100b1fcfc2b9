"""How answers of the E-utilities read: a search's count and place, records as papers. Pure.

Formats: https://www.ncbi.nlm.nih.gov/books/NBK25499/ and the DTD of PubmedArticle.
"""

from lxml import etree

from pharos_jobs.core.papers import Paper
from pharos_jobs.sources.pubmed_place import History

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR_DIGITS = 4
_UNQUOTED = "WarningList/QuotedPhraseNotFound"


def document(body: bytes) -> etree._Element:
    """The answer's root. No DTD is loaded and no entity resolved.

    Raises ValueError for what is no whole XML document.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error


def history_of(root: etree._Element) -> History:
    """Where a search's answers wait.

    Raises ValueError when the answer names no such place.
    """
    count, web_env, query_key = (_said(root, n) for n in ("Count", "WebEnv", "QueryKey"))
    if not count.isdecimal() or not (web_env and query_key):
        raise ValueError("a search without Count, WebEnv and QueryKey")
    return History(web_env, query_key, int(count))


def unknown_words(root: etree._Element) -> list[str]:
    """Phrases and fields of a query that PubMed does not know.

    It leaves such a phrase out, or takes a quoted one for single words, and answers the rest: every
    paper of that answer would get a label that nobody asked for.
    """
    places = ("ErrorList/PhraseNotFound", "ErrorList/FieldNotFound")
    return [each for place in (*places, _UNQUOTED) for each in _all(root, place)]


def papers_of(root: etree._Element, label: str) -> tuple[Paper, ...]:
    """The articles of an answer; books among them are left out."""
    return tuple(_paper(article, label) for article in root.iterfind("PubmedArticle"))


def _paper(record: etree._Element, label: str) -> Paper:
    """A record as a paper. Headings of a structured abstract say nothing of it and are left out."""
    article = "MedlineCitation/Article"
    sections = record.iterfind(f"{article}/Abstract/AbstractText")
    return Paper(
        id=f"pmid:{_said(record, 'MedlineCitation/PMID')}",
        title=_said(record, f"{article}/ArticleTitle"),
        abstract=" ".join(filter(None, map(_text, sections))),
        categories=(label,),
        authors=tuple(filter(None, map(_author, record.iterfind(f"{article}/AuthorList/Author")))),
        published=_published(record),
        extra={
            "doi": _said(record, "PubmedData/ArticleIdList/ArticleId[@IdType='doi']") or None,
            "journal": _said(record, f"{article}/Journal/Title") or None,
            "language": _said(record, f"{article}/Language") or None,
            "mesh": _all(record, "MedlineCitation/MeshHeadingList/MeshHeading/DescriptorName"),
            "keywords": _all(record, "MedlineCitation/KeywordList/Keyword"),
        },
    )


def _author(author: etree._Element) -> str:
    person = " ".join(filter(None, (_said(author, "ForeName"), _said(author, "LastName"))))
    return person or _said(author, "CollectiveName")


def _published(record: etree._Element) -> str:
    """The day of the electronic publication, else that of the issue; a missing part is the first.

    An issue's date can be words ("1998 Dec-1999 Jan"): of these the year counts.
    """
    for path in ("ArticleDate", "Journal/JournalIssue/PubDate"):
        found = record.find(f"MedlineCitation/Article/{path}")
        if found is None:
            continue
        year = _said(found, "Year") or _said(found, "MedlineDate")[:_YEAR_DIGITS]
        if year.isdecimal() and len(year) == _YEAR_DIGITS:
            day = _said(found, "Day")
            return f"{year}-{_month(_said(found, 'Month')):02d}-{int(day or 1):02d}T00:00:00+00:00"
    return ""


def _month(given: str) -> int:
    if given.isdecimal():
        return int(given)
    short = given[:3].lower()
    return _MONTHS.index(short) + 1 if short in _MONTHS else 1


def _said(parent: etree._Element, path: str) -> str:
    found = parent.find(path)
    return _text(found) if found is not None else ""


def _all(parent: etree._Element, path: str) -> list[str]:
    return list(dict.fromkeys(filter(None, map(_text, parent.iterfind(path)))))


def _text(element: etree._Element) -> str:
    """All text below an element, markup such as ``<sub>`` left out, on one line."""
    return " ".join("".join(element.itertext()).split())
