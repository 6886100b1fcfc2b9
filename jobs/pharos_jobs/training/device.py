"""What this machine computes with: precision (settled point A10), threads, attention, batches.

Decided by looking at the machine, never by a flag, so that one spec runs on two cores and on eight
GPUs. Of a model it is told the architecture alone.
"""

import logging
import os
import platform
from pathlib import Path
from typing import assert_never

import torch
import transformers
from transformers.utils.import_utils import is_flash_attn_2_available

from pharos_api.trainer import Precision

_CPU_TOKENS = 1024
_GPU_TOKENS = 32_768
# Their code in transformers masks attention with the least number of fp32, which is no number in
# less: the first step would end in an error.
_NEED_FP32 = frozenset({"deberta"})
_log = logging.getLogger(__name__)


def settled_precision(asked: Precision, architecture: str = "") -> Precision:
    """The precision to train in: BF16, FP16 or FP32.

    ``architecture`` is the ``model_type`` of the base model's ``config.json``; some compute in FP32
    alone, whatever the device does.
    """
    if architecture in _NEED_FP32:
        if asked not in (Precision.AUTO, Precision.FP32):
            _log.warning("%s computes in FP32 alone", architecture, extra={"asked": asked})
        return Precision.FP32
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


def settled_attention(precision: Precision) -> str | None:
    """The attention kernel: FlashAttention where it is installed and can compute, else None.

    None leaves it to transformers: torch's ``sdpa``, which picks the fastest kernel of the device,
    and plain attention for architectures that cannot use it, such as DeBERTa and MPNet.
    """
    can_flash = (
        torch.cuda.is_available()
        and precision is not Precision.FP32
        and is_flash_attn_2_available()
    )
    return "flash_attention_2" if can_flash else None


def token_budget() -> int:
    """Padded tokens of a micro-batch: what fills the device and still leaves memory.

    On a CPU the caches hold small ones alone (docs/developer/training.md); a GPU is busy only with
    large ones.
    """
    return _GPU_TOKENS if torch.cuda.is_available() else _CPU_TOKENS


def cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """CPU cores that this process may use: by affinity and by the container's quota.

    torch would start a thread for each core of the node, and the quota would halt them all.
    """
    allowed = len(os.sched_getaffinity(0))
    try:
        limit, period = quota.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return allowed
    return allowed if limit == "max" else max(1, min(allowed, int(limit) // int(period)))


def software() -> str:
    """The libraries that compute, with their versions."""
    return f"torch {torch.__version__}, transformers {transformers.__version__}"


def described(processes: int) -> str:
    """The kind of device, and how many processes and threads share the work."""
    if torch.cuda.is_available():
        return f"{processes} x {torch.cuda.get_device_name()}"
    return f"{processes} x CPU {platform.machine()}, {torch.get_num_threads()} threads"


def settle_threads(processes: int) -> int:
    """Give torch its share of the cores among ``processes`` on this machine; returns it."""
    threads = max(1, cores() // processes)
    torch.set_num_threads(threads)
    return threads
