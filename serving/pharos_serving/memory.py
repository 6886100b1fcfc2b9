"""How much freed memory the C library keeps: little, as a pod is judged by what it holds.

Measured on a six-layer encoder after texts of all lengths: 283 MiB instead of 294, at the same CPU
time a text. Does nothing where the C library is not glibc.
"""

import ctypes
import gc

# Of glibc's malloc.h. Setting the threshold also keeps large blocks out of the heap.
_M_TRIM_THRESHOLD, _M_ARENA_MAX = -1, -8
_ARENAS, _KEPT_BYTES = 2, 128 << 10


def keep_little() -> None:
    """Few heaps for all threads, each trimmed as soon as its end is free. Before any thread."""
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:
        tune(_M_ARENA_MAX, _ARENAS)
        tune(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def give_back() -> None:
    """Return what is free now; without it a pod holds what a dropped engine used."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
