"""Makes a peer's environment, once, and again when what it needs has changed."""

import re
import subprocess
from pathlib import Path

from delivery import places
from serving.peers import NOTHING_AFTER, WITHOUT, Peer
from workbench import uv
from workbench.environment import SLIM_TORCH, STAMP, cuda_packages

PLACE = places.RESULTS / "peers"
_TIMEOUT_S = 900
# As Python names what ended it: "package.module.SomeError: why".
_ERROR = re.compile(r"[\w.]*(Error|Exception|InvalidArgument)\b.*:")


class CannotInstall(Exception):
    """A peer whose packages cannot be had here; carries the last that was said of it."""


def ensure(peer: Peer) -> Path:
    """The folder of its programs. Raises CannotInstall."""
    folder = PLACE / peer.environment
    wanted = "\n".join((*peer.requirements, NOTHING_AFTER))
    stamp = folder / STAMP
    if not (stamp.exists() and stamp.read_text() == wanted):
        _install(folder, peer.requirements)
        stamp.write_text(wanted)
    return folder / "bin"


def _install(folder: Path, requirements: tuple[str, ...]) -> None:
    python = folder / "bin" / "python"
    folder.parent.mkdir(parents=True, exist_ok=True)
    excludes = folder.parent / "excludes.txt"
    excludes.write_text("\n".join([*cuda_packages(), *(f"nvidia-{name}-cu12" for name in WITHOUT)]))
    _run(uv.ensure(), "venv", "--quiet", "--no-config", "--clear", "--python", "3.11", folder)
    _run(
        *(uv.ensure(), "pip", "install", "--quiet", "--no-config", "--python", python),
        *("--exclude-newer", NOTHING_AFTER, "--excludes", excludes, *requirements),
    )
    (packages,) = folder.glob("lib/python3*/site-packages")
    _run(python, SLIM_TORCH, packages)


def _run(*words: object) -> None:
    line = [f"{word}" for word in words]
    try:
        subprocess.run(line, capture_output=True, text=True, check=True, timeout=_TIMEOUT_S)
    except subprocess.CalledProcessError as failure:
        raise CannotInstall(last_line(failure.stderr or failure.stdout)) from failure
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise CannotInstall(f"{failure}") from failure


def last_line(said: str) -> str:
    """The last error that is named, else the last line that says something. Pure."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    named = [line for line in lines if _ERROR.match(line)]
    return (named or lines or ["it ended without a word"])[-1][:300]
