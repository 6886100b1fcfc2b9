"""Builds what has changed, two at a time, and nothing when nothing has."""

import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from images import digest, index
from images.engine import Engine
from images.index import Built
from images.targets import Target
from localcluster.binaries import need_disk
from machine.problem import Problem
from machine.progress import Progress, clock

AT_ONCE = 2
NEEDED_MIB = 12 * 1024


def build(engine: Engine, targets: Iterable[Target]) -> dict[str, Built]:
    """Build the targets whose inputs changed; returns the whole index."""
    base = engine.base()
    images = index.read()
    wanted = {target.name: digest.tag(target, base) for target in targets}
    stale = [target for target in targets if not _current(images, target, wanted)]
    if not stale:
        print("images: all are current")
        return images
    index.FOLDER.mkdir(parents=True, exist_ok=True)
    need_disk(index.FOLDER, NEEDED_MIB)
    shared = Target("builder", ())
    with Progress("building the stage that all images share"):
        engine.build(shared, "builder", "localhost/pharos-builder:dev", _log("builder"))
    _build_all(engine, stale, wanted, images)
    index.drop_unreachable()
    engine.forget({image.tag for image in images.values()})
    return images


def _current(images: dict[str, Built], target: Target, wanted: dict[str, str]) -> bool:
    image = images.get(target.name)
    return image is not None and image.tag == wanted[target.name] and Path(image.path).exists()


def _build_all(
    engine: Engine, stale: list[Target], tags: dict[str, str], images: dict[str, Built]
) -> None:
    exporting = threading.Lock()  # they share the folder of blobs

    def one(target: Target) -> None:
        started_s = time.monotonic()
        tag = tags[target.name]
        engine.build(target, target.name, tag, _log(target.name))
        with exporting:
            path = engine.export(target, tag, index.FOLDER)
            seconds = round(time.monotonic() - started_s, 1)
            size = index.size_mebibytes(path)
            images[target.name] = Built(tag, engine.digest(tag) or "", seconds, f"{path}", size)
            index.write(images)
            progress.done += 1
        print(f"built {target.name} in {clock(seconds)}, {size:,} MiB: {tag}", flush=True)

    with (
        Progress("building images", len(stale), "images") as progress,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        try:
            for done in as_completed([pool.submit(one, target) for target in stale]):
                done.result()
        except Problem:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _log(name: str) -> Path:
    return index.FOLDER / "logs" / f"{name}.log"
