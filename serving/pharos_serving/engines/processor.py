"""What the processor can multiply quickly, read from ``/proc/cpuinfo``."""

from dataclasses import dataclass
from pathlib import Path

_INT8 = {"avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm"}
_BF16 = {"avx512_bf16", "amx_bf16", "bf16"}


@dataclass(frozen=True, slots=True)
class Processor:
    """Whether there are instructions for dot products of bytes and of 16-bit floats."""

    int8: bool
    bf16: bool


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> Processor:
    """The processor of this machine."""
    return of_flags(cpuinfo.read_text(encoding="utf-8"))


def of_flags(cpuinfo: str) -> Processor:
    """From the text of ``/proc/cpuinfo``: the flags (x86) or features (Arm) of the first core."""
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    flags = next((v.split() for k, _, v in lines if k.strip().lower() in ("flags", "features")), [])
    return Processor(int8=bool(_INT8 & set(flags)), bf16=bool(_BF16 & set(flags)))
