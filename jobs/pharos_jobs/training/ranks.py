"""The processes that train one model together: who this is, and how they agree.

With one process every question has its own answer. Starts no process: torchrun does.
"""

import os
from typing import Any

import torch
from torch import distributed

FIRST = 0


def world_size() -> int:
    """How many processes train together: as torchrun says."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """This process's number, from 0."""
    return int(os.environ.get("RANK", "0"))


def local_world_size() -> int:
    """How many of the processes share this machine or pod."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this is the process that writes, reports and exports for all."""
    return rank() == FIRST


def join(backend: str) -> None:
    """Meet the other processes; nothing happens with one, or when they have met."""
    if world_size() > 1 and not distributed.is_initialized():
        distributed.init_process_group(backend)


def any_of_all(mine: bool) -> bool:
    """Whether any process says yes; every process must ask at the same step."""
    if not distributed.is_initialized() or distributed.get_world_size() == 1:
        return mine
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    flag = torch.tensor([int(mine)], device=device)
    distributed.all_reduce(flag, op=distributed.ReduceOp.MAX)
    return bool(flag.item())


def told_by_first(value: Any) -> Any:
    """The first process's value, for every process."""
    if not distributed.is_initialized() or distributed.get_world_size() == 1:
        return value
    told = [value]
    distributed.broadcast_object_list(told, src=FIRST)
    return told[0]
