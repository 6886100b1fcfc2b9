"""What one object says of another is true: settings, ports, selectors, addresses, copies."""

import json
from typing import Any

import helm_chart
import pytest
import yaml
from helm_chart import CHART, ROOT, VALUE_SETS

from pharos_api import names
from pharos_operator.gateway.bootstrap import Setup, render_yaml
from pharos_operator.settings import Settings

PREFIX = "PHAROS_OPERATOR_"
UNITS = {"Mi": 1 << 20, "Gi": 1 << 30}


def operator_env(values: str) -> dict[str, Any]:
    """The operator's environment; what comes from elsewhere in the cluster is left out."""
    (operator,) = (
        container
        for name, container in helm_chart.containers(values)
        if name.endswith("-operator/operator")
    )
    return {one["name"]: one.get("value") for one in operator["env"]}


@pytest.mark.parametrize("values", VALUE_SETS)
def test_every_variable_of_the_operator_is_one_of_its_settings(values: str) -> None:
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    assert set(operator_env(values)) <= known


@pytest.mark.parametrize("values", VALUE_SETS)
def test_the_operator_can_read_what_the_chart_gives_it(
    values: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in operator_env(values).items():
        if value is not None:
            monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.prometheus_url.startswith("http")
    assert settings.platform.jobs_image.endswith(("/pharos-jobs:0.1.0", "/pharos-jobs:dev"))
    assert dict(settings.platform.job_defaults)["train"]["requests"]["cpu"] == "500m"


WATCHED = {
    "default": ("pharos-system",),
    "local": ("pharos-system", "papers"),
    "external": (),
}


@pytest.mark.parametrize(("values", "wanted"), WATCHED.items(), ids=WATCHED)
def test_the_operator_watches_what_the_roles_allow(
    values: str, wanted: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        f"{PREFIX}WATCH_NAMESPACES", operator_env(values)[f"{PREFIX}WATCH_NAMESPACES"]
    )
    assert Settings().watch_namespaces == wanted


def matches(selector: dict[str, str], labels: dict[str, str]) -> bool:
    return selector.items() <= labels.items()


@pytest.mark.parametrize("values", VALUE_SETS)
def test_every_service_selects_one_workload_and_a_port_that_it_has(values: str) -> None:
    for service in helm_chart.of_kind(values, "Service"):
        selector = service["spec"]["selector"]
        if selector.get(names.LABEL_COMPONENT) == names.COMPONENT_SERVING:
            continue
        found = [
            pod["spec"]
            for _, pod in helm_chart.pods(values)
            if matches(selector, pod["metadata"]["labels"])
        ]
        assert len(found) == 1, service["metadata"]["name"]
        ports = {port["name"]: port["containerPort"] for port in found[0]["containers"][0]["ports"]}
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in ports, service["metadata"]["name"]


@pytest.mark.parametrize("values", VALUE_SETS)
def test_the_ports_are_those_that_the_programs_listen_on(values: str) -> None:
    ports = {
        (name.rsplit("/", 1)[1], port["name"]): port["containerPort"]
        for name, container in helm_chart.containers(values)
        for port in container.get("ports", [])
    }
    assert ports["operator", "http"] == names.PORT_OPERATOR_HTTP
    assert ports["operator", "xds"] == names.PORT_OPERATOR_XDS
    assert ports["envoy", "http"] == names.PORT_GATEWAY
    assert ports["envoy", "stats"] == names.PORT_GATEWAY_STATS


@pytest.mark.parametrize("values", VALUE_SETS)
def test_the_gateways_find_the_operator_by_the_headless_service(values: str) -> None:
    (config,) = (
        one
        for one in helm_chart.of_kind(values, "ConfigMap")
        if one["metadata"]["name"].endswith("-gateway")
    )
    envoy = yaml.safe_load(config["data"]["envoy.yaml"])
    (xds,) = (one for one in envoy["static_resources"]["clusters"] if one["name"] == "xds")
    endpoint = xds["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
    address = endpoint["address"]["socket_address"]
    service, namespace, _ = address["address"].split(".")
    found = helm_chart.named(values, "Service", service)
    assert found["metadata"]["namespace"] == namespace
    assert found["spec"]["clusterIP"] == "None"
    assert found["spec"]["publishNotReadyAddresses"] is True
    assert address["port_value"] == found["spec"]["ports"][0]["port"]


@pytest.mark.parametrize("values", ["default", "local"])
def test_prometheus_asks_for_names_that_exist(values: str) -> None:
    config = helm_chart.named(values, "ConfigMap", "pharos-prometheus")
    services = {
        f"{one['metadata']['name']}.{one['metadata']['namespace']}.svc": one["spec"]
        for one in helm_chart.of_kind(values, "Service")
    }
    jobs = yaml.safe_load(config["data"]["prometheus.yml"])["scrape_configs"]
    for job in jobs:
        (discovery,) = job["dns_sd_configs"]
        assert services[discovery["names"][0]]["clusterIP"] == "None", job["job_name"]


def test_both_kinds_of_prometheus_are_given_the_same_alerts() -> None:
    config = helm_chart.named("default", "ConfigMap", "pharos-prometheus")["data"]
    assert yaml.safe_load(config["prometheus.yml"])["rule_files"] == ["/etc/pharos/rules.yaml"]
    own = yaml.safe_load(config["rules.yaml"])
    theirs = helm_chart.named("external", "PrometheusRule", "lighthouse")
    assert theirs["metadata"]["labels"]["release"] == "prometheus"
    assert alerts_of(own) == alerts_of(theirs["spec"])


def alerts_of(body: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (group["name"], rule["alert"], rule["annotations"]["summary"])
        for group in body["groups"]
        for rule in group["rules"]
    ]


def test_grafana_s_sidecar_finds_each_dashboard_whole() -> None:
    found = {
        key: json.loads(text)
        for one in helm_chart.of_kind("external", "ConfigMap")
        if one["metadata"]["labels"].get("grafana_dashboard") == "1"
        for key, text in one["data"].items()
    }
    files = (CHART / "files" / "dashboards").glob("*.json")
    assert found == {f"pharos-{path.name}": json.loads(path.read_text()) for path in files}
    assert len(found) == 5


VOLUMES_OF = {
    "default": 'namespace=~"pharos-system"',
    "local": 'namespace=~"pharos-system|papers"',
    "external": 'namespace=~".+"',
}


@pytest.mark.parametrize(("values", "chosen"), VOLUMES_OF.items(), ids=VOLUMES_OF)
def test_alerts_look_at_the_namespaces_that_are_watched(values: str, chosen: str) -> None:
    text = helm_chart.rendered(values)
    assert f"kubelet_volume_stats_available_bytes{{{chosen}}}" in text
    assert "pharos-namespaces" not in text
    assert "pharos-runbooks" not in text


def test_prometheus_tells_the_alertmanagers_that_are_named_and_may_reach_them() -> None:
    config = helm_chart.named("local", "ConfigMap", "pharos-prometheus")["data"]["prometheus.yml"]
    (told,) = yaml.safe_load(config)["alerting"]["alertmanagers"]
    target = "alertmanager.monitoring.svc:9093"
    assert told["static_configs"] == [{"targets": [target]}]
    done = helm_chart.template("--set", f"prometheus.embedded.alertmanagers={{{target}}}")
    (policy,) = (
        one
        for one in yaml.safe_load_all(done.stdout)
        if one and one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == "pharos-prometheus"
    )
    assert policy["spec"]["egress"][-1] == {"ports": [{"protocol": "TCP", "port": 9093}]}


@pytest.mark.parametrize("values", ["default", "local"])
def test_the_database_s_secret_has_the_keys_that_pods_read_in_every_namespace(values: str) -> None:
    pods_read = {names.SECRET_DATABASE_URL, names.SECRET_USER_HASH_KEY}
    for secret in helm_chart.of_kind(values, "Secret"):
        alone = secret["metadata"]["namespace"] == helm_chart.NAMESPACE
        assert set(secret["stringData"]) == pods_read | ({"password"} if alone else set())


def test_a_secret_of_one_s_own_takes_the_place_of_the_drawn_one() -> None:
    done = helm_chart.template("--set", "postgresql.embedded.existingSecret=mine")
    objects = [one for one in yaml.safe_load_all(done.stdout) if one]
    assert not [one for one in objects if one["kind"] == "Secret"]
    (database,) = (one for one in objects if one["kind"] == "StatefulSet")
    volumes = database["spec"]["template"]["spec"]["volumes"]
    assert volumes[0]["secret"]["secretName"] == "mine"


def bytes_of(quantity: str) -> int:
    return int(quantity[:-2]) * UNITS[quantity[-2:]]


def test_envoy_sheds_load_before_the_kernel_kills_it() -> None:
    (limit,) = (
        bytes_of(container["resources"]["limits"]["memory"])
        for name, container in helm_chart.containers("default")
        if name.endswith("/envoy")
    )
    assert Setup().max_heap_mib << 20 <= 0.8 * limit


def milli_cpu(quantity: str) -> int:
    return int(quantity[:-1]) if quantity.endswith("m") else int(float(quantity) * 1000)


def test_the_platform_asks_for_less_than_half_a_processor() -> None:
    total = 0
    for one in helm_chart.workloads("default"):
        for container in one["spec"]["template"]["spec"]["containers"]:
            assert container["resources"]["limits"]["memory"], one["metadata"]["name"]
            share = milli_cpu(str(container["resources"]["requests"]["cpu"]))
            total += share * one["spec"].get("replicas", 1)
    assert total < 500


def test_the_gateway_s_bootstrap_is_the_generated_one() -> None:
    command = "python -m pharos_operator.gateway.bootstrap > helm/pharos/files/envoy.yaml"
    assert (CHART / "files" / "envoy.yaml").read_text() == render_yaml(Setup()), f"run: {command}"


def test_the_chart_s_crds_are_the_generated_ones() -> None:
    generated = {path.name: path.read_text() for path in (ROOT / "crds").glob("*.yaml")}
    carried = {path.name: path.read_text() for path in (CHART / "files" / "crds").glob("*.yaml")}
    assert carried == generated


def test_the_crds_are_rendered_whole_and_kept_at_uninstall() -> None:
    kinds = helm_chart.of_kind("default", "CustomResourceDefinition")
    rendered = {one["metadata"]["name"]: one for one in kinds}
    for path in (CHART / "files" / "crds").glob("*.yaml"):
        source = yaml.safe_load(path.read_text())
        found = rendered.pop(source["metadata"]["name"])
        assert json.dumps(found["spec"], sort_keys=True) == json.dumps(
            source["spec"], sort_keys=True
        )
        assert found["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert not rendered


@pytest.mark.parametrize("values", VALUE_SETS)
def test_a_gateway_that_leaves_has_time_to_drain(values: str) -> None:
    for name, pod in helm_chart.pods(values):
        if name.endswith("-gateway"):
            (stop,) = (c["lifecycle"]["preStop"]["exec"] for c in pod["spec"]["containers"])
            drain_s = int(stop["command"][-1].rpartition("(")[2].rstrip(")"))
            assert pod["spec"]["terminationGracePeriodSeconds"] > drain_s


def test_what_is_somebody_s_data_is_kept_at_uninstall() -> None:
    kept = {
        (one["kind"], one["metadata"]["name"])
        for one in helm_chart.of_kind("default", "Secret", "PersistentVolumeClaim")
        if one["metadata"].get("annotations", {}).get("helm.sh/resource-policy") == "keep"
    }
    assert kept == {("Secret", "pharos-database"), ("PersistentVolumeClaim", "pharos-artifacts")}


@pytest.mark.parametrize("values", VALUE_SETS)
def test_nothing_waits_at_uninstall(values: str) -> None:
    for one in helm_chart.manifests(values):
        assert not one["metadata"].get("finalizers"), one["metadata"]["name"]
        hooks = one["metadata"].get("annotations", {}).get("helm.sh/hook", "")
        assert "delete" not in hooks, one["metadata"]["name"]


def test_a_collector_of_traces_is_named_to_operator_and_servers_and_can_be_reached() -> None:
    done = helm_chart.template("--set", "tracing.endpoint=http://otel.monitoring:4318")
    assert done.returncode == 0, done.stderr
    objects = [one for one in yaml.safe_load_all(done.stdout) if one]
    (operator,) = [
        each["spec"]["template"]["spec"]["containers"][0]["env"]
        for each in objects
        if each["kind"] == "Deployment" and each["metadata"]["name"] == "pharos-operator"
    ]
    env = {each["name"]: each.get("value", "") for each in operator}
    assert env["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://otel.monitoring:4318"
    assert "http://otel.monitoring:4318" in env["PHAROS_OPERATOR_EXTRA_POD_ENV"]
    reach = {
        each["metadata"]["name"]
        for each in objects
        if each["kind"] == "NetworkPolicy" and "4318" in str(each["spec"].get("egress"))
    }
    assert reach == {"pharos-operator", "pharos-serving"}
