"""Bring the figures together: ``build/bench/quality.json`` and the table of the page on quality.

Means over split seeds with 95 % t-intervals. Splits of one set overlap, so the intervals tell how
much a figure depends on the draw, not how it would be on papers of another source.
"""

import json
from collections import defaultdict
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from scipy.stats import t

from delivery import machine
from pharos_api.model import QualityGate
from quality.contenders import CONTENDERS
from quality.measure import BASELINE, RESULTS

TARGET = Path("build/bench/quality.json")
PAGE = Path("docs/developer/quality.md")
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
_COLUMNS = (
    ("validation", "val", "accuracy"),
    ("test", "test", "accuracy"),
    ("macro-F1", "test", "macroF1"),
    ("ECE", "test", "calibrationError"),
    ("unsure", "test", "unsure"),
    ("2026", "drift", "accuracy"),
    ("unsure of 2026", "drift", "unsure"),
)
# Below it a prediction counts as one of low confidence (row MON-13).
_SURE = 0.5
Runs = dict[int, dict[str, Any]]


def main() -> None:
    """Write both files. Ends with a sentence where nothing was measured."""
    found = read_runs(RESULTS)
    if BASELINE not in found:
        raise SystemExit(f"{RESULTS} holds no figures: run python -m quality.measure first.")
    summary = {name: summarised(runs, found[BASELINE]) for name, runs in found.items()}
    document = {
        "machine": machine.describe(),
        "writtenAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "gate": QualityGate().to_json(),
        "contenders": summary,
        "runs": [run for runs in found.values() for run in runs.values()],
    }
    TARGET.write_text(json.dumps(document, indent=1) + "\n")
    head, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n{table(summary)}\n{END}{tail}")
    print(table(summary))


def read_runs(folder: Path) -> dict[str, Runs]:
    """All figures, by contender and seed, in the contenders' order."""
    found: dict[str, Runs] = defaultdict(dict)
    for path in sorted(folder.glob("*.json")):
        run = json.loads(path.read_text())
        for part in ("test", "drift"):
            run[part] |= unsure(run[part])
        found[run["name"]][run["seed"]] = run
    order = [BASELINE, *(each.name for each in CONTENDERS)]
    return {name: found[name] for name in order if name in found}


def unsure(part: dict[str, Any]) -> dict[str, float]:
    """The share of predictions of low confidence; nothing for what has no confidence."""
    bins = part.get("reliability")
    if not bins:
        return {}
    low = sum(each["samples"] for each in bins if each["confidence"] < _SURE)
    return {"unsure": low / sum(each["samples"] for each in bins)}


def summarised(runs: Runs, baseline: Runs) -> dict[str, Any]:
    """Means and half-widths of 95 % intervals, the gate, and the distance from the baseline."""
    figures = {
        title: interval([run[part][key] for run in runs.values()])
        for title, part, key in _COLUMNS
        if all(key in run[part] for run in runs.values())
    }
    common = sorted(runs.keys() & baseline.keys())
    gained = [runs[s]["test"]["accuracy"] - baseline[s]["test"]["accuracy"] for s in common]
    return {
        "seeds": sorted(runs),
        "figures": figures,
        "gatePassed": sum(passes(run) for run in runs.values()),
        "testAccuracyOverBaseline": interval(gained) if gained else None,
        "cpuSeconds": round(mean(run["cpuSeconds"] for run in runs.values()), 1),
    }


def interval(values: list[float]) -> dict[str, Any]:
    """Mean, half the width of its 95 % t-interval (None for one value), lowest and highest."""
    half = None
    if len(values) > 1:
        half = float(t.ppf(0.975, len(values) - 1)) * stdev(values) / sqrt(len(values))
    return {"mean": mean(values), "half": half, "lowest": min(values), "highest": max(values)}


def passes(run: dict[str, Any]) -> bool:
    """Whether one run meets the default gate of a Model."""
    gate = QualityGate()
    return bool(
        run["val"]["accuracy"] >= float(gate.min_validation_accuracy)
        and run["test"]["accuracy"] >= float(gate.min_test_accuracy)
        and run["test"]["macroF1"] >= float(gate.min_macro_f1)
    )


def table(summary: dict[str, Any]) -> str:
    """The summary in Markdown."""
    abouts = {each.name: each.about for each in CONTENDERS}
    abouts[BASELINE] = "TF-IDF of words and pairs, LinearSVC: what mustBeatBaseline compares with"
    titles = [title for title, _, _ in _COLUMNS]
    head = ["contender", *titles, "over the baseline", "gate met", "CPU s", "what it is"]
    lines = [_line(head), _line(["---"] * len(head))]
    for name, found in summary.items():
        cells = [_cell(found["figures"].get(title)) for title in titles]
        met = f"{found['gatePassed']} of {len(found['seeds'])}"
        gained = "" if name == BASELINE else _cell(found["testAccuracyOverBaseline"])
        lines.append(_line([name, *cells, gained, met, f"{found['cpuSeconds']:.0f}", abouts[name]]))
    return "\n".join(lines)


def _cell(found: dict[str, Any] | None) -> str:
    if found is None:
        return "-"
    half = "" if found["half"] is None else f" ± {found['half']:.4f}"
    return f"{found['mean']:.4f}{half}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
