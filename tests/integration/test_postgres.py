"""The PostgreSQL of the integration tier answers."""

import psycopg2  # type: ignore[import-untyped]  # it has no types
from integration.postgres import postgres_url

__all__ = ["postgres_url"]


def test_a_fresh_database_takes_a_table_and_gives_it_back(postgres_url: str) -> None:
    connection = psycopg2.connect(postgres_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE lamp (size integer)")
            cursor.execute("INSERT INTO lamp VALUES (3)")
            cursor.execute("SELECT size FROM lamp")
            assert cursor.fetchall() == [(3,)]
    finally:
        connection.close()
