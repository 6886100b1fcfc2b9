"""Pod Security `restricted`, RBAC without wildcards and Secrets, tokens only where needed."""

from typing import Any

import helm_chart
import pytest
from helm_chart import VALUE_SETS, Manifest

ROLES = ("Role", "ClusterRole")
ALLOWED_VOLUMES = {"configMap", "emptyDir", "secret", "projected", "persistentVolumeClaim"}


def rules(values: str) -> list[Manifest]:
    return [rule for role in helm_chart.of_kind(values, *ROLES) for rule in role["rules"]]


@pytest.mark.parametrize("values", VALUE_SETS)
def test_no_rule_has_a_wildcard(values: str) -> None:
    for rule in rules(values):
        flat = [word for words in rule.values() for word in words]
        assert not [word for word in flat if "*" in word], rule


@pytest.mark.parametrize("values", VALUE_SETS)
def test_no_rule_touches_rights(values: str) -> None:
    forbidden = {"roles", "clusterroles", "rolebindings", "clusterrolebindings"}
    for rule in rules(values):
        assert not forbidden & set(rule["resources"]), rule
        assert not {"escalate", "bind", "impersonate"} & set(rule["verbs"]), rule


@pytest.mark.parametrize("values", VALUE_SETS)
def test_secrets_are_read_one_by_one_and_only_those_with_addresses(values: str) -> None:
    """Without ``resourceNames`` a rule would open every Secret of the namespace."""
    found = [rule for rule in rules(values) if "secrets" in rule["resources"]]
    assert found
    for rule in found:
        assert rule["resourceNames"] == ["pharos-notifications"]
        assert rule["verbs"] == ["get"]


def test_without_addresses_no_secret_can_be_read_and_nothing_be_reached() -> None:
    done = helm_chart.template("--set", "notifications.secretNames=null")
    assert done.returncode == 0, done.stderr
    assert "resources: [secrets]" not in done.stdout
    assert "169.254.0.0/16" not in done.stdout


@pytest.mark.requirement("CON-4")
def test_the_operator_has_no_rights_outside_the_namespaces_it_watches() -> None:
    for values in ("default", "local"):
        names = {role["metadata"]["name"] for role in helm_chart.of_kind(values, "ClusterRole")}
        assert f"{helm_chart.NAMESPACE}-pharos-operator" not in names
    where = {
        role["metadata"]["namespace"]
        for role in helm_chart.of_kind("local", "Role")
        if role["metadata"]["name"] == "pharos-operator"
    }
    assert where == {helm_chart.NAMESPACE, "papers"}


@pytest.mark.parametrize("values", VALUE_SETS)
def test_the_operator_can_write_a_record_of_a_decision_but_never_change_one(values: str) -> None:
    found = [rule["verbs"] for rule in rules(values) if "configmaps" in rule["resources"]]
    assert found
    assert all(verbs == ["get", "create"] for verbs in found)


@pytest.mark.parametrize("values", VALUE_SETS)
def test_every_pod_meets_pod_security_restricted(values: str) -> None:
    for name, pod in helm_chart.pods(values):
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] > 0, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec), name
        for volume in spec.get("volumes", []):
            assert set(volume) - {"name"} <= ALLOWED_VOLUMES, (name, volume)


@pytest.mark.parametrize("values", VALUE_SETS)
def test_every_container_can_write_nowhere_and_gain_nothing(values: str) -> None:
    wanted: dict[str, Any] = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    for name, container in helm_chart.containers(values):
        assert container["securityContext"] == wanted, name


@pytest.mark.parametrize("values", VALUE_SETS)
def test_only_the_operator_holds_a_token_of_the_api(values: str) -> None:
    holders = [
        name for name, pod in helm_chart.pods(values) if pod["spec"]["automountServiceAccountToken"]
    ]
    assert [name.rsplit("-", 1)[1] for name in holders] == ["operator"]
    accounts = helm_chart.of_kind(values, "ServiceAccount")
    assert not [one for one in accounts if one["automountServiceAccountToken"]]


@pytest.mark.parametrize("values", VALUE_SETS)
def test_no_password_stands_anywhere_but_in_a_secret(values: str) -> None:
    for one in helm_chart.manifests(values):
        if one["kind"] != "Secret":
            assert "pw-of-goldens" not in str(one), one["metadata"]["name"]


@pytest.mark.parametrize("values", ["default", "external"])
def test_nothing_is_let_in_or_out_that_no_policy_names(values: str) -> None:
    policies = helm_chart.of_kind(values, "NetworkPolicy")
    for namespace in {policy["metadata"]["namespace"] for policy in policies}:
        (deny,) = (
            policy["spec"]
            for policy in policies
            if policy["metadata"]["name"].endswith("-default-deny")
            and policy["metadata"]["namespace"] == namespace
        )
        assert deny["podSelector"] == {"matchLabels": {"app.kubernetes.io/part-of": "pharos"}}
        assert deny["policyTypes"] == ["Ingress", "Egress"]
        assert "ingress" not in deny
        assert {port["port"] for rule in deny["egress"] for port in rule["ports"]} == {53}


@pytest.mark.parametrize("values", ["default", "external"])
def test_no_policy_opens_a_port_to_everybody_but_the_gateway_s_own(values: str) -> None:
    for policy in helm_chart.of_kind(values, "NetworkPolicy"):
        for rule in policy["spec"].get("ingress", []):
            if not rule.get("from"):
                assert policy["metadata"]["name"].endswith("-gateway")
                assert rule["ports"] == [{"protocol": "TCP", "port": 8080}]
        for rule in policy["spec"].get("egress", []):
            # Pods of one training agree upon their ports, and reach each other alone.
            assert rule.get("ports") or rule.get("to"), policy["metadata"]["name"]
