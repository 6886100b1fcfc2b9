"""A real Kubernetes for developing and testing Pharos.

cluster up [--gpus N] [--use-kubeconfig [CONTEXT]]   start; returns when pods can run
cluster down [--purge]                               end; --purge forgets loaded images too
cluster status                                       what is wrong, in sentences
cluster load FILE...                                 give it image archives or OCI layout folders
cluster kubectl ARG...   cluster helm ARG...         reach it
cluster env              cluster path                what a shell needs: KUBECONFIG, programs
cluster build                                        compile the components (once, minutes)
cluster audit                                        the file that says which pod wrote what
cluster drill apiserver-down SECONDS [--outage gone|frozen]

The cluster is, in this order: the one of your kubeconfig if you say so (--use-kubeconfig or
PHAROS_KUBECONTEXT); kind or k3d where Docker runs; the built-in one, which needs root, Debian or
Ubuntu, and Go. PHAROS_CLUSTER=builtin|kind|k3d skips the question.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from localcluster import binaries, builtin, cluster, containers, drill, ladder, supervisor
from localcluster.places import Binaries, addresses
from machine.command import words
from machine.problem import Problem

PASSED_ON = ("kubectl", "helm", "ctr")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        if given[:1] and given[0] in PASSED_ON:
            pass_on(given[0], given[1:])  # their options are not ours to read
        parsed = parser().parse_args(given)
        return int(parsed.act(parsed) or 0)
    except Problem as problem:
        print(f"cluster: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="cluster",
        description=__doc__,
        usage=argparse.SUPPRESS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND", title="commands")
    simple = {"status": status, "build": build, "path": path, "env": env, "audit": audit}
    for name, act in simple.items():
        commands.add_parser(name).set_defaults(act=act)
    starting = commands.add_parser("up")
    starting.add_argument("--gpus", type=int, default=1, help="how many GPUs the node claims")
    starting.add_argument("--use-kubeconfig", nargs="?", const=ladder.CURRENT, default="")
    starting.set_defaults(act=up)
    ending = commands.add_parser("down")
    ending.add_argument("--purge", action="store_true")
    ending.set_defaults(act=down)
    loading = commands.add_parser("load")
    loading.add_argument("archives", nargs="+", type=Path, metavar="FILE")
    loading.set_defaults(act=load)
    drilling = commands.add_parser("drill")
    drilling.add_argument("what", choices=("apiserver-down",))
    drilling.add_argument("seconds", type=float)
    drilling.add_argument("--outage", type=drill.Outage, default=drill.Outage.GONE)
    drilling.set_defaults(act=run_drill)
    supervising = commands.add_parser("supervise")
    supervising.add_argument("binaries", type=Path)
    supervising.set_defaults(act=supervise)
    return top


def up(parsed: argparse.Namespace) -> None:
    """Choose, start, remember."""
    started_s = time.monotonic()
    choice = ladder.remembered() if not parsed.use_kubeconfig else None
    choice = choice or ladder.decide(ladder.look(parsed.use_kubeconfig))
    print(f"cluster: {choice.kind} ({choice.why})")
    chosen = cluster.chosen(choice)
    chosen.up(parsed.gpus)
    ladder.remember(choice)
    print(f"cluster: ready in {time.monotonic() - started_s:.1f} s")
    print(f"export KUBECONFIG={chosen.kubeconfig()}")


def down(parsed: argparse.Namespace) -> None:
    """End what `up` started; also cleans up after a built-in cluster that crashed."""
    choice = ladder.remembered()
    if choice is None:
        builtin.down(purge=parsed.purge)
        print("cluster: none was running")
        return
    cluster.chosen(choice).down(purge=parsed.purge)
    ladder.forget()
    print(f"cluster: {choice.kind} is down")


def status(_: argparse.Namespace) -> int:
    """Print what is wrong; status 1 when anything is."""
    running = cluster.current()
    found = running.complaints()
    print("\n".join(found) if found else "The cluster is well.")
    print(f"export KUBECONFIG={running.kubeconfig()}")
    return 1 if found else 0


def load(parsed: argparse.Namespace) -> None:
    """Give the cluster images."""
    for archive in parsed.archives:
        started_s = time.monotonic()
        cluster.current().load([archive])
        print(f"loaded {archive.name} in {time.monotonic() - started_s:.1f} s")


def build(_: argparse.Namespace) -> None:
    """Compile, or say where the compiled programs are."""
    print(binaries.build().folder)


def path(_: argparse.Namespace) -> None:
    """Print the folder of the compiled programs, without compiling."""
    found = binaries.find()
    if found is None:
        raise Problem("the programs are not compiled yet; run: hack/localcluster/cluster build")
    print(found.folder)


def env(_: argparse.Namespace) -> None:
    """Print what a shell evaluates to reach the cluster."""
    print(f"export KUBECONFIG={cluster.current().kubeconfig()}")


def audit(_: argparse.Namespace) -> None:
    """Print the path of the API server's record of writes."""
    print(cluster.current().audit())


def run_drill(parsed: argparse.Namespace) -> None:
    """Take the API server away for a while."""
    drill.apiserver_down(parsed.seconds, parsed.outage)


def supervise(parsed: argparse.Namespace) -> None:
    """The first process of the cluster; `up` starts it in its namespaces."""
    supervisor.main(Binaries(parsed.binaries), builtin.state(), addresses())


def pass_on(name: str, arguments: list[str]) -> None:
    """Become kubectl, helm or ctr, with the cluster's kubeconfig."""
    config = cluster.current().kubeconfig()
    if name == "ctr":
        line: tuple[str, ...] = containers.ctr(builtin.need_running())
    else:
        programs = binaries.build()
        line = {"kubectl": (f"{programs.kube}", "kubectl"), "helm": (f"{programs.helm}",)}[name]
    full = words((*line, *arguments))
    os.execvpe(full[0], full, cluster.environment(config))
