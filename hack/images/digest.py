"""Names an image by what goes into it, so that equal inputs are never built twice."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from images.targets import CHECKOUT, DOCKERFILE, Target
from machine.command import Options, output

DIGITS = 12


def tag(target: Target, base: str) -> str:
    """For example `localhost/pharos-operator:0a1b2c3d4e5f`."""
    return f"localhost/pharos-{target.name}:{content(target, base)}"


def content(target: Target, base: str) -> str:
    """A short digest of the Dockerfile, the base, the build arguments and every file copied."""
    digest = hashlib.sha256(f"{base}\0{target.name}\0{target.arguments}\0".encode())
    for path in files((str(DOCKERFILE.relative_to(CHECKOUT)), ".dockerignore", *target.inputs)):
        digest.update(f"{path.relative_to(CHECKOUT)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:DIGITS]


def files(inputs: Iterable[str], checkout: Path = CHECKOUT) -> list[Path]:
    """The files below the inputs that git tracks or would track, in a fixed order."""
    wanted = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *inputs)
    listed = output("git", *wanted, options=Options(cwd=checkout)).split("\0")
    paths = {checkout / name for name in listed if name}
    ignored = {path for path in paths if path.suffix == ".pyc" or not path.is_file()}
    return sorted(paths - ignored)
