"""What the model server and the caller learn, whatever the caller claims."""

import pytest
from gateway_builders import EXPERIMENT, PATH, SALT, V2, route, traffic
from integration.gateway.lab import Lab, publish

from pharos_api.assignment import Arm, assign
from pharos_operator.gateway.snapshot import Mirror

CANDIDATE = next(f"user-{n}" for n in range(99) if assign(SALT, f"user-{n}", 5000) == Arm.CANDIDATE)
LIES = {
    "x_pharos_version": "v9.9.9",
    "x_pharos_arm": "control",
    "x_pharos_experiment": "mine",
    "x_pharos_revision": "99",
}


@pytest.fixture
async def split(lab: Lab) -> Lab:
    """Half of the users on each arm."""
    _, one = await lab.pod("one")
    _, two = await lab.pod("two")
    server = await lab.control_plane()
    await lab.envoy()
    await publish(server, traffic(route(7, exposure=5000), v1=[one], v2=[two]))
    return lab


async def test_claims_about_the_arm_are_overwritten(split: Lab) -> None:
    answer = await split.ask(CANDIDATE, **LIES)
    told = {
        name: answer.body["headers"][name] for name in answer.body["headers"] if "pharos" in name
    }
    assert told == {
        "x-pharos-version": "v1.1.0",
        "x-pharos-arm": "candidate",
        "x-pharos-experiment": EXPERIMENT,
        "x-pharos-revision": "7",
    }
    answered = {n: v for n, v in answer.headers.items() if n.startswith("x-pharos")}
    del told["x-pharos-experiment"]
    assert answered == told


async def test_without_an_experiment_a_claimed_one_is_removed(lab: Lab) -> None:
    _, one = await lab.pod("one")
    server = await lab.control_plane()
    await lab.envoy()
    await publish(server, traffic(route(), v1=[one]))
    headers = (await lab.ask("ada", **LIES)).body["headers"]
    assert "x-pharos-experiment" not in headers
    assert headers["x-pharos-arm"] == "outside"


@pytest.mark.parametrize("user", [None, ""], ids=["no user id", "an empty user id"])
async def test_who_cannot_be_told_apart_gets_the_stable_version(
    split: Lab, user: str | None
) -> None:
    answers = [await split.ask(user) for _ in range(20)]
    assert {(a.status, a.arm, a.body["pod"]) for a in answers} == {(200, "outside", "one")}


async def test_of_a_repeated_user_id_the_first_decides_and_alone_reaches_the_server(
    split: Lab,
) -> None:
    for number in range(20):
        sent = [("x-user-id", f"user-{number}"), ("x-user-id", "other")]
        url = f"http://127.0.0.1:{split.traffic_port}{PATH}"
        async with split.session.get(url, headers=sent) as response:
            told = (await response.json())["headers"]
            assert told["x-user-id"] == f"user-{number}"
            assert told["x-pharos-arm"] == assign(SALT, f"user-{number}", 5000)


async def test_a_pinned_version_answers_and_the_pin_goes_no_further(split: Lab) -> None:
    answers = [await split.ask(user, x_pharos_pin="v1.1.0") for user in (None, "ada", "bob")]
    assert {(a.arm, a.body["pod"]) for a in answers} == {("pinned", "two")}
    assert all("x-pharos-pin" not in a.body["headers"] for a in answers)


async def test_a_pin_to_an_unknown_version_changes_nothing(split: Lab) -> None:
    assert (await split.ask(CANDIDATE, x_pharos_pin="v8.0.0")).arm == "candidate"


async def test_the_path_below_the_model_is_what_the_server_sees(split: Lab) -> None:
    short, query, dots, v2 = [
        (await split.ask("ada", path=path)).body["headers"]["path"]
        for path in (
            "/models/default/arxiv",
            f"{PATH}?top=3",
            "/models/default/arxiv/v2/health/ready",
            "/v2/models/arxiv/infer",
        )
    ]
    assert (short, query, dots) == ("/", "/v1/classify?top=3", "/v2/health/ready")
    assert v2 == "/v2/models/arxiv/infer"


async def test_the_request_id_is_made_or_kept(split: Lab) -> None:
    made, kept = await split.ask("ada"), await split.ask("ada", x_request_id="abc-1")
    assert made.headers["x-request-id"] == made.body["headers"]["x-request-id"] != ""
    assert kept.headers["x-request-id"] == kept.body["headers"]["x-request-id"] == "abc-1"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1/classify",
        "/models/default/arxivs/v1/classify",
        "/models/other/arxiv",
        "/v2/models/a",
    ],
)
async def test_an_unknown_model_is_answered_with_what_to_do(split: Lab, path: str) -> None:
    answer = await split.ask("ada", path=path)
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/json"
    assert "/models/<namespace>/<model>" in answer.body["error"]


async def test_a_copy_for_a_mirrored_version_carries_its_own_arm(lab: Lab) -> None:
    _, one = await lab.pod("one")
    shadow, two = await lab.pod("two")
    server = await lab.control_plane()
    await lab.envoy()
    await publish(server, traffic(route(mirror=Mirror(EXPERIMENT, V2, 100)), v1=[one], v2=[two]))
    answer = await lab.ask("ada")
    await shadow.reached(1)
    assert (answer.arm, answer.body["pod"]) == ("outside", "one")
    assert shadow.seen[0]["x-pharos-arm"] == "shadow"
    assert shadow.seen[0]["x-pharos-version"] == "v1.1.0"


async def test_a_failing_model_is_never_hidden_by_a_retry(lab: Lab) -> None:
    pod, one = await lab.pod("one", status=503)
    server = await lab.control_plane()
    await lab.envoy()
    await publish(server, traffic(route(), v1=[one]))
    forced = {"x_envoy_retry_on": "5xx", "x_envoy_max_retries": "3"}
    assert (await lab.ask("ada", **forced)).status == 503
    assert pod.requests == 1


async def test_a_model_without_pods_answers_503_with_its_arm(lab: Lab) -> None:
    server = await lab.control_plane()
    await lab.envoy()
    await publish(server, traffic(route()))
    answer = await lab.ask("ada")
    assert (answer.status, answer.arm) == (503, "outside")


async def test_a_model_without_a_version_says_what_it_waits_for(lab: Lab) -> None:
    server = await lab.control_plane()
    await lab.envoy()
    await publish(server, traffic(route(stable=None)))
    answer = await lab.ask("ada")
    assert answer.status == 503
    assert "no version in production yet" in answer.body["error"]
