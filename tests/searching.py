"""Whatever stands anywhere: every row of a database, every file below a folder."""

import gzip
from pathlib import Path

from sqlalchemy import Engine, text

_TABLES = text(
    "select quote_ident(table_schema) || '.' || quote_ident(table_name) "
    "from information_schema.tables where table_type = 'BASE TABLE' "
    "and table_schema not in ('pg_catalog', 'information_schema')"
)


def every_row(engine: Engine) -> dict[str, str]:
    """All rows of each table of a PostgreSQL, whoever made it, as PostgreSQL writes them."""
    with engine.connect() as connection:
        tables = connection.scalars(_TABLES).all()
        rows = {
            name: connection.scalars(text(f"select t::text from {name} t")).all() for name in tables
        }
    return {name: "\n".join(each) for name, each in rows.items()}


def every_file(folder: Path) -> dict[str, str]:
    """Each file's path below the folder and what is in it; packed ones unpacked."""
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    return {str(file.relative_to(folder)): _content(file) for file in files}


def _content(file: Path) -> str:
    packed = file.read_bytes()
    content = gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed
    return content.decode("utf-8", "replace")
