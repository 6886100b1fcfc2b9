"""Decides which cluster to use: one's own when told so, then kind or k3d, then the built-in one."""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from enum import StrEnum

from localcluster.places import home
from machine.command import Options, attempt
from machine.problem import Problem

CONTEXT_VARIABLE = "PHAROS_KUBECONTEXT"
KIND_VARIABLE = "PHAROS_CLUSTER"
CURRENT = "current"


class Kind(StrEnum):
    """The rungs, from the first that is tried to the last."""

    KUBECONFIG = "kubeconfig"
    KIND = "kind"
    K3D = "k3d"
    BUILTIN = "builtin"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which cluster, why, and for one's own the context in the kubeconfig."""

    kind: Kind
    why: str
    context: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the choice depends on."""

    context: str
    forced: str
    docker_answers: bool
    programs: frozenset[str]


def decide(facts: Facts) -> Choice:
    """The choice. Pure.

    Raises:
        Problem: a kind was asked for that does not exist.
    """
    if facts.context:
        return Choice(Kind.KUBECONFIG, "a kubeconfig context was chosen", facts.context)
    if facts.forced:
        try:
            return Choice(Kind(facts.forced), f"{KIND_VARIABLE} says so", CURRENT)
        except ValueError:
            kinds = ", ".join(Kind)
            raise Problem(f"{KIND_VARIABLE}={facts.forced} is none of {kinds}") from None
    if not facts.docker_answers:
        return Choice(Kind.BUILTIN, "no Docker daemon answers")
    for kind in (Kind.KIND, Kind.K3D):
        if kind in facts.programs:
            return Choice(kind, f"a Docker daemon answers and {kind} is installed")
    return Choice(Kind.BUILTIN, "Docker runs, but neither kind nor k3d is installed")


def look(context: str = "") -> Facts:
    """Read the facts; `context` is what the command line asked for."""
    return Facts(
        context=context or os.environ.get(CONTEXT_VARIABLE, ""),
        forced=os.environ.get(KIND_VARIABLE, ""),
        docker_answers=docker_answers(),
        programs=frozenset(kind for kind in Kind if shutil.which(kind)),
    )


def docker_answers() -> bool:
    """Whether there is a Docker daemon behind the client, not only the client."""
    line = ("docker", "info", "--format", "{{.ServerVersion}}")
    return bool((attempt(*line, options=Options(timeout_s=5)) or "").strip())


def remember(choice: Choice) -> None:
    """Keep the choice for the commands after `up`."""
    home().mkdir(parents=True, exist_ok=True)
    (home() / "choice.json").write_text(json.dumps(asdict(choice)))


def remembered() -> Choice | None:
    """The choice of the last `up`, until `down`."""
    try:
        kept = json.loads((home() / "choice.json").read_text())
    except FileNotFoundError:
        return None
    return Choice(Kind(kept["kind"]), kept["why"], kept["context"])


def forget() -> None:
    """After `down`."""
    (home() / "choice.json").unlink(missing_ok=True)
