"""A report as one HTML file that needs nothing else: no script, no font, no address is loaded.

Pure: cells and tables in, text out. Every text from outside is escaped.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --a: #4878a8; --b: #d08030; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .4rem 0; max-width: 46rem; } .soft { opacity: .7; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: top; } th { font-weight: 600; } td.number, th.number { text-align: right; }
td.bars { width: 40%; } .bar { height: .6rem; margin: .15rem 0; border-radius: 2px;
  min-width: 1px; background: var(--a); } .bar.second { background: var(--b); }
.mark { display: inline-block; padding: 0 .5rem; border-radius: 1rem; background: var(--soft);
  white-space: nowrap; }
.mark.good { background: #3a9d5d33; } .mark.bad { background: #c0392b44; }
.mark.warn { background: #d4a01744; } .key { display: inline-block; width: .8rem; height: .8rem;
  border-radius: 2px; background: var(--a); margin-right: .3rem; }
.key.second { background: var(--b); margin-left: 1rem; }
""".strip()


@dataclass(frozen=True, slots=True)
class Cell:
    """A table's cell: markup that is ready, and the class that it is drawn by."""

    markup: str
    kind: str = ""


def words(text: object) -> Cell:
    """A cell of plain text."""
    return Cell(escape(str(text)))


def number(value: float | None, decimals: int = 0) -> Cell:
    """A cell with a number, to the right; a dash where there is none."""
    return Cell("–" if value is None else f"{value:,.{decimals}f}", "number")


def mark(text: str, kind: str) -> Cell:
    """A cell with a word in a coloured field: ``good``, ``warn``, ``bad`` or nothing."""
    return Cell(f'<span class="mark {kind}">{escape(text)}</span>')


def bars(*shares: float) -> Cell:
    """A cell with one or two bars; a share in 0..1 is a part of the cell's width."""
    kinds = ("bar", "bar second")
    drawn = (
        f'<div class="{kind}" style="width:{100 * min(1.0, share):.1f}%"></div>'
        for kind, share in zip(kinds, shares, strict=False)
    )
    return Cell("".join(drawn), "bars")


def legend(first: str, second: str) -> str:
    """What the two colours of bars stand for."""
    return (
        f'<p class="soft"><span class="key"></span>{escape(first)}'
        f'<span class="key second"></span>{escape(second)}</p>\n'
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A table; a column of numbers has its head to the right as well."""
    filled = [list(row) for row in rows]
    kinds = [cell.kind for cell in filled[0]] if filled else [""] * len(heads)
    head = "".join(
        f'<th{_class(kind)} scope="col">{escape(text)}</th>'
        for text, kind in zip(heads, kinds, strict=True)
    )
    body = "".join(_row(cells) for cells in filled)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n"


def _row(cells: Iterable[Cell]) -> str:
    filled = "".join(f"<td{_class(cell.kind)}>{cell.markup}</td>" for cell in cells)
    return f"<tr>{filled}</tr>\n"


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def heading(text: str) -> str:
    """The title of a part."""
    return f"<h2>{escape(text)}</h2>\n"


def paragraph(text: str, soft: bool = False) -> str:
    """A sentence or some."""
    opening = '<p class="soft">' if soft else "<p>"
    return f"{opening}{escape(text)}</p>\n"


def page(title: str, parts: Iterable[str]) -> str:
    """The whole file."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{''.join(parts)}</body>\n</html>\n"
    )
