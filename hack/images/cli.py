"""The images of Pharos.

images build [TARGET...] [--torch cpu|cuda]   build what has changed (default: all)
images load [TARGET...]                       put them into the running local cluster,
                                              where older ones that nothing runs make room
images tags                                   print `target tag` for each image built
images clean                                  delete everything built and cached

Uses Docker where its daemon answers; else buildah and mmdebstrap, which need root on Debian or
Ubuntu and are installed when they are missing. What was built is listed in build/images/index.json.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

from images import index
from images.build import build
from images.engine import engine
from images.targets import Target, targets, torch_variant
from localcluster import builtin, cluster, containers, ladder
from localcluster.places import cache
from machine.problem import Problem

OURS = "localhost/pharos-"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parsed = parser().parse_args(arguments)
    try:
        parsed.act(parsed)
    except Problem as problem:
        print(f"images: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="images",
        description=__doc__,
        usage=argparse.SUPPRESS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND", title="commands")
    building = commands.add_parser("build")
    building.add_argument("--torch", choices=("cpu", "cuda"), default=torch_variant())
    building.set_defaults(act=run_build)
    loading = commands.add_parser("load")
    loading.set_defaults(act=load, torch=torch_variant())
    for command in (building, loading):
        command.add_argument("targets", nargs="*", metavar="TARGET")
    commands.add_parser("tags").set_defaults(act=tags)
    commands.add_parser("clean").set_defaults(act=clean)
    return top


def chosen(parsed: argparse.Namespace) -> list[Target]:
    """The targets named, or all of them.

    Raises:
        Problem: there is no target of that name.
    """
    every = targets(parsed.torch)
    unknown = [name for name in parsed.targets if name not in every]
    if unknown:
        raise Problem(f"no image is called {unknown[0]}; there are {', '.join(every)}")
    return [every[name] for name in parsed.targets or every]


def run_build(parsed: argparse.Namespace) -> None:
    """Build what has changed."""
    build(engine(), chosen(parsed))


def load(parsed: argparse.Namespace) -> None:
    """Load what the cluster does not hold yet."""
    images = index.read()
    running = cluster.current()
    choice = ladder.remembered()
    builtin_runs = choice is not None and choice.kind is ladder.Kind.BUILTIN
    there: dict[str, str] = {}
    if builtin_runs:
        supervisor = builtin.need_running()
        containers.forget(supervisor, OURS, {image.tag for image in images.values()})
        there = containers.images(supervisor)
    for target in chosen(parsed):
        image = images.get(target.name)
        if image is None:
            raise Problem(f"the image {target.name} is not built yet; run: images build")
        if image.tag in there:
            print(f"{target.name}: loaded already")
            continue
        started_s = time.monotonic()
        running.load([Path(image.path)])
        seconds = time.monotonic() - started_s
        print(f"{target.name}: loaded {image.tag} in {seconds:.1f} s", flush=True)


def tags(_: argparse.Namespace) -> None:
    """Print what was built."""
    for name, image in index.read().items():
        print(name, image.tag)


def clean(_: argparse.Namespace) -> None:
    """Delete archives, layers and the base image."""
    shutil.rmtree(index.FOLDER, ignore_errors=True)
    shutil.rmtree(cache() / "images", ignore_errors=True)
