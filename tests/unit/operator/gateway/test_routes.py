"""Which rules a model's traffic becomes."""

from collections.abc import Iterator
from typing import Any

import pytest
from gateway_builders import EXPERIMENT, V1, V2, experiment, route, traffic

from pharos_operator.gateway.render import (
    CLUSTERS,
    ENDPOINTS,
    LISTENERS,
    ROUTE_TABLES,
    Options,
    Renderer,
    render,
)
from pharos_operator.gateway.routes import Rules, model_rules, table
from pharos_operator.gateway.snapshot import Endpoint, Mirror, ModelRoute

POD = Endpoint("10.0.0.1", 8080)
FULL = route(exposure=2500, mirror=Mirror(EXPERIMENT, V2, 12.5))


def rules(*routes: ModelRoute, allow_pin: bool = True) -> list[dict[str, Any]]:
    found = [rule for own in Rules.of(routes, allow_pin) for rule in model_rules(own)]
    return [*found, *_rest(*routes)]


def _rest(*routes: ModelRoute) -> list[dict[str, Any]]:
    ambiguous = (r.route.model for r in Rules.of(routes, allow_pin=True) if not r.unique)
    found: list[dict[str, Any]] = table(ambiguous)["virtual_hosts"][0]["routes"]
    return found


def values(tree: object, key: str) -> Iterator[Any]:
    """Everything that stands under ``key``, anywhere."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == key:
                yield value
            yield from values(value, key)
    elif isinstance(tree, list):
        for value in tree:
            yield from values(value, key)


WEIGHTS = {
    "nobody yet": (0, [("outside", 5000), ("outside", 5000)]),
    "a twentieth": (
        500,
        [("candidate", 500), ("outside", 4500), ("control", 500), ("outside", 4500)],
    ),
    "everybody": (5000, [("candidate", 5000), ("control", 5000)]),
}


@pytest.mark.parametrize(("exposure", "wanted"), WEIGHTS.values(), ids=WEIGHTS.keys())
def test_the_weights_are_the_segments_of_the_bucket_line(
    exposure: int, wanted: list[tuple[str, int]]
) -> None:
    split = next(values(rules(route(exposure=exposure)), "weighted_clusters"))
    found = [(c["name"].rsplit("/", 1)[1], c["weight"]) for c in split["clusters"]]
    assert found == wanted
    assert split["use_hash_policy"]


def test_every_cluster_that_a_route_names_is_rendered() -> None:
    snapshot = traffic(FULL)
    wanted = render(snapshot, Options())
    found = rules(*snapshot.routes)
    named = set(values(found, "cluster")) | {
        part["name"] for split in values(found, "clusters") for part in split
    }
    assert named == wanted[CLUSTERS].keys()


def test_equal_snapshots_have_equal_bytes() -> None:
    one, two = (render(traffic(FULL), Options()) for _ in range(2))
    assert {k: {n: r.SerializeToString() for n, r in v.items()} for k, v in one.items()} == {
        k: {n: r.SerializeToString() for n, r in v.items()} for k, v in two.items()
    }


def test_a_new_revision_alone_changes_the_route_table_alone() -> None:
    before, after = (render(traffic(route(r, exposure=9)), Options()) for r in (1, 2))
    changed = {kind for kind in before if before[kind] != after[kind]}
    assert changed == {ROUTE_TABLES}


def test_without_trusted_testers_no_rule_asks_for_the_pin() -> None:
    assert "x-pharos-pin" in str(rules(FULL))
    assert "x-pharos-pin" not in str(rules(FULL, allow_pin=False))


def test_a_name_in_two_namespaces_has_no_short_path() -> None:
    twin = ModelRoute("other", "arxiv", 1, V1)
    prefix = {"path_separated_prefix": "/v2/models/arxiv"}
    short = [rule for rule in rules(route(), twin) if rule["match"] == prefix]
    assert [rule["direct_response"]["status"] for rule in short] == [404]
    assert "Several namespaces" in short[0]["direct_response"]["body"]["inline_string"]


def test_the_rest_of_the_path_ends_in_the_last_rule() -> None:
    assert rules()[-1]["match"] == {"prefix": "/"}
    assert rules()[-1]["direct_response"]["status"] == 404


def test_a_dot_in_a_models_name_is_only_a_dot() -> None:
    found = rules(route(model="a.b"))[0]
    assert found["route"]["regex_rewrite"]["pattern"]["regex"] == r"^/models/default/a\.b/?"


def test_a_salt_is_taken_literally() -> None:
    odd = ModelRoute("n", "m", 1, V1, experiment(1, salt=r"a\1"))
    rewrite = next(values(rules(odd), "hash_policy"))[0]["header"]["regex_rewrite"]
    assert rewrite["substitution"] == r"a\\1:"


def test_only_what_no_model_answered_is_repeated() -> None:
    assert list(values(table([]), "retry_on")) == ["connect-failure,refused-stream,reset"]
    assert not list(values(rules(FULL), "retry_on"))


def test_the_mirror_gets_its_share_and_its_own_arm() -> None:
    mirror = next(values(rules(FULL), "request_mirror_policies"))[0]
    assert mirror["cluster"] == "default/arxiv/v1-1-0/shadow"
    assert mirror["runtime_fraction"]["default_value"]["numerator"] == 125_000
    told = [m["append"]["header"] for m in mirror["request_headers_mutations"]]
    assert {"key": "x-pharos-arm", "value": "shadow"} in told


def test_what_has_not_changed_is_not_rendered_again() -> None:
    renderer = Renderer(Options())
    first = renderer.render(traffic(route(1, exposure=500), v1=[POD]))
    again = renderer.render(traffic(route(2, exposure=600), v1=[POD]))
    for kind in (CLUSTERS, ENDPOINTS, LISTENERS):
        assert all(first[kind][name] is again[kind][name] for name in again[kind])
    assert again == render(traffic(route(2, exposure=600), v1=[POD]), Options())
