"""Which cluster is chosen, and why."""

from dataclasses import dataclass

import pytest

from localcluster.ladder import CURRENT, Facts, Kind, decide
from machine.problem import Problem


@dataclass(frozen=True)
class Case:
    facts: Facts
    kind: Kind
    context: str = ""


def facts(
    *programs: str, context: str = "", forced: str = "", docker_answers: bool = False
) -> Facts:
    return Facts(context, forced, docker_answers, frozenset(programs))


CASES = {
    "nothing is there, so the built-in cluster is used": Case(facts(), Kind.BUILTIN),
    "kind without a Docker daemon is of no use": Case(facts("kind"), Kind.BUILTIN),
    "Docker without kind and k3d is of no use": Case(facts(docker_answers=True), Kind.BUILTIN),
    "kind goes before k3d": Case(facts("k3d", "kind", docker_answers=True), Kind.KIND),
    "k3d serves where there is no kind": Case(facts("k3d", docker_answers=True), Kind.K3D),
    "a context that was named goes before all": Case(
        facts("kind", context="prod", docker_answers=True), Kind.KUBECONFIG, "prod"
    ),
    "a forced kind goes before what is found": Case(
        facts("kind", forced="builtin", docker_answers=True), Kind.BUILTIN, CURRENT
    ),
    "the kubeconfig may be forced": Case(facts(forced="kubeconfig"), Kind.KUBECONFIG, CURRENT),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_cluster_is_chosen_by_the_ladder(case: Case) -> None:
    choice = decide(case.facts)
    assert (choice.kind, choice.context) == (case.kind, case.context)
    assert choice.why


def test_a_kind_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(Problem, match="PHAROS_CLUSTER=minikube is none of kubeconfig, kind, k3d"):
        decide(facts(forced="minikube"))
