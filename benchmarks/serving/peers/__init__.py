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
    """What a peer is to serve: a model's folder, by so many threads; a folder of its own."""

    model: Path
    threads: int
    folder: Path


@dataclass(frozen=True, slots=True)
class Peer:
    """A server: its packages, how it is started and how it is asked.

    ``environment`` names the folder of its packages, which two peers may share; the program is
    looked for there. ``{port}`` is filled in. ``files`` are written into the peer's own folder.
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
_INFINITY = ("infinity-emb[server,torch,optimum]==0.0.78", *_TORCH)
# Its last release is of 2025: it imports what later transformers, torch (by its optimum) and uvloop
# have dropped.
_MLSERVER = (
    *("mlserver==1.7.1", "mlserver-huggingface==1.7.1", "transformers==4.41.2"),
    *("uvloop==0.21.0", "torch==2.8.0", "nvidia-cuda-runtime-cu12>=12"),
)


def _infinity(engine: str) -> Callable[[Task], list[str]]:
    return lambda task: [
        *("infinity_emb", "v2", "--model-id", f"{task.model}", "--served-model-name", "bench"),
        *("--host", "127.0.0.1", "--port", "{port}", "--device", "cpu", "--engine", engine),
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
    Peer("infinity-emb", "infinity-emb", _INFINITY, _infinity("torch"), INFINITY),
    Peer("infinity-emb-optimum", "infinity-emb", _INFINITY, _infinity("optimum"), INFINITY),
    Peer(
        "mlserver",
        "mlserver",
        _MLSERVER,
        lambda task: ["mlserver", "start", f"{task.folder}"],
        MLSERVER,
        _mlserver_settings,
    ),
    Peer(
        "litserve",
        "litserve",
        ("litserve==0.2.19", "transformers==5.23.0", *_TORCH),
        lambda task: [
            *("python", f"{HERE / 'litserve_api.py'}", f"{task.model}", "{port}"),
            f"{task.threads}",
        ],
        LITSERVE,
    ),
)
