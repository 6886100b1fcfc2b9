"""Feedback over the real application."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from pharos_serving.service import Service
from pharos_store.rows import LabelRow


async def classified(client: httpx.AsyncClient, log: Any) -> str:
    """The id of a prediction; the log is empty again."""
    answer = await client.post("/v1/classify", json={"text": "word1"})
    log.entries.clear()
    return str(answer.json()["requestId"])


def outcomes(service: Service) -> dict[str, float]:
    (metric,) = service.metrics.feedback.collect()
    samples = (one for one in metric.samples if one.name.endswith("_total"))
    return {sample.labels["outcome"]: sample.value for sample in samples}


TAKEN: dict[str, tuple[dict[str, Any], tuple[str | None, bool | None]]] = {
    "a label": ({"label": "cs.AI"}, ("cs.AI", None)),
    "satisfaction": ({"satisfaction": True}, (None, True)),
    "dissatisfaction": ({"satisfaction": False}, (None, False)),
    "both": ({"label": "cs.CL", "satisfaction": True}, ("cs.CL", True)),
}


@pytest.mark.requirement("ABT-9")
@pytest.mark.parametrize(("said", "kept"), TAKEN.values(), ids=TAKEN)
async def test_feedback_is_taken(
    client: httpx.AsyncClient,
    service: Service,
    log: Any,
    said: dict[str, Any],
    kept: tuple[str | None, bool | None],
) -> None:
    prediction = await classified(client, log)
    answer = await client.post("/v1/feedback", json={"requestId": prediction} | said)
    assert (answer.status_code, answer.json()["accepted"]) == (202, True)
    (entry,) = log.entries
    assert isinstance(entry, LabelRow)
    assert (entry.request_id, entry.label, entry.satisfaction) == (prediction, *kept)
    assert outcomes(service) == {"accepted": 1}


async def test_feedback_says_when_it_was_found_out(client: httpx.AsyncClient, log: Any) -> None:
    body = {"requestId": await classified(client, log), "satisfaction": True}
    await client.post("/v1/feedback", json=body | {"at": "2026-01-02T03:04:05+01:00"})
    (entry,) = log.entries
    assert entry.created_at == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)


async def test_a_clock_that_is_a_little_ahead_is_set_back(
    client: httpx.AsyncClient, log: Any
) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
    body = {"requestId": await classified(client, log), "satisfaction": True, "at": soon}
    assert (await client.post("/v1/feedback", json=body)).status_code == 202
    assert log.entries[0].created_at <= datetime.now(UTC)


FUTURE = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
REFUSED: dict[str, tuple[dict[str, Any], tuple[int, str, str]]] = {
    "an unknown label": ({"label": "cs.XX"}, (422, "UnknownLabel", "unknown-label")),
    "an empty label": ({"label": ""}, (422, "InvalidRequest", "malformed")),
    "a label from the future": (
        {"label": "cs.AI", "at": FUTURE}, (422, "FromTheFuture", "from-the-future")
    ),
    "a time without a zone": (
        {"label": "cs.AI", "at": "2026-01-02T03:04:05"}, (422, "InvalidRequest", "malformed")
    ),
    "neither label nor satisfaction": ({}, (422, "InvalidRequest", "malformed")),
    "satisfaction as a word": ({"satisfaction": "yes"}, (422, "InvalidRequest", "malformed")),
    "an id that was never given out": (
        {"requestId": "abc", "label": "cs.AI"}, (404, "UnknownPrediction", "unknown-prediction")
    ),
    "an id that is none": (
        {"requestId": "a b", "label": "cs.AI"}, (422, "InvalidRequest", "malformed")
    ),
}  # fmt: skip


@pytest.mark.parametrize(("said", "expected"), REFUSED.values(), ids=REFUSED)
async def test_feedback_is_refused_and_counted(
    client: httpx.AsyncClient,
    service: Service,
    log: Any,
    said: dict[str, Any],
    expected: tuple[int, str, str],
) -> None:
    status, code, counted = expected
    body = {"requestId": await classified(client, log)} | said
    answer = await client.post("/v1/feedback", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["message"].endswith(".")
    assert log.entries == []
    assert outcomes(service) == {counted: 1}


async def test_an_unknown_label_is_answered_with_the_labels_that_there_are(
    client: httpx.AsyncClient, log: Any
) -> None:
    body = {"requestId": await classified(client, log), "label": "cs.XX"}
    answer = await client.post("/v1/feedback", json=body)
    assert answer.json()["error"]["message"].endswith("cs.AI, cs.CL, cs.CV.")


async def test_feedback_that_finds_no_room_is_to_be_sent_again(
    client: httpx.AsyncClient, service: Service, log: Any
) -> None:
    body = {"requestId": await classified(client, log), "label": "cs.AI"}
    log.room = False
    answer = await client.post("/v1/feedback", json=body)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert outcomes(service) == {"no-room": 1}


async def test_the_inference_protocol_names_each_prediction(
    client: httpx.AsyncClient, log: Any
) -> None:
    tensor = {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["word0", "word1"]}
    answer = await client.post("/v2/models/tiny/infer", json={"inputs": [tensor]})
    ids = answer.json()["parameters"]["prediction_ids"].split(" ")
    assert ids == [entry.prediction_id for entry in log.entries]
    body = {"requestId": ids[1], "label": "cs.CL"}
    assert (await client.post("/v1/feedback", json=body)).status_code == 202
