"""Traces of reconciles: what a collector gets of a good one and of one that fails."""

import asyncio

import pytest
from otlp_receiver import attributes, receiver

from pharos_operator.adapters.tracing import traces
from pharos_operator.errors import Terminal
from pharos_operator.reconcile.index import Key
from pharos_operator.reconcile.traced import traced

KEY = Key("Model", "papers", "arxiv")
QUOTED = "spec.labels: 'a word of a person' is no label"


async def _works(_: Key) -> float | None:
    return 5.0


async def _fails(_: Key) -> float | None:
    raise Terminal("InvalidSpec", QUOTED)


def test_a_collector_gets_a_span_for_each_reconcile_and_no_sentence() -> None:
    with receiver() as collector:
        spans = traces(collector.url, "operator-0")
        assert asyncio.run(traced(_works, spans)(KEY)) == 5.0
        with pytest.raises(Terminal, match="is no label"):
            asyncio.run(traced(_fails, spans)(KEY))
        spans.stop()
        good, bad = collector.spans
        assert QUOTED.encode() not in b"".join(collector.got)
    who = {"pharos.kind": "Model", "pharos.namespace": "papers", "pharos.object": "arxiv"}
    assert (good["name"], attributes(good)) == ("reconcile Model", who)
    assert attributes(bad) == who | {"error.type": "Terminal"}
    assert "parentSpanId" not in bad


def test_without_a_collector_the_work_is_the_same() -> None:
    assert asyncio.run(traced(_works, traces("", "operator-0"))(KEY)) == 5.0
