"""What one core can multiply at best: a large product in OpenVINO, by CPU time.

The physical limit beside which a server's speed is shown. A product of one size in one library is
itself below what the instructions could do: a fraction of it may so come near to 1.
"""

import time
from typing import Any

import numpy as np

from pharos_serving.engines.quiet import import_openvino

# Rows as in a batch of papers; columns so wide that reading and writing hide behind multiplying.
_ROWS, _WIDTH = 1024, 2048
_SECONDS = 3.0


def peak_gops(kind: str) -> float:
    """Billions of operations (a product and a sum are two) per CPU second: int8, bf16 or f32."""
    request = _compiled(kind)
    data = np.random.default_rng(1).random((_ROWS, _WIDTH), dtype=np.float32)
    request.infer([data])
    count, started_s = 0, time.process_time()
    while time.process_time() - started_s < _SECONDS:
        request.infer([data])
        count += 1
    used_s = time.process_time() - started_s
    return 2 * _ROWS * _WIDTH * _WIDTH * 4 * count / used_s / 1e9


def _compiled(kind: str) -> Any:
    """Four products in a row, so that turning floats into bytes at the ends weighs little."""
    ov = import_openvino()
    ops = ov.opset13
    given = ops.parameter([_ROWS, _WIDTH], np.float32)
    node = given
    random = np.random.default_rng(2)
    for _ in range(4):
        weights = ops.constant(random.random((_WIDTH, _WIDTH), dtype=np.float32) - 0.5)
        if kind == "int8":
            node = ops.fake_quantize(node, *_range(ops, 0.0, 1.0), 256)
            weights = ops.fake_quantize(weights, *_range(ops, -0.5, 0.5), 255)
        node = ops.matmul(node, weights, False, True)
    model = ov.Model([node], [given])
    hint = {"f32": "f32"}.get(kind, "bf16")
    settings = {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    return ov.Core().compile_model(model, "CPU", settings).create_infer_request()


def _range(ops: Any, low: float, high: float) -> list[Any]:
    bounds = [ops.constant(np.float32(low)), ops.constant(np.float32(high))]
    return [*bounds, *bounds]


def operations(config: dict[str, int], tokens: float) -> float:
    """Operations of one text of an encoder, embeddings and head left out as negligible.

    2 L (4 H H + 2 H F) S for the products with weights and 4 L H S S for attention, of L layers of
    width H and inner width F, at S tokens.
    """
    layers, width = config["num_hidden_layers"], config["hidden_size"]
    inner = config["intermediate_size"]
    weights = 2 * layers * (4 * width * width + 2 * width * inner)
    return weights * tokens + 4 * layers * width * tokens * tokens
