#!/usr/bin/env python3
"""Lets PyPI's PyTorch, which is the CUDA build, load on a machine without the CUDA libraries.

    slim_torch.py SITE_PACKAGES

torch links against libraries that, without a GPU, it never calls; the loader insists all the same
that they exist and hold the symbols asked for. For each one that is not installed this writes a
small library of that name in which every function returns 0. It must never be used where there is
a GPU, and it is to be tried again with every release of torch. Needs gcc and binutils, x86-64 or
arm64; changes nothing when there is nothing missing.
"""

import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

NVIDIA = re.compile(r"NEEDED.*\[(lib(?:cu|nv|nccl)[^\]]*)\]")
# Optional to torch: it opens the driver's own library only when it looks for a GPU.
DRIVER = "libcuda.so.1"
RETURN_ZERO = {"x86_64": "xor %eax, %eax\nret", "aarch64": "mov x0, #0\nret"}


class Symbol(NamedTuple):
    """A function that one library wants from another, with the version it asks for, or ''."""

    name: str
    version: str


def main(site: Path) -> None:
    """Write a stub for every library that torch needs and that is not there."""
    folder = site / "torch" / "lib"
    libraries = sorted(folder.glob("lib*.so"))
    wanted = {symbol for library in libraries for symbol in undefined(library)}
    for name in sorted(missing(site, libraries)):
        symbols = sorted(symbol for symbol in wanted if belongs(symbol, name))
        write_stub(folder / name, symbols)
        sys.stdout.write(f"{name}: a stub with {len(symbols)} functions\n")


def missing(site: Path, libraries: list[Path]) -> set[str]:
    """The names of NVIDIA's libraries that these need and that are not installed."""
    needed = {name for path in libraries for name in NVIDIA.findall(run("readelf", "-d", path))}
    folders = (site / "torch" / "lib", site / "nvidia")
    there = {path.name for folder in folders for path in folder.rglob("*.so*")}
    return needed - there - {DRIVER}


def undefined(library: Path) -> set[Symbol]:
    """What a library wants from others: the lines of nm end with `name` or `name@version`."""
    lines = run("nm", "-D", "--undefined-only", library).splitlines()
    parts = (line.split()[-1].replace("@@", "@").partition("@") for line in lines if line.strip())
    return {Symbol(name, version) for name, _, version in parts}


def belongs(symbol: Symbol, library: str) -> bool:
    """NVIDIA's symbols carry the library's name either as their version or as a prefix."""
    if symbol.version.startswith("lib"):
        return symbol.version == library
    stem = re.sub(r"[^a-z].*", "", library.lower().removeprefix("lib"))
    return symbol.name.lower().startswith(stem)


def write_stub(path: Path, symbols: list[Symbol]) -> None:
    """Assemble a shared library whose functions return 0, with the versions asked for."""
    body = RETURN_ZERO[platform.machine()]
    labels = "\n".join(
        f".globl {symbol.name}\n.type {symbol.name}, %function\n{symbol.name}:"
        for symbol in symbols
    )
    source = f'.text\n{labels}\n{body}\n.section .note.GNU-stack,"",%progbits\n'
    script = path.with_suffix(".versions")
    script.write_text(version_script(symbols))
    options = ("-shared", "-nostdlib", f"-Wl,-soname,{path.name}", f"-Wl,--version-script,{script}")
    line = ["gcc", *options, "-o", str(path), "-x", "assembler", "-"]
    subprocess.run(line, input=source, text=True, check=True)  # noqa: S603  # words of our own
    script.unlink()


def version_script(symbols: list[Symbol]) -> str:
    """The linker's version script: one block for each version, or everything global."""
    versions = sorted({symbol.version for symbol in symbols if symbol.version})
    blocks = []
    for version in versions:
        names = "; ".join(symbol.name for symbol in symbols if symbol.version == version)
        blocks.append(f"{version} {{ global: {names}; }};\n")
    return "".join(blocks) or "{ global: *; };\n"


def run(*command: str | Path) -> str:
    """What a program printed."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603  # the same
    return done.stdout


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
