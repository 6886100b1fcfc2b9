"""What a training benchmark says of two curves."""

from typing import Any

import pytest

from training.report import ratios, reached, summarised, table


def run(arm: str, seed: int, *points: tuple[float, float]) -> dict[str, Any]:
    curve = [
        {"step": n, "seconds": at, "processorSeconds": 2 * at, "macroF1": f1}
        for n, (at, f1) in enumerate(points, start=1)
    ]
    return {"arm": arm, "seed": seed, "curve": curve, "samples": 100}


PEER = run("peer", 1, (50, 0.5), (100, 0.8))


def test_an_arm_is_as_good_at_the_first_point_that_reaches_the_peers_last() -> None:
    ours = run("same", 1, (5, 0.4), (10, 0.8), (15, 0.7))
    assert reached(ours, 0.8) == ours["curve"][1]
    found = ratios(PEER, ours)
    assert (found["faster"], found["fasterByProcessor"]) == (10, 10)
    assert found["throughput"] == pytest.approx(100 / 15)


def test_an_arm_that_is_never_as_good_is_not_called_faster() -> None:
    ours = run("same", 1, (5, 0.4), (10, 0.7))
    assert ratios(PEER, ours)["faster"] is None
    document = {
        "arms": summarised({("peer", 1): PEER, ("same", 1): ours}),
        "sizes": {"train": 60, "test": 50},
        "machine": {"commit": "abc", "cores": 2, "processor": "CPU"},
        "measuredAt": "2026-11-23T12:00:00Z",
        "loadAverage": 1.0,
    }
    assert "not as good on every seed" in "\n".join(table(document))


def test_only_seeds_that_both_sides_have_are_compared() -> None:
    ours = {("tuned", seed): run("tuned", seed, (20, 0.9)) for seed in (1, 2)}
    found = summarised({("peer", 1): PEER, **ours})
    assert [each["seed"] for each in found["tuned"]["seeds"]] == [1]
    assert found["tuned"]["faster"] == 5
