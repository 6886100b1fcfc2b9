"""Other servers of the same model folder, each from its own packages in its own environment.

Every version is pinned here: what a peer names by its number, all else by the day after which
nothing is taken. Where a peer's last release needs an older library than ours, the reason is said.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from serving.dialects import INFINITY, LITSERVE, MLSERVER, Dialect

HERE = Path(__file__).parent
NOTHING_AFTER = "2026-11-23T00:00:00Z"
_TORCH = ("torch==2.15.0", "nvidia-cuda-runtime>=13")


@dataclass(frozen=True, slots=True)
class Task:
    """What a peer is to serve and by how many threads; its own programs and its own folder."""

    model: Path
    threads: int
    programs: Path
    folder: Path


@dataclass(frozen=True, slots=True)
class Peer:
    """A server: its packages, how it is started and how it is asked.

    ``environment`` names the folder of its packages, which two peers may share. ``{port}`` is
    filled in. ``files`` are written into the peer's own folder.
    """

    name: str
    environment: str
    requirements: tuple[str, ...]
    command: Callable[[Task], list[str]]
    dialect: Dialect
    files: Callable[[Task], dict[str, str]] = lambda _: {}


# Packages of a GPU, which the slim torch does without; those of CUDA 12 come with an older torch.
WITHOUT = (
    *("cublas", "cuda-cupti", "cuda-nvrtc", "cudnn", "cufft", "cufile", "curand", "cusolver"),
    *("cusparse", "cusparselt", "nccl", "nvjitlink", "nvtx"),
)
_TORCH = ("torch==2.15.0", "nvidia-cuda-runtime>=13")
# Its last release is of 2025: it imports what later transformers, torch (by its optimum) and uvloop
# have dropped.
_MLSERVER = (
    *("mlserver==1.7.1", "mlserver-huggingface==1.7.1", "transformers==4.41.2"),
    *("uvloop==0.21.0", "torch==2.8.0", "nvidia-cuda-runtime-cu12>=12"),
)


def _infinity(task: Task) -> list[str]:
    return [
        *(f"{task.programs / 'infinity_emb'}", "v2", "--model-id", f"{task.model}"),
        *("--served-model-name", "bench", "--engine", "torch", "--device", "cpu"),
        *("--host", "127.0.0.1", "--port", "{port}"),
    ]


def _mlserver_settings(task: Task) -> dict[str, str]:
    pipeline = {
        "task": "text-classification",
        "pretrained_model": f"{task.model}",
        "framework": "pt",
        "device": "cpu",
        "intra_op_threads": task.threads,
    }
    model = {
        "name": "bench",
        "implementation": "mlserver_huggingface.HuggingFaceRuntime",
        "parameters": {"extra": pipeline},
    }
    return {
        "model-settings.json": json.dumps(model),
        # gRPC and its own metrics go to any free port.
        "settings.json": json.dumps({"host": "127.0.0.1", "grpc_port": 0, "metrics_port": 0}),
    }


PEERS = (
    Peer(
        "infinity-emb",
        "infinity-emb",
        ("infinity-emb[server,torch]==0.0.78", *_TORCH),
        _infinity,
        INFINITY,
    ),
    Peer(
        "mlserver",
        "mlserver",
        _MLSERVER,
        lambda task: [f"{task.programs / 'mlserver'}", "start", f"{task.folder}"],
        MLSERVER,
        _mlserver_settings,
    ),
    Peer(
        "litserve",
        "litserve",
        ("litserve==0.2.19", "transformers==5.23.0", *_TORCH),
        lambda task: [
            *(f"{task.programs / 'python'}", f"{HERE / 'litserve_api.py'}"),
            *(f"{task.model}", "{port}", f"{task.threads}"),
        ],
        LITSERVE,
    ),
)
# What was tried and cannot serve these texts.
CANNOT_SERVE = {
    "infinity-emb-optimum": (
        "its classifier on ONNX Runtime cuts no text: after one of more than 512 tokens (ONNX "
        "Runtime: INVALID_ARGUMENT, invalid expand shape) it answers nothing any more"
    )
}
