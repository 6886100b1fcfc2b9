"""``python -m training.report``: what the runs came to: ``build/bench/training.json`` and a table.

For each seed the peer's last macro-F1 is the goal; an arm's time is that of the first point of its
curve which is as good. Processor seconds stand beside those on the wall: a machine that others use
stretches the latter. With ``--record`` the table goes into docs/reference/figures.md.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import mean
from typing import Any

from delivery import machine, places
from training.course import ARMS, BASE_MODEL, FOLDER

PAGE = places.CHECKOUT / "docs" / "reference" / "figures.md"
BEGIN, END = "<!-- training figures: begin -->", "<!-- training figures: end -->"
_SAID = {
    "peer": "`transformers.Trainer`, its defaults, padding to 512",
    "same": "Pharos with the peer's settings",
    "tuned": "Pharos with settings for few papers",
}
Run = dict[str, Any]


def reached(run: Run, goal: float) -> Run | None:
    """The first point of a run's curve that is as good as the goal. Pure."""
    return next((point for point in run["curve"] if point["macroF1"] >= goal), None)


def ratios(peer: Run, ours: Run) -> Run:
    """How much sooner ours is as good as the peer in the end, and how much faster it computes.

    ``faster`` is by the wall, ``fasterByProcessor`` by processor seconds, both None where ours is
    never as good; ``throughput`` compares the whole runs by processor seconds a sample. Pure.
    """
    goal = peer["curve"][-1]
    found = reached(ours, goal["macroF1"])
    return {
        "seed": ours["seed"],
        "goal": goal["macroF1"],
        "best": max(point["macroF1"] for point in ours["curve"]),
        "peerSeconds": goal["seconds"],
        "seconds": found and found["seconds"],
        "faster": found and goal["seconds"] / found["seconds"],
        "fasterByProcessor": found and goal["processorSeconds"] / found["processorSeconds"],
        "throughput": _each(goal, peer) / _each(ours["curve"][-1], ours),
    }


def _each(point: Run, run: Run) -> float:
    """Processor seconds for one sample, by the last point of a curve."""
    return float(point["processorSeconds"]) / float(run["samples"])


def summarised(runs: dict[tuple[str, int], Run]) -> Run:
    """Each arm beside the peer, for the seeds that both have. Pure."""
    arms = {}
    for arm in ARMS[1:]:
        seeds = sorted(seed for name, seed in runs if name == arm and ("peer", seed) in runs)
        beside = [ratios(runs["peer", seed], runs[arm, seed]) for seed in seeds]
        if beside:
            arms[arm] = {"seeds": beside, **_means(beside)}
    return arms


def _means(beside: list[Run]) -> Run:
    keys = ("faster", "fasterByProcessor", "throughput")
    return {
        key: mean(each[key] for each in beside) if all(each[key] for each in beside) else None
        for key in keys
    }


def table(document: Run) -> Iterator[str]:
    """The figures as Markdown. Pure."""
    sizes, about = document["sizes"], document["machine"]
    yield (
        f"Measured {document['measuredAt'][:10]} by `make bench-training` at commit "
        f"{about['commit']}: {about['cores']} cores of {about['processor']}, load average "
        f"{document['loadAverage']}; {BASE_MODEL}, four classes of exclusive arXiv papers, "
        f"{sizes['train']} a class to train on, {sizes['test']} to measure on."
    )
    yield ""
    yield "| what | seeds | as good sooner, by the wall | by processor time | samples a second |"
    yield "| --- | --- | --- | --- | --- |"
    yield f"| {_SAID['peer']} | | 1 | 1 | 1 |"
    for arm, found in document["arms"].items():
        cells = [_times(found[key]) for key in ("faster", "fasterByProcessor", "throughput")]
        yield f"| {_SAID[arm]} | {len(found['seeds'])} | {' | '.join(cells)} |"


def _times(ratio: float | None) -> str:
    return "not as good on every seed" if ratio is None else f"{ratio:.1f} times"


def main() -> int:
    """Bring the runs together and print the table."""
    parser = argparse.ArgumentParser(prog="training.report", description=__doc__)
    parser.add_argument("--record", action="store_true", help="write the table into the docs")
    options = parser.parse_args()
    found = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]
    if not found:
        print(f"{FOLDER} holds no figures; run: make bench-training", file=sys.stderr)
        return 1
    runs = {(run["arm"], run["seed"]): run for run in found}
    document = {
        "machine": machine.describe(),
        "versions": {name: version(name) for name in ("torch", "transformers", "accelerate")},
        "measuredAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "loadAverage": round(max(run["loadAverage"] for run in found), 1),
        "sizes": found[0]["sizes"],
        "arms": summarised(runs),
        "runs": found,
    }
    path = places.RESULTS / "training.json"
    path.write_text(json.dumps(document, indent=1) + "\n")
    lines = "\n".join(table(document))
    print(f"{lines}\nwritten: {path.relative_to(places.CHECKOUT)}")
    if options.record:
        head, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{head}{BEGIN}\n{lines}\n{END}{rest.partition(END)[2]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
