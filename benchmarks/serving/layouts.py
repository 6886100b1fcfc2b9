"""What threads and streams are worth: `python -m serving.layouts MODEL LAYOUT...`, as JSON.

A layout is ``THREADSxSTREAMS``. With several, as many models are compiled beside each other, for
what that costs in memory; the last one is measured. A process of its own for each call.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from delivery import processes
from pharos_api.artifacts import TOKENIZER
from pharos_api.engines import ENGINES, EngineSheet, Runtime
from pharos_serving.engines.openvino import Layout, OpenVinoEngine, Tokens
from serving import process_tree
from serving.papers import papers
from serving.prepare import MAX_TOKENS

Rows = list[list[int]]
_TEXTS_A_CLASS = 12


def compared(model: Path, cores: int) -> dict[str, Any]:
    """Of one stream of all cores, a stream for each, more threads than cores, and both at once."""
    one, each = f"{cores}x1", f"{cores}x{cores}"
    calls = {
        "oneStream": [one],
        "aStreamForEachCore": [each],
        "moreThreadsThanCores": [f"{cores * cores}x{cores}"],
        "bothCompiled": [one, each],
    }
    return {
        "tokens": [len(row) for row in _rows(model)],
        "measured": {name: _called(model, layouts) for name, layouts in calls.items()},
    }


def _called(model: Path, layouts: list[str]) -> Any:
    command = processes.module("serving.layouts", model, *layouts)
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measured(model: Path, layouts: list[Layout]) -> dict[str, Any]:
    """Of the last layout: a lone text's latency, and texts a second with a thread a stream."""
    rows = list(_rows(model))
    before = _memory_mib()
    engines = [_engine(model, layout) for layout in layouts]
    for engine in engines:
        _at_once(engine, rows)
    memory = _memory_mib()
    lone_ms = [1000 * seconds for seconds in _lone(engines[-1], rows)]
    started_s, cpu_s = time.perf_counter(), time.process_time()
    _at_once(engines[-1], rows)
    texts = len(rows) * engines[-1].lanes
    return {
        "p50Ms": float(np.median(lone_ms)),
        "p95Ms": float(np.quantile(lone_ms, 0.95)),
        "textsPerSecond": texts / (time.perf_counter() - started_s),
        "cpuMsPerText": 1000 * (time.process_time() - cpu_s) / texts,
        "engineMiB": memory - before,
        "raw": [round(each, 2) for each in lone_ms],
    }


def _engine(model: Path, layout: Layout) -> OpenVinoEngine:
    sheet = EngineSheet.model_validate_json((model / ENGINES).read_bytes())
    best = next(each for each in sheet.usable() if each.runtime is Runtime.OPENVINO)
    files = [model / name for name in best.files]
    return OpenVinoEngine(files, best.precision, layout, Tokens(0, MAX_TOKENS))


def _rows(model: Path) -> Iterator[list[int]]:
    tokenizer = Tokenizer.from_file(str(model / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    for paper in papers(train=0, val=0, test=_TEXTS_A_CLASS).test:
        yield tokenizer.encode(paper.text).ids


def _lone(engine: OpenVinoEngine, rows: Rows) -> Iterator[float]:
    for row in rows:
        started_s = time.perf_counter()
        engine.predict([row])
        yield time.perf_counter() - started_s


def _at_once(engine: OpenVinoEngine, rows: Rows) -> None:
    """All rows by each of the engine's lanes."""

    def work() -> None:
        for row in rows:
            engine.predict([row])

    threads = [threading.Thread(target=work) for _ in range(engine.lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _memory_mib() -> int:
    return process_tree.memory_mib(process_tree.family(os.getpid()))["VmRSS"]


def parsed(text: str) -> Layout:
    """``2x1``: two threads, one stream. Pure."""
    threads, _, streams = text.partition("x")
    return Layout(int(threads), int(streams))


if __name__ == "__main__":
    json.dump(measured(Path(sys.argv[1]), [parsed(each) for each in sys.argv[2:]]), sys.stdout)
