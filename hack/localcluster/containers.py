"""Puts images into the built-in cluster's containerd.

An image comes as an archive, or as a folder in the OCI image layout. Of a folder only those layers
are sent that the cluster does not hold yet, so a changed line of source costs a second.
"""

import json
import subprocess
import tarfile
from pathlib import Path

from machine.command import Options, attempt, output, words
from machine.problem import Problem


def load(pid: int, sources: list[Path]) -> None:
    """Import each source into the cluster whose supervisor has this process id."""
    for source in sources:
        if not source.exists():
            raise Problem(f"there is no image archive or folder {source}")
        if source.is_dir():
            load_layout(pid, source)
        else:
            with source.open("rb") as archive:
                output(*ctr(pid), "images", "import", "-", options=Options(stdin=archive))


def load_layout(pid: int, layout: Path) -> None:
    """Import what the layout's index names, leaving out blobs that are there."""
    there = set((attempt(*ctr(pid), "content", "ls", "-q") or "").split())
    importing = subprocess.Popen(
        words((*ctr(pid), "images", "import", "-")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    with importing, tarfile.open(fileobj=importing.stdin, mode="w|") as tar:
        for path in to_send(layout, there):
            tar.add(path, arcname=str(path.relative_to(layout)))
        tar.close()
        printed = importing.communicate()[0].decode(errors="replace")
    if importing.returncode:
        raise Problem(f"the cluster refused the image in {layout}: {printed.strip()}")


def images(pid: int) -> dict[str, str]:
    """The digest of every image that the cluster holds, by name."""
    lines = output(*ctr(pid), "images", "ls").splitlines()[1:]
    return {words[0]: words[2] for line in lines if len(words := line.split()) > 2}


def forget(pid: int, ours: str, kept: set[str]) -> list[str]:
    """Remove images whose name begins with ``ours``, but for the kept and the running ones."""
    lines = output(*ctr(pid), "containers", "ls").splitlines()[1:]
    running = {words[1] for line in lines if len(words := line.split()) > 1}
    names = unneeded(images(pid), ours, kept | running)
    if names:
        output(*ctr(pid), "images", "rm", "--sync", *names)
    return names


def unneeded(held: dict[str, str], ours: str, needed: set[str]) -> list[str]:
    """The names to remove: an image goes when all its names have gone, its digest among them."""
    staying = {held[name] for name in needed if name in held}
    going = {digest for name, digest in held.items() if name.startswith(ours)} - staying
    return sorted(name for name, digest in held.items() if digest in going)


def ctr(pid: int) -> tuple[str, ...]:
    """The container runtime's own client, inside the cluster's mount namespace."""
    return ("nsenter", "-t", f"{pid}", "-m", "ctr", "--namespace", "k8s.io")


def to_send(layout: Path, there: set[str]) -> list[Path]:
    """The layout's files without the layers that are there, each in time for its reader."""
    return [path for path in _files(layout) if path.name not in _names(there) or _is_small(path)]


def _names(digests: set[str]) -> set[str]:
    return {digest.removeprefix("sha256:") for digest in digests}


def _files(layout: Path) -> list[Path]:
    """The index and the blobs it reaches, in the order in which a reader can follow them."""
    index = layout / "index.json"
    paths = [layout / "oci-layout", index]
    waiting = list(json.loads(index.read_text())["manifests"])
    while waiting:
        blob = layout / "blobs" / waiting.pop(0)["digest"].replace(":", "/")
        paths.append(blob)
        if _is_small(blob):
            document = json.loads(blob.read_text())
            waiting += document.get("manifests", [])
            waiting += [document["config"]] if "config" in document and "layers" in document else []
            waiting += document.get("layers", [])
    return list(dict.fromkeys(paths))


def _is_small(path: Path) -> bool:
    """Indexes, manifests and configurations: a few kilobytes of JSON, always sent along."""
    if path.stat().st_size > 1 << 20:
        return False
    with path.open("rb") as file:
        return file.read(1) == b"{"
