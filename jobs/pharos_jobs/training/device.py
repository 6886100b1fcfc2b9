"""What this machine computes with, and in which precision (settled point A10)."""

import logging
from typing import assert_never

import torch

from pharos_api.trainingrun import Precision

_log = logging.getLogger(__name__)


def settled_precision(asked: Precision) -> Precision:
    """The precision to train in: BF16, FP16 or FP32."""
    match asked:
        case Precision.AUTO:
            return _best()
        case Precision.FP16 if not torch.cuda.is_available():
            settled = _best()
            _log.warning("FP16 needs a CUDA device", extra={"takenInstead": settled})
            return settled
        case Precision.FP16 | Precision.BF16 | Precision.FP32:
            return asked
        case _:
            assert_never(asked)


def _best() -> Precision:
    if torch.cuda.is_available():
        return Precision.BF16 if torch.cuda.is_bf16_supported() else Precision.FP16
    return Precision.BF16 if _cpu_multiplies_bf16() else Precision.FP32


def _cpu_multiplies_bf16() -> bool:
    """Whether the CPU has bf16 instructions of its own; torch would emulate them otherwise."""
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
