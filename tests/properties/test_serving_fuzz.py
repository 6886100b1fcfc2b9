"""Whatever is sent, the server answers in JSON and never with a 5xx."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from builders_serving import build_tiny_model
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

from pharos_api.sanitising import EMAIL, PHONE, URL_WITH_QUERY, sanitize_text
from pharos_serving.__main__ import build_service
from pharos_serving.app import create_app
from pharos_serving.engines.batching import plan_batches
from pharos_serving.settings import Settings

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
TEXT_LIKE = st.text(max_size=300) | JSON
TENSOR = st.fixed_dictionaries(
    {
        "name": st.text(max_size=5) | JSON,
        "shape": st.lists(st.integers(), max_size=3) | JSON,
        "datatype": st.sampled_from(["BYTES", "FP32"]) | JSON,
        "data": st.lists(TEXT_LIKE, max_size=4) | JSON,
    }
)
BODY = st.one_of(
    st.binary(max_size=200),
    JSON.map(json.dumps).map(str.encode),
    st.fixed_dictionaries({"text": TEXT_LIKE}).map(json.dumps).map(str.encode),
    st.fixed_dictionaries({"texts": st.lists(TEXT_LIKE, max_size=6)})
    .map(json.dumps)
    .map(str.encode),
    st.fixed_dictionaries({"inputs": st.lists(TENSOR, max_size=2)}).map(json.dumps).map(str.encode),
    st.fixed_dictionaries({"requestId": TEXT_LIKE, "label": TEXT_LIKE})
    .map(json.dumps)
    .map(str.encode),
)
PATH = st.sampled_from(
    [
        "/v1/classify",
        "/v1/feedback",
        "/v2/models/tiny/infer",
        "/v2/models/tiny/versions/v1.0.0/infer",
    ]
)
HEADER_VALUE = st.binary(max_size=40).filter(lambda value: not {0, 10, 13} & set(value))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ASGIApp]:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    sha256 = build_tiny_model(folder / "model")
    service = build_service(
        Settings(
            model_name="tiny",
            model_version="v1.0.0",
            model_uri=(folder / "model").as_uri(),
            model_sha256=sha256,
            cache_dir=folder / "cache",
        )
    )
    service.worker.start()
    yield create_app(service)
    service.worker.stop()


@settings(deadline=None, max_examples=300)
@given(path=PATH, body=BODY, user=HEADER_VALUE, request_id=HEADER_VALUE, arm=HEADER_VALUE)
def test_no_request_is_answered_with_a_5xx(  # noqa: PLR0917 - one for each drawn value
    app: ASGIApp, path: str, body: bytes, user: bytes, request_id: bytes, arm: bytes
) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"x-user-id", user),
        (b"x-request-id", request_id),
        (b"x-pharos-arm", arm),
    ]
    answer = asyncio.run(_post(app, path, body, headers))
    assert answer.status_code < 500
    assert answer.status_code in (200, 202) or "error" in answer.json()


async def _post(
    app: ASGIApp, path: str, body: bytes, headers: list[tuple[bytes, bytes]]
) -> httpx.Response:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://serving"
    ) as client:
        return await client.post(path, content=body, headers=headers)


@given(st.text(alphabet="a1.-@_+é|/ :htps?\n", max_size=60))
def test_sanitising_gives_what_the_patterns_of_the_requirements_give(text: str) -> None:
    plain = EMAIL.sub("[EMAIL]", text)
    plain = URL_WITH_QUERY.sub("[URL]", PHONE.sub("[PHONE]", plain))
    assert sanitize_text(text) == plain


HOSTILE = ["a." * 50_000, "a@" * 50_000, "http://" * 14_000, "1" * 100_000, "a." * 50_000 + "@"]


@pytest.mark.timeout(10)
@pytest.mark.parametrize("text", HOSTILE, ids=[text[:8] for text in HOSTILE])
def test_sanitising_hostile_texts_takes_linear_time(text: str) -> None:
    assert len(sanitize_text(text)) <= len(text)


@given(st.lists(st.integers(min_value=1, max_value=512), max_size=64))
def test_batches_hold_each_row_once_and_pad_little(lengths: list[int]) -> None:
    batches = plan_batches(lengths)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[index] for index in batch)
        assert all((longest - lengths[index]) * 8 <= longest for index in batch)
