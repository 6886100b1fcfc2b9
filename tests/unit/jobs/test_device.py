"""What a machine gives a training: cores, attention, tokens of a micro-batch."""

import os
from pathlib import Path

import pytest
import torch

from pharos_api.trainer import Precision
from pharos_jobs.training import device

QUOTAS = {
    "no quota": ("max 100000", 8),
    "two cores": ("200000 100000", 2),
    "half a core is one": ("50000 100000", 1),
    "a quota beyond the cores": ("1600000 100000", 8),
    "something else": ("", 8),
}


@pytest.mark.requirement("PRF-12")
@pytest.mark.parametrize(("text", "cores"), QUOTAS.values(), ids=QUOTAS)
def test_cores_are_those_of_the_container_and_not_of_the_node(
    text: str, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    quota = tmp_path / "cpu.max"
    quota.write_text(text)
    assert device.cores(quota) == cores
    assert device.cores(tmp_path / "missing") == 8


KERNELS = {
    "installed, on CUDA, in bf16": (True, True, Precision.BF16, "flash_attention_2"),
    "installed, but fp32": (True, True, Precision.FP32, None),
    "not installed": (True, False, Precision.BF16, None),
    "a CPU": (False, True, Precision.BF16, None),
}


@pytest.mark.parametrize(
    ("cuda", "installed", "precision", "kernel"), KERNELS.values(), ids=KERNELS
)
def test_the_attention_kernel_is_the_best_that_can_compute(
    cuda: bool,
    installed: bool,
    precision: Precision,
    kernel: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(device, "is_flash_attn_2_available", lambda: installed)
    assert device.settled_attention(precision) == kernel


@pytest.mark.parametrize(("cuda", "tokens"), [(True, 32_768), (False, 1024)])
def test_a_gpu_gets_more_tokens_at_once(
    cuda: bool, tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    assert device.token_budget() == tokens
