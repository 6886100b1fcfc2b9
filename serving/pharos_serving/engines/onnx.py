"""ONNX Runtime on the CPU: the smallest in memory, and it takes every graph as it is.

Inputs ``input_ids`` and ``attention_mask`` (int64, ``[batch, tokens]``), plus ``token_type_ids``
where the graph asks for them; first output the logits.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort

from pharos_serving.engines.filling import INPUTS, filled
from pharos_serving.engines.port import Logits
from pharos_serving.errors import ModelRejected, RejectionReason


class OnnxEngine:
    """A session of ONNX Runtime with as many threads as the container has cores."""

    name = "onnxruntime_onnx"
    lanes = 1

    def __init__(self, path: Path, threads: int, pad_id: int = 0) -> None:
        """Parse the graph. Raises ModelRejected when ONNX Runtime cannot run it."""
        self._session = _session(path, threads)
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        self._pad_id = pad_id
        unknown = sorted(self._inputs - INPUTS)
        if unknown or "input_ids" not in self._inputs:
            raise ModelRejected(
                RejectionReason.UNLOADABLE,
                f"The graph in {path.name} asks for the inputs {sorted(self._inputs)}; export it "
                "with input_ids and attention_mask.",
            )

    def predict(self, batch: Sequence[Sequence[int]]) -> Logits:
        """See the port. Raises what ONNX Runtime raises."""
        tensors = filled(batch, max(map(len, batch)), self._pad_id)
        (logits, *_) = self._session.run(None, {name: tensors[name] for name in self._inputs})
        return np.asarray(logits, dtype=np.float32)


def _session(path: Path, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    # Pods share a node: a spinning thread would steal the other arm's cores between requests.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions share no base but Exception
        raise ModelRejected(
            RejectionReason.UNLOADABLE,
            f"ONNX Runtime {ort.__version__} cannot load {path.name}: {error}",
        ) from error
