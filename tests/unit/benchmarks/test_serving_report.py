"""Ratios of the serving benchmark, on figures whose ratios are known."""

import pytest

from serving.peak import operations
from serving.report import merged, targets
from serving.servers import PEER

SIZES = {"num_hidden_layers": 6, "hidden_size": 768, "intermediate_size": 3072}


def slices(rate: float, cost_ms: float, p95_ms: float) -> list[dict[str, float]]:
    return [{"perSecond": rate, "cpuMsPerRequest": cost_ms, "p95Ms": p95_ms}] * 3


def document() -> dict[str, object]:
    ours, peer = slices(50, 20, 10), slices(10, 100, 100)
    figures = {"pharos": ours, "pharos-cascade": slices(100, 10, 5), PEER: peer}
    compared = {"differencePoints": -0.2, "low": -0.4}
    accuracy = {
        "tokens": {"raw": [128]},
        "export": {
            "variants": [{"runtime": "OpenVino", "precision": "Int8", "files": ["a.xml"]}],
        },
        "variants": {"OpenVino-Int8": {"cpuMsPerText": 30.0, "differencePoints": -0.2}},
        "cascade": {"againstTheEncoder": compared},
    }
    speed = {
        "greatestRate": figures,
        "held": figures,
        "sizes": SIZES,
        "memoryMiB": {name: {"VmRSS": 250} for name in figures},
    }
    return merged({"int8": 470.0, "bf16": 234.0, "f32": 117.0}, accuracy, speed)


def test_ratios_are_to_the_pipeline() -> None:
    found = document()
    assert found["timesThePipeline"] == {"pharos": 5, "pharos-cascade": 10}
    assert found["timesThePipelinePerCpuSecond"] == {"pharos": 5, "pharos-cascade": 10}
    assert found["p95OfThePipelines"]["pharos"] == pytest.approx(0.1)  # type: ignore[index]


def test_the_limit_is_that_of_the_formula() -> None:
    """11.2 billion operations at 128 tokens of DistilBERT, 23.8 ms of one core at 470 Gop/s."""
    assert operations(SIZES, 128) == pytest.approx(11.2e9, rel=0.01)
    limit = document()["limit"]
    assert limit["cpuMsPerTextAtThePeak"] == pytest.approx(23.8, rel=0.01)  # type: ignore[index]
    assert limit["fraction_of_peak"] == pytest.approx(23.8 / 30, rel=0.01)  # type: ignore[index]


def test_each_target_says_whether_it_was_reached() -> None:
    lines = targets(document())
    assert [line.split()[0] for line in lines] == ["reached"] * 8
