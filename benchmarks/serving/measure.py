"""`python -m serving.measure PART...`: prepare, peak, accuracy, layouts, speed; a file for each.

Cores are shared by server and client, in equal parts for all servers. Wall-clock figures depend on
what else the machine does; CPU time a request depends on it little, so both are given, and servers
take turns in short slices, while those that wait are stopped.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

from delivery import places, processes, provenance
from machine.problem import Problem
from pharos_api.engines import ENGINES, EngineSheet
from serving import accuracy, layouts, peak, servers, turns
from serving.papers import Papers, papers
from serving.peers import CANNOT_SERVE, PEERS
from serving.prepare import config, prepare

FOLDER = places.RESULTS / "serving"
_PACKAGES = ("fastapi", "onnxruntime", "openvino", "torch", "transformers", "uvicorn")


def main() -> int:
    """Run the parts that are named, or all."""
    processes.end_cleanly_when_told()
    parts: dict[str, Callable[[Papers], dict[str, Any]]] = {
        "prepare": _prepare,
        "peak": _peak,
        "accuracy": lambda data: accuracy.accuracies(FOLDER / "cascade", _some(data)),
        "layouts": _layouts,
        "speed": _speed,
    }
    chosen = sys.argv[1:] or list(parts)
    try:
        data = papers(train=400, val=100, test=300)
        for name in chosen:
            places.RESULTS.mkdir(parents=True, exist_ok=True)
            provenance.write(f"serving-{name}", {name: parts[name](data)})
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _some(data: Papers) -> Any:
    """Every fifth of the test papers, or of a quick run every tenth."""
    return data.test[:: 10 if provenance.is_quick() else 5]


def _prepare(data: Papers) -> dict[str, Any]:
    prepare(FOLDER, data)
    return {"engines": json.loads((FOLDER / "encoder" / ENGINES).read_text())}


def _peak(data: Papers) -> dict[str, Any]:
    del data
    return {kind: peak.peak_gops(kind) for kind in ("int8", "bf16", "f32")} | {
        "unit": "Gop a CPU second of one core"
    }


def _layouts(data: Papers) -> dict[str, Any]:
    del data
    return layouts.compared(FOLDER / "encoder", len(os.sched_getaffinity(0)))


def _speed(data: Papers) -> dict[str, Any]:
    cores = len(os.sched_getaffinity(0))
    texts = [paper.text for paper in data.test]
    absent = dict(CANNOT_SERVE)
    with ExitStack() as stack:
        started = list(_started(stack, cores, absent))
        found = asyncio.run(turns.measured(started, texts, provenance.is_quick()))
    return {
        "packages": {name: version(name) for name in _PACKAGES},
        "peers": {peer.name: list(peer.requirements) for peer in PEERS},
        "absent": absent,
        "cores": cores,
        "texts": len(texts),
        "sizes": config(FOLDER / "encoder"),
        "weightsMiB": _weights_mib(FOLDER / "encoder"),
        **found,
    }


def _weights_mib(model: Path) -> float:
    """Of the files of the variant that serves: less memory than that no replica can have."""
    sheet = EngineSheet.model_validate_json((model / ENGINES).read_bytes())
    return sum((model / name).stat().st_size for name in sheet.best().files) / 2**20


def _started(stack: ExitStack, cores: int, absent: dict[str, str]) -> Iterator[servers.Running]:
    """All that come up; why a peer does not is put into ``absent``. Ours must."""
    for each in _ours(cores):
        yield stack.enter_context(servers.running(each, FOLDER))
    for described in PEERS:
        try:
            server = servers.peer(described, FOLDER / "encoder", cores)
            yield stack.enter_context(servers.running(server, FOLDER))
        except Problem as problem:
            absent[described.name] = str(problem)
            print(f"{described.name} is absent: {problem}", file=sys.stderr)


def _ours(cores: int) -> list[servers.Server]:
    encoder, cascade = FOLDER / "encoder", FOLDER / "cascade"
    compared = [
        servers.pipeline(encoder, cores),
        servers.pharos("pharos", encoder, cores),
        servers.pharos("pharos-cascade", cascade, cores),
    ]
    if not provenance.is_quick():
        compared += [
            servers.pharos("pharos-one-stream", encoder, cores, PHAROS_STREAMS="1"),
            servers.pharos("pharos-onnx-runtime", encoder, cores, PHAROS_ENGINE="OnnxRuntime"),
        ]
    return compared


if __name__ == "__main__":
    sys.exit(main())
