"""Remembers what was built: build/images/index.json, which the chart's values are made from."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from images.targets import CHECKOUT

FOLDER = CHECKOUT / "build" / "images"
INDEX = FOLDER / "index.json"


@dataclass(frozen=True, slots=True)
class Built:
    """One image: its tag and digest, how long it took, and the archive or layout that holds it."""

    tag: str
    digest: str
    seconds: float
    path: str
    mebibytes: int


def read() -> dict[str, Built]:
    """By target; empty before the first build."""
    if not INDEX.exists():
        return {}
    kept = json.loads(INDEX.read_text())
    return {name: Built(**values) for name, values in kept.items()}


def write(images: dict[str, Built]) -> None:
    """Replace the index in one step."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    fresh = INDEX.with_suffix(".new")
    values = {name: asdict(image) for name, image in sorted(images.items())}
    fresh.write_text(json.dumps(values, indent=2) + "\n")
    fresh.replace(INDEX)


def blobs(layout: Path) -> set[Path]:
    """Every blob that a layout folder reaches."""
    folder = layout / "blobs"
    found: set[Path] = set()
    waiting = list(json.loads((layout / "index.json").read_text())["manifests"])
    while waiting:
        path = folder / waiting.pop()["digest"].replace(":", "/")
        document = json.loads(path.read_text())
        parts = [*document.get("layers", []), document.get("config")]
        found |= {folder / part["digest"].replace(":", "/") for part in parts if part}
        found.add(path)
        waiting += document.get("manifests", [])
    return {path.resolve() for path in found}


def size_mebibytes(path: Path) -> int:
    """Of an archive, or of all that a layout folder reaches."""
    parts = blobs(path) if path.is_dir() else {path}
    return sum(part.stat().st_size for part in parts) >> 20


def drop_unreachable() -> None:
    """Delete layouts that the index does not name, and blobs that no layout reaches."""
    kept = {Path(image.path) for image in read().values()}
    layouts = {path.parent for path in FOLDER.glob("*/oci-layout")}
    for layout in layouts - kept:
        shutil.rmtree(layout)
    reached = {blob for layout in layouts & kept for blob in blobs(layout)}
    for blob in FOLDER.glob("blobs/sha256/*"):
        if blob.resolve() not in reached:
            blob.unlink()
