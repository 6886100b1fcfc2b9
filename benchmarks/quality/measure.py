"""Train and measure: ``python -m quality.measure [--heavy] [--only Linear] [--seeds 100 101]``.

Each contender on each split seed leaves one file below ``build/bench/quality``; what is there is
not measured again, so a run that was stopped goes on. ``quality.report`` brings them together.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from pharos_jobs.context import StepContext
from pharos_jobs.core import baseline
from pharos_jobs.core.metrics import scores
from pharos_jobs.core.papers import Sample
from pharos_jobs.core.splits import Splits
from pharos_jobs.recipes.port import Lesson
from quality import contenders, papers
from quality.contenders import Answers, Contender

RESULTS = Path("build/bench/quality")
# Drawn before anything was measured on them; what is compared was chosen on seed 0.
SEEDS = (100, 101, 102, 103, 104)
BASELINE = "baseline"


def main() -> None:
    """Measure what is missing."""
    options = _options()
    found = papers.load()
    splits = {seed: papers.divided(found, seed) for seed in options.seeds}
    for seed, parts in splits.items():
        _once(BASELINE, seed, lambda s=parts, n=seed: _baseline(s, found.drift, n))
    chosen = [
        each
        for each in contenders.CONTENDERS
        if each.name in (options.only or [each.name]) and (options.heavy or not each.heavy)
    ]
    # Split by split: what hours have measured is comparable whenever they are cut short.
    for seed, parts in splits.items():
        for each in chosen:
            _once(each.name, seed, lambda c=each, n=seed, s=parts: _measured(c, n, s, found))


def result_path(name: str, seed: int) -> Path:
    """Where a contender's figures on one split lie."""
    return RESULTS / f"{name.lower().replace(', ', '-').replace(' ', '-')}-{seed}.json"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heavy", action="store_true", help="fine-tuned contenders as well")
    parser.add_argument("--only", nargs="+", help="names of contenders, beside the baseline")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    return parser.parse_args()


def _once(name: str, seed: int, measure: Any) -> None:
    path = result_path(name, seed)
    if path.exists():
        return
    wall_s, cpu_s = perf_counter(), process_time()
    figures = {"name": name, "seed": seed, **measure()}
    figures |= {
        "wallSeconds": round(perf_counter() - wall_s, 1),
        "cpuSeconds": round(process_time() - cpu_s, 1),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=1) + "\n")
    val, test = figures["val"]["accuracy"], figures["test"]["accuracy"]
    print(f"{seed} {name}: validation {val:.4f}, test {test:.4f}", flush=True)


def _measured(
    contender: Contender, seed: int, splits: Splits, found: papers.Papers
) -> dict[str, Any]:
    kept = RESULTS / f"encoder-{seed}"
    with tempfile.TemporaryDirectory() as folder:
        lesson = Lesson(
            train=list(splits.train),
            val=list(splits.val),
            labels=list(papers.LABELS),
            trainer=contenders.default_trainer(),
            folder=Path(folder),
            context=StepContext(kept.resolve()),
            related=found.related,
        )
        answers = contender.train(lesson)
        sets = {"val": splits.val, "test": splits.test, "drift": found.drift}
        return {name: _scored(answers, part) for name, part in sets.items()}


def _scored(answers: Answers, samples: Sequence[Sample]) -> dict[str, Any]:
    given = answers([s.text for s in samples])
    truth = contenders.numbers(list(samples), papers.LABELS)
    found = scores(truth, given, papers.LABELS).to_json()
    found["macroF1Present"] = _of_present(found)
    return found


def _of_present(found: dict[str, Any]) -> float:
    """Macro-F1 over the classes that the set holds: the 2026 file lacks one."""
    present = [each["f1"] for each in found["perClass"].values() if each["support"]]
    return float(sum(present) / len(present))


def _baseline(splits: Splits, drift: list[Sample], seed: int) -> dict[str, Any]:
    model = baseline.fitted(splits.train, seed)
    sets = {"val": splits.val, "test": splits.test, "drift": drift}
    measured = {name: baseline.measured(model, part) for name, part in sets.items()}
    return {
        name: {"accuracy": each.accuracy, "macroF1": each.macro_f1}
        for name, each in measured.items()
    }


if __name__ == "__main__":
    main()
