"""A text that was asked before is answered without computing, and nothing else is."""

from collections.abc import Sequence

import httpx
import pytest

from pharos_serving.cache import ResponseCache
from pharos_serving.dataplane import Prediction
from pharos_serving.service import Service


class Engine:
    """Remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[str] = []

    async def submit(self, texts: Sequence[str]) -> list[Prediction]:
        if "fail" in texts:
            raise RuntimeError("no answer")
        self.given += texts
        return [Prediction(text, 1.0, {text: 1.0}) for text in texts]


@pytest.mark.requirement("PRF-8")
async def test_only_new_texts_are_computed_and_order_is_kept() -> None:
    cache, engine = ResponseCache(1 << 20), Engine()
    await cache.predict_with_cache(["a", "b"], engine.submit)
    answers = await cache.predict_with_cache(["c", "b", "a", "c"], engine.submit)
    assert [answer.label for answer in answers] == ["c", "b", "a", "c"]
    assert engine.given == ["a", "b", "c"]
    assert (cache.hits, cache.misses) == (2, 4)


async def test_another_space_is_another_text() -> None:
    cache, engine = ResponseCache(1 << 20), Engine()
    await cache.predict_with_cache(["a b"], engine.submit)
    await cache.predict_with_cache(["a  b"], engine.submit)
    assert cache.hits == 0


@pytest.mark.requirement("PRF-8")
async def test_bytes_are_bounded_and_the_least_recently_used_goes() -> None:
    cache, engine = ResponseCache(2_000), Engine()
    for number in range(100):
        await cache.predict_with_cache([f"{number}", "often"], engine.submit)
        assert cache.size_bytes <= 2_000
    assert engine.given.count("often") == 1


async def test_a_cache_of_no_bytes_keeps_nothing() -> None:
    cache, engine = ResponseCache(0), Engine()
    for _ in range(3):
        await cache.predict_with_cache(["a"], engine.submit)
    assert len(engine.given) == 3


async def test_a_failure_is_not_kept() -> None:
    cache, engine = ResponseCache(1 << 20), Engine()
    with pytest.raises(RuntimeError):
        await cache.predict_with_cache(["fail"], engine.submit)
    assert cache.size_bytes == 0


@pytest.mark.requirement("SEC-14")
async def test_after_an_erasure_every_text_is_computed_anew() -> None:
    cache, engine = ResponseCache(1 << 20), Engine()
    await cache.predict_with_cache(["a", "b"], engine.submit)
    cache.clear()
    assert cache.size_bytes == 0
    await cache.predict_with_cache(["a"], engine.submit)
    assert engine.given == ["a", "b", "a"]


@pytest.mark.requirement("SEC-14")
async def test_an_answer_that_was_under_way_at_an_erasure_is_given_and_not_kept() -> None:
    cache, engine = ResponseCache(1 << 20), Engine()

    async def erased_meanwhile(texts: Sequence[str]) -> list[Prediction]:
        cache.clear()
        return await engine.submit(texts)

    (answer,) = await cache.predict_with_cache(["a"], erased_meanwhile)
    assert (answer.label, cache.size_bytes) == ("a", 0)


async def test_a_full_queue_still_answers_what_is_known(
    client: httpx.AsyncClient, service: Service
) -> None:
    assert (await client.post("/v1/classify", json={"text": "word1"})).status_code == 200
    service.worker.stop()  # from now on nothing is computed any more
    assert (await client.post("/v1/classify", json={"text": "word1"})).json()["label"] == "cs.CL"
    page = (await client.get("/metrics")).text
    assert 'pharos_response_cache_lookups_total{outcome="hit"} 1.0' in page
    service.worker = type(service.worker)(service.classifier.predict_batch, 1)
    service.worker.start()
