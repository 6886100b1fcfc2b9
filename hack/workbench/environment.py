"""Makes the virtual environment from uv.lock, and again only when the lock has changed.

On a machine without an NVIDIA GPU the CUDA libraries stay away, which saves four gigabytes; see
images/slim_torch.py for what stands in for them.
"""

import hashlib
import os
import platform
from pathlib import Path

from images.targets import CHECKOUT, torch_variant
from machine.apt import ensure_packages
from machine.command import Options, output
from machine.progress import Progress
from workbench import uv

CUDA_PACKAGES = CHECKOUT / "images" / "cuda-packages.txt"
SLIM_TORCH = CHECKOUT / "images" / "slim_torch.py"
STAMP = "pharos-stamp"
HERE = Options(cwd=CHECKOUT)


def ensure() -> Path:
    """The environment's folder, made or brought up to date where that is needed."""
    folder = Path(os.environ.get("UV_PROJECT_ENVIRONMENT", CHECKOUT / ".venv"))
    wanted = stamp()
    stamped = folder / STAMP
    if stamped.exists() and stamped.read_text() == wanted:
        return folder
    stamped.unlink(missing_ok=True)
    slim = torch_variant() == "cpu" and platform.system() == "Linux"
    without = [f"--no-install-package={name}" for name in cuda_packages()] if slim else []
    with Progress("installing Python packages"):
        line = (uv.ensure(), "sync", "--frozen", "--all-extras", "--group", "dev", *without)
        output(*line, options=HERE)
    if slim:
        ensure_packages({"gcc": "gcc", "readelf": "binutils"})
        packages = next(folder.glob("lib/python3*/site-packages"))
        output(folder / "bin" / "python", SLIM_TORCH, packages)
    stamped.write_text(wanted)
    return folder


def stamp() -> str:
    """Changes when the environment has to."""
    digest = hashlib.sha256(torch_variant().encode())
    for path in (CHECKOUT / "uv.lock", CHECKOUT / "pyproject.toml", CUDA_PACKAGES, SLIM_TORCH):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def cuda_packages() -> list[str]:
    """The packages that only a GPU needs."""
    lines = (line.strip() for line in CUDA_PACKAGES.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]
