"""What is kept of a request, and what is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from pharos_api.assignment import Arm
from pharos_api.model import StoreText
from pharos_api.sanitising import anonymize_prediction_log, sanitize_text
from pharos_serving.context import RequestContext
from pharos_serving.entries import PredictionEntry, Privacy
from pharos_store.identity import user_uuid

TEXT = "mail ada@example.org\0"
ENTRY = PredictionEntry(
    "r1", RequestContext("r1", user="ada", bucket=4711, segment="mobile"), TEXT, {"a": 1.0}, 2.0,
    datetime(2026, 11, 23, tzinfo=UTC),
)  # fmt: skip

SANITISED = {
    "an address": ("write to a.b+c@mail.example.org now", "write to [EMAIL] now"),
    "two addresses in a row": ("a@b.co,c@d.org", "[EMAIL],[EMAIL]"),
    "an address after a dot": (".a@b.co", ".[EMAIL]"),
    "no address": ("a @ b.co, x@y", "a @ b.co, x@y"),
    "phone numbers": ("555-123-4567 5551234567 555.123.4567", "[PHONE] [PHONE] [PHONE]"),
    "a longer number": ("55512345678", "55512345678"),
    "a link with a query": ("see (https://x.org/a?t=1) now", "see ([URL] now"),
    "a key pasted by mistake": ("use sk-abcdefghijklmnop1234, ok", "use [KEY], ok"),
    "a token of a header": ("Authorization: Bearer abcdef0123456789==", "Authorization: [KEY]"),
    "a web token": ("t=eyJhbGciOiJIUzI1.eyJzdWIiOiJ4In0.c2ln;", "t=[KEY];"),
    "a word that begins like a key": ("sk-short and ghp_short", "sk-short and ghp_short"),
    "a link without one": ("see https://x.org/a now", "see https://x.org/a now"),
}


@pytest.mark.requirement("SEC-2", "SEC-3", "SEC-4", "SEC-5", "CON-4")
@pytest.mark.parametrize(("text", "clean"), SANITISED.values(), ids=SANITISED)
def test_sanitising(text: str, clean: str) -> None:
    assert sanitize_text(text) == clean


KEPT = {
    "sanitised text": (StoreText.SANITIZED, "mail [EMAIL]\N{REPLACEMENT CHARACTER}"),
    "only a hash": (StoreText.HASH, ""),
    "the text as it came": (StoreText.FULL, "mail ada@example.org\N{REPLACEMENT CHARACTER}"),
}


@pytest.mark.parametrize(("policy", "kept"), KEPT.values(), ids=KEPT)
def test_a_row_keeps(policy: StoreText, kept: str) -> None:
    row = Privacy(policy, "key", None).row(ENTRY)
    assert (row.input_text, row.text_length, len(row.text_hash)) == (kept, len(TEXT), 64)


def test_a_user_is_kept_as_a_keyed_hash_only() -> None:
    row = Privacy(StoreText.FULL, "key", None).row(ENTRY)
    assert row.user_id == user_uuid("key", "ada") != user_uuid("other key", "ada")
    assert "ada" not in str(row.user_id)


OTHERS = {
    "another prediction": {"prediction_id": "r2"},
    "an answer that failed": {"error": "Internal"},
    "a copy for a shadow": {"context": RequestContext("r1", Arm.SHADOW, user="ada")},
}


def test_a_request_that_two_pods_of_a_version_answered_is_one_row() -> None:
    privacy = Privacy(StoreText.FULL, "key", UUID(int=1))
    later = replace(ENTRY, at=ENTRY.at + timedelta(seconds=3), latency_ms=9.0)
    assert privacy.row(later).id == privacy.row(ENTRY).id


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_a_row_of_its_own_has(change: dict[str, Any]) -> None:
    privacy = Privacy(StoreText.FULL, "key", UUID(int=1))
    assert privacy.row(replace(ENTRY, **change)).id != privacy.row(ENTRY).id


def test_another_version_has_rows_of_its_own_under_the_same_request() -> None:
    rows = [Privacy(StoreText.FULL, "key", UUID(int=n)).row(ENTRY) for n in (1, 2)]
    assert rows[0].id != rows[1].id
    assert rows[0].request_id == rows[1].request_id


def test_a_row_carries_bucket_and_segment() -> None:
    row = Privacy(StoreText.FULL, "key", None).row(ENTRY)
    assert (row.bucket, row.segment) == (4711, "mobile")


def test_without_a_key_no_user_is_kept() -> None:
    assert Privacy(StoreText.FULL, "", None).row(ENTRY).user_id is None


@pytest.mark.requirement("SEC-13")
def test_an_anonymous_entry_has_neither_user_nor_text_nor_address() -> None:
    log = {
        "model_version": "v1.0.0",
        "predictions": {"a": 1.0},
        "latency_ms": 2.0,
        "timestamp": "2026-11-23",
        "user_id": "ada",
        "input_text": "text",
        "ip_address": "10.0.0.1",
    }
    assert set(anonymize_prediction_log(log)) == {
        "model_version", "predictions", "latency_ms", "timestamp",
    }  # fmt: skip
