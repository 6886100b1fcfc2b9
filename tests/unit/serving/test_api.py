"""The two APIs, over the real application and a real model."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest

from pharos_api.assignment import Arm
from pharos_api.engines import plain_sheet
from pharos_serving.cache import ResponseCache
from pharos_serving.dataplane import Prediction
from pharos_serving.engines.choosing import Measured
from pharos_serving.entries import PredictionEntry
from pharos_serving.faults import Fault
from pharos_serving.service import Service

EXPERIMENT = "00000000-0000-0000-0000-00000000000e"
INFER = "/v2/models/tiny/infer"


def tensor(*texts: str, **change: object) -> dict[str, Any]:
    one = {"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": list(texts)}
    return {"inputs": [one | change]}


async def test_one_text_gets_one_label(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/classify", json={"text": "word1 and more"})
    body = answer.json()
    assert answer.status_code == 200
    assert (body["label"], body["model"], body["version"]) == ("cs.CL", "tiny", "v1.0.0")
    assert body["confidence"] == body["scores"]["cs.CL"] == max(body["scores"].values())
    assert sum(body["scores"].values()) == pytest.approx(1)
    assert body["requestId"].startswith(f"{answer.headers['x-request-id']}.")


async def test_a_compared_request_is_computed_and_never_answered_from_a_warm_cache(
    client: httpx.AsyncClient, service: Service
) -> None:
    service.cache = ResponseCache(1 << 20)
    compared = {"x-pharos-arm": "candidate", "x-pharos-experiment": EXPERIMENT}
    for headers in ({}, {}, compared):
        answer = await client.post("/v1/classify", json={"text": "word1"}, headers=headers)
        assert answer.json()["label"] == "cs.CL"
    assert (service.cache.hits, service.cache.misses) == (1, 1)


@pytest.mark.requirement("PRF-7")
async def test_several_texts_get_numbered_predictions_in_order(client: httpx.AsyncClient) -> None:
    texts = ["word2", "word0 " * 40, "word1"]
    answer = await client.post(
        "/v1/classify", json={"texts": texts}, headers={"x-request-id": "abc"}
    )
    found = [(p["requestId"].split(".")[0], p["label"]) for p in answer.json()["predictions"]]
    assert found == [("abc/0", "cs.CV"), ("abc/1", "cs.AI"), ("abc/2", "cs.CL")]
    assert answer.json()["requestId"] == "abc"


REFUSED_V1: dict[str, tuple[bytes, str, int, str]] = {
    "an empty text": (b'{"text": " \\n"}', "application/json", 422, "EmptyText"),
    "no texts at all": (b'{"texts": []}', "application/json", 422, "EmptyText"),
    "neither text nor texts": (b"{}", "application/json", 422, "InvalidRequest"),
    "both text and texts": (
        b'{"text":"a","texts":["b"]}', "application/json", 422, "InvalidRequest",
    ),
    "a number for a text": (b'{"text": 7}', "application/json", 422, "InvalidRequest"),
    "a list for the body": (b'["a"]', "application/json", 422, "InvalidRequest"),
    "an unknown field": (b'{"text":"a","k":1}', "application/json", 422, "InvalidRequest"),
    "broken JSON": (b'{"text": "a', "application/json", 400, "MalformedJson"),
    "bytes that are not UTF-8": (b'{"text": "\xff"}', "application/json", 400, "MalformedJson"),
    "half of a surrogate pair": (b'{"text": "\\ud800"}', "application/json", 400, "MalformedJson"),
    "JSON nested a thousand deep": (b"[" * 1000, "application/json", 400, "MalformedJson"),
    "no body": (b"", "application/json", 400, "MalformedJson"),
    "a text above the limit": (
        b'{"text":"' + b"a" * 1001 + b'"}', "application/json", 422, "TextTooLong",
    ),
    "more texts than the limit": (
        b'{"texts":["a","b","c","d","e"]}', "application/json", 422, "TooManyTexts",
    ),
    "a body above the limit": (b" " * 8193, "application/json", 413, "BodyTooLarge"),
    "a form": (b"text=a", "application/x-www-form-urlencoded", 415, "UnsupportedContentType"),
    "JSON in Latin-1": (
        b'{"text":"a"}', "application/json; charset=latin-1", 415, "UnsupportedContentType",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "status", "code"), REFUSED_V1.values(), ids=REFUSED_V1)
async def test_classify_refuses(
    client: httpx.AsyncClient, body: bytes, kind: str, status: int, code: str
) -> None:
    answer = await client.post("/v1/classify", content=body, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["message"].endswith(".")


async def test_a_body_that_grows_above_the_limit_is_refused_while_it_comes(
    client: httpx.AsyncClient,
) -> None:
    async def chunks() -> Any:
        for _ in range(10):
            yield b" " * 1000

    answer = await client.post(
        "/v1/classify", content=chunks(), headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")


async def test_the_inference_protocol_gives_labels_confidences_and_scores(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post(INFER, json=tensor("word0", "word1") | {"id": "mine"})
    body = answer.json()
    outputs = {output["name"]: output for output in body["outputs"]}
    assert (body["model_name"], body["model_version"], body["id"]) == ("tiny", "v1.0.0", "mine")
    assert outputs["label"]["data"] == ["cs.AI", "cs.CL"]
    assert outputs["scores"]["shape"] == [2, 3]
    assert len(outputs["scores"]["data"]) == 6
    assert outputs["confidence"]["datatype"] == "FP32"


async def test_the_inference_protocol_sends_only_the_outputs_asked_for(
    client: httpx.AsyncClient,
) -> None:
    body = tensor("word0", shape=[1, 1], data=[["word0"]]) | {"outputs": [{"name": "label"}]}
    answer = await client.post("/v2/models/tiny/versions/v1.0.0/infer", json=body)
    assert [output["name"] for output in answer.json()["outputs"]] == ["label"]


async def test_metadata_says_which_engine_computes_and_what_it_reached(
    client: httpx.AsyncClient, service: Service
) -> None:
    path = "/v2/models/tiny"
    told = (await client.get(path)).json()["parameters"]
    assert told == {"labels": list(service.classifier.labels), "engine": "OnnxRuntime-Fp32"}
    variant = plain_sheet().variants[0]
    service.classifier.measured = (Measured(variant, 52.34),)
    told = (await client.get(path)).json()["parameters"]
    assert (told["engine"], told["texts_per_second"]) == ("OnnxRuntime-Fp32", 52.3)


REFUSED_V2: dict[str, tuple[str, dict[str, Any], int]] = {
    "another model": ("/v2/models/big/infer", tensor("a"), 404),
    "another version": ("/v2/models/tiny/versions/v9.0.0/infer", tensor("a"), 404),
    "a wrong shape": (INFER, tensor("a", shape=[2]), 400),
    "a wrong datatype": (INFER, tensor("a", datatype="FP32"), 400),
    "numbers for data": (INFER, tensor("a", data=[1.5]), 400),
    "two inputs": (INFER, {"inputs": tensor("a")["inputs"] * 2}, 400),
    "no inputs": (INFER, {"inputs": []}, 400),
    "an unknown output": (INFER, tensor("a") | {"outputs": [{"name": "logits"}]}, 400),
    "an empty text": (INFER, tensor(""), 400),
    "no text": (INFER, tensor(), 400),
}


@pytest.mark.parametrize(("path", "body", "status"), REFUSED_V2.values(), ids=REFUSED_V2)
async def test_infer_refuses(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], status: int
) -> None:
    answer = await client.post(path, json=body)
    assert answer.status_code == status
    assert isinstance(answer.json()["error"], str)


@pytest.mark.parametrize(
    "path",
    ["/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/tiny", "/v2/models/tiny/ready",
     "/v2/models/tiny/versions/v1.0.0", "/v2/models/tiny/versions/v1.0.0/ready", "/v1/monitor"],
)  # fmt: skip
async def test_it_answers_at(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 200


async def test_unknown_paths_and_methods_are_refused_in_json(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nothing")).json()["error"]["code"] == "NotFound"
    assert (await client.get("/v1/classify")).json()["error"]["code"] == "MethodNotAllowed"
    assert (await client.get("/v1/monitor?window_minutes=x")).status_code == 422


async def test_a_draining_server_is_not_ready_but_answers(
    client: httpx.AsyncClient, service: Service
) -> None:
    service.draining = True
    assert (await client.get("/v2/health/ready")).status_code == 503
    assert (await client.get("/v2/health/live")).status_code == 200
    answer = await client.post("/v1/classify", json={"text": "word1"})
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")


@pytest.mark.requirement("API-1", "API-2", "API-3", "API-4")
async def test_health_is_good_while_the_model_answers(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/ml")
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "status": "healthy",
            "checks": {
                "model_loaded": True,
                "checkpoint_valid": True,
                "inference_working": True,
                "latency_acceptable": True,
            },
        },
    )


@pytest.mark.requirement("API-2", "API-4")
async def test_health_is_bad_when_the_loaded_files_change(
    client: httpx.AsyncClient, service: Service
) -> None:
    (service.model.folder / "model.onnx").write_bytes(b"other")
    answer = await client.get("/health/ml")
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    assert answer.json()["checks"]["checkpoint_valid"] is False


@pytest.mark.requirement("API-1")
async def test_health_is_bad_and_says_why_when_inference_fails(
    client: httpx.AsyncClient, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.worker._predict = failing
    answer = await client.get("/health/ml")
    assert answer.status_code == 503
    assert answer.json()["checks"]["inference_working"] is False
    assert "Health check failed: the engine broke" in caplog.text


@pytest.mark.requirement("ABT-11")
async def test_every_prediction_is_logged_with_its_circumstances(
    client: httpx.AsyncClient, log: Any
) -> None:
    headers = {
        "x-user-id": "ada",
        "x-pharos-arm": "candidate",
        "x-pharos-experiment": EXPERIMENT,
        "x-pharos-revision": "7",
        "x-request-id": "abc",
    }
    answer = await client.post("/v1/classify", json={"text": "word1"}, headers=headers)
    (entry,) = log.entries
    assert isinstance(entry, PredictionEntry)
    assert (entry.context.user, entry.context.arm, entry.context.revision) == (
        "ada", Arm.CANDIDATE, 7,
    )  # fmt: skip
    assert entry.context.experiment_id == UUID(EXPERIMENT)
    assert entry.prediction_id == answer.json()["requestId"]
    assert entry.scores["cs.CL"] == answer.json()["confidence"]
    assert answer.headers["x-pharos-arm"] == answer.json()["arm"] == "candidate"


HEADERS = {
    "an unknown arm": {"x-pharos-arm": "somewhere"},
    "an experiment that is no UUID": {"x-pharos-experiment": "x"},
    "a revision that is no number": {"x-pharos-revision": "-1"},
    "a revision of a thousand digits": {"x-pharos-revision": "9" * 1000},
    "an endless user": {"x-user-id": "u" * 5000},
    "a request id with spaces": {"x-request-id": "a b"},
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
async def test_headers_that_make_no_sense_count_as_absent(
    client: httpx.AsyncClient, log: Any, headers: dict[str, str]
) -> None:
    answer = await client.post("/v1/classify", json={"text": "word1"}, headers=headers)
    (entry,) = log.entries
    assert (answer.status_code, answer.json()["arm"]) == (200, "outside")
    assert (entry.context.experiment_id, entry.context.revision) == (None, None)
    assert len(entry.context.user) <= 512
    assert " " not in answer.json()["requestId"]


async def test_a_fault_strikes_inference_and_spares_health(
    client: httpx.AsyncClient, service: Service, log: Any
) -> None:
    service.fault = Fault(error_share=1.0)
    answer = await client.post("/v1/classify", json={"text": "word1"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "InjectedFault")
    assert [entry.error for entry in log.entries] == ["InjectedFault"]
    assert (await client.get("/health/ml")).status_code == 200


async def test_an_engine_that_breaks_is_a_500_in_json_and_the_next_request_works(
    client: httpx.AsyncClient, service: Service, log: Any
) -> None:
    whole = service.worker._predict
    service.worker._predict = failing
    answer = await client.post("/v1/classify", json={"text": "word1"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "Internal")
    assert "broke" not in answer.text
    service.worker._predict = whole
    assert (await client.post("/v1/classify", json={"text": "word1"})).status_code == 200
    assert [entry.error for entry in log.entries] == ["RuntimeError", None]


async def test_requests_are_counted_by_arm_and_code(client: httpx.AsyncClient) -> None:
    await client.post("/v1/classify", json={"text": "word1"}, headers={"x-pharos-arm": "control"})
    await client.post("/v1/classify", json={"text": ""})
    await client.get("/v2/health/ready")
    text = (await client.get("/metrics")).text
    series = 'model="tiny",namespace="default",version="v1.0.0"'
    assert f'pharos_requests_total{{arm="control",code="200",{series}}} 1.0' in text
    assert f'pharos_requests_total{{arm="outside",code="422",{series}}} 1.0' in text
    assert f'pharos_request_duration_seconds_count{{arm="control",{series}}} 1.0' in text
    assert "pharos_prediction_log_pending 0.0" in text


def failing(texts: Sequence[str]) -> list[Prediction]:
    raise RuntimeError("the engine broke")
