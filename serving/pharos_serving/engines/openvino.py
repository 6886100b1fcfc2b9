"""OpenVINO on the CPU: the fastest engine for texts of 64 to 512 tokens on plain processors.

Reads OpenVINO's own files or ONNX. Lengths are rounded up to a few steps, because it compiles and
keeps code for each that it meets (``pharos_api.engines.padded_tokens``).
"""

import queue
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pharos_api.engines import Precision, padded_tokens
from pharos_serving.engines.filling import INPUTS, filled
from pharos_serving.engines.port import Logits
from pharos_serving.engines.quiet import import_openvino
from pharos_serving.errors import ModelRejected, RejectionReason


@dataclass(frozen=True, slots=True)
class Layout:
    """How cores are used: ``streams`` texts at once, each by ``threads / streams`` threads.

    One stream of all threads answers a lone text soonest; a stream for each thread answers the
    most texts a second.
    """

    threads: int
    streams: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the tokenizer fills with, and where texts are cut."""

    pad_id: int
    limit: int


class OpenVinoEngine:
    """A compiled model with a request for each stream. Safe to call from that many threads."""

    def __init__(
        self, files: Sequence[Path], precision: Precision, layout: Layout, tokens: Tokens
    ) -> None:
        """Read and compile. Raises ModelRejected when OpenVINO cannot."""
        self.name = f"openvino_{precision.lower()}"
        self.lanes = layout.streams
        self._tokens = tokens
        compiled = _compiled(files, precision, layout)
        self._inputs = {name for port in compiled.inputs for name in port.names} & INPUTS
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(layout.streams):
            self._requests.put(compiled.create_infer_request())
        # The bindings set themselves up in the first call; two first calls at once can wait for
        # each other for ever (one holds the GIL and waits for what the other sets up).
        self.predict([[tokens.pad_id]])

    def predict(self, batch: Sequence[Sequence[int]]) -> Logits:
        """See the port. Raises what OpenVINO raises."""
        longest = padded_tokens(max(map(len, batch)), self._tokens.limit)
        tensors = filled(batch, longest, self._tokens.pad_id)
        request = self._requests.get()
        try:
            found = request.infer({name: tensors[name] for name in self._inputs})
            return np.array(found[0], dtype=np.float32)
        finally:
            self._requests.put(request)


def _compiled(files: Sequence[Path], precision: Precision, layout: Layout) -> Any:
    openvino = import_openvino()
    settings = {
        "INFERENCE_PRECISION_HINT": "f32" if precision is Precision.FP32 else "bf16",
        "INFERENCE_NUM_THREADS": layout.threads,
        "NUM_STREAMS": layout.streams,
        # The scheduler places the threads: pods share a node.
        "ENABLE_CPU_PINNING": False,
    }
    try:
        core = openvino.Core()
        return core.compile_model(core.read_model(*files), "CPU", settings)
    except RuntimeError as error:
        raise ModelRejected(
            RejectionReason.UNLOADABLE,
            f"OpenVINO {openvino.__version__} cannot load {files[0].name}: {str(error)[:500]}",
        ) from error
