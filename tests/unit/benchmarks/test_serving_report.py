"""Ratios of the serving benchmark, on figures whose ratios are known."""

from typing import Any

import pytest

from serving.peak import operations
from serving.report import merged
from serving.servers import PEER
from serving.table import lines, page

SIZES = {"num_hidden_layers": 6, "hidden_size": 768, "intermediate_size": 3072}


def slices(rate: float, cost_ms: float, p95_ms: float) -> list[dict[str, float]]:
    figures = {"perSecond": rate, "cpuMsPerRequest": cost_ms, "p50Ms": 5, "p95Ms": p95_ms}
    return [{**figures, "failed": 0}] * 3


def document() -> dict[str, Any]:
    figures = {
        "pharos": slices(50, 20, 10),
        "pharos-cascade": slices(100, 10, 5),
        "litserve": slices(8, 120, 120),
        PEER: slices(10, 100, 100),
    }
    compared = {"differencePoints": -0.2, "low": -0.4}
    accuracy = {
        "papers": 300,
        "tokens": {"mean": 128.0, "raw": [128]},
        "export": {
            "variants": [{"runtime": "OpenVino", "precision": "Int8", "files": ["a.xml"]}],
        },
        "variants": {"OpenVino-Int8": {"cpuMsPerText": 40.0, "differencePoints": -0.2}},
        "cascade": {"againstTheEncoder": compared},
    }
    layout = {"p50Ms": 20, "p95Ms": 30, "textsPerSecond": 60, "cpuMsPerText": 30, "engineMiB": 90}
    names = ("aStreamForEachCore", "oneStream", "moreThreadsThanCores", "bothCompiled")
    layouts = {"tokens": [128], "measured": dict.fromkeys(names, layout)}
    flood = {"offeredPerSecond": 200, "requests": 1600, "refused": 1100, "failed": 0}
    speed = {
        "greatestRate": figures,
        "held": figures,
        "heldRatePerSecond": 8.0,
        "flood": flood,
        "sizes": SIZES,
        "cores": 2,
        "weightsMiB": 43,
        "memoryMiB": {name: {"VmRSS": 250} for name in figures},
        "agreement": dict.fromkeys(figures, 1.0),
        "absent": {"mlserver": "it ended: no such module"},
    }
    return merged({"int8": 470.0, "bf16": 234.0, "f32": 117.0}, accuracy, layouts, speed)


def test_ratios_are_to_the_pipeline() -> None:
    found = document()
    assert found["timesThePipeline"] == {"pharos": 5, "pharos-cascade": 10, "litserve": 0.8}
    assert found["timesThePipelinePerCpuSecond"]["pharos"] == 5
    assert found["p95OfThePipelines"]["pharos"] == pytest.approx(0.1)


def test_the_limit_is_that_of_the_formula() -> None:
    """11.2 billion operations at 128 tokens of DistilBERT, 23.8 ms of one core at 470 Gop/s."""
    assert operations(SIZES, 128) == pytest.approx(11.2e9, rel=0.01)
    limit = document()["limit"]
    assert limit["cpuMsPerTextAtThePeak"] == pytest.approx(23.8, rel=0.01)
    assert limit["requestsPerSecond"] == pytest.approx(2000 / 23.8, rel=0.01)
    assert limit["p95Ms"] == pytest.approx(23.8 / 2, rel=0.01)
    assert limit["fraction_of_peak"] == pytest.approx(23.8 / 30, rel=0.01)


def test_what_is_computed_on_padding_is_no_part_of_the_fraction() -> None:
    found = document()
    longer = found["layouts"] | {"tokens": [120]}
    limit = merged(found["peak"], found["accuracy"], longer, found["speed"])["limit"]
    assert limit["shareOfOperationsOnPadding"] == pytest.approx(1 / 16, abs=0.01)
    assert limit["fraction_of_peak"] < limit["fractionOfPeakWithPadding"]
    assert limit["fractionOfPeakWithPadding"] == pytest.approx(23.8 / 30, rel=0.01)


def test_each_target_says_whether_it_was_reached() -> None:
    assert [line.reached for line in lines(document())] == [True] * 10


MISSES = {
    "too little faster": ("timesThePipeline", {"pharos": 4.4}, "requests/s at equal cores"),
    "too late": ("p95OfThePipelines", {"pharos": 0.26}, "p95 at the load"),
    "too large": ("memoryMiB", {"pharos": 301}, "memory of a replica"),
}


@pytest.mark.parametrize(("key", "value", "what"), MISSES.values(), ids=MISSES.keys())
def test_a_target_that_was_missed_is_said_to_be(key: str, value: dict[str, Any], what: str) -> None:
    missed = [line for line in lines(document() | {key: value}) if not line.reached]
    assert [line.what.startswith(what) for line in missed] == [True]


def test_a_peer_that_could_not_serve_stands_in_the_table_with_its_reason() -> None:
    found = document()
    about = {"machine": {"commit": "abc", "cores": 2, "processor": "CPU", "loadAverage": [1, 2, 3]}}
    written = {**found, **about, "measuredAt": "2026-11-23T12:00:00Z"}
    written["lines"] = [line.to_json() for line in lines(found)]
    text = "\n".join(page(written))
    assert "| MLServer, `mlserver-huggingface` | not measured: it ended: no such module |" in text
    assert "| LitServe, batches of 8 at most | 8.0 | 0.8 |" in text
