"""Users without an id, where the experiment gives them one in a cookie."""

import re
from dataclasses import replace

import pytest
from gateway_builders import SALT, experiment, route, traffic
from integration.gateway.lab import Lab, publish

from pharos_api.assignment import assign
from pharos_api.delivery import MissingKey

IDS = [f"0b8{number:04}-2c1e-4f0a-9d3b" for number in range(300)]
EXPOSURE = 2500


@pytest.fixture
async def giving(lab: Lab) -> Lab:
    """A quarter of the users on each arm; who has no id is given one."""
    _, one = await lab.pod("one")
    _, two = await lab.pod("two")
    server = await lab.control_plane()
    await lab.envoy()
    running = experiment(EXPOSURE, on_missing_key=MissingKey.COOKIE)
    await publish(server, traffic(replace(route(1), experiment=running), v1=[one], v2=[two]))
    return lab


@pytest.mark.requirement("ABT-10")
@pytest.mark.parametrize(
    "shape",
    [
        "pharos-user={}",
        "session=abc; pharos-user={}",
        "pharos-user={}; theme=dark",
        "a=1;pharos-user={};b=2",
        "xpharos-user=other; pharos-user={}; pharos-user=second",
    ],
)
async def test_a_cookies_id_is_split_bit_for_bit_as_a_headers_would_be(
    giving: Lab, shape: str
) -> None:
    for user in IDS[:80]:
        answer = await giving.ask(cookie=shape.format(user))
        assert answer.arm == assign(SALT, user, EXPOSURE)
        assert "set-cookie" not in answer.headers


async def test_who_has_neither_is_served_by_stable_and_given_an_id_that_holds_flagger_1198(
    giving: Lab,
) -> None:
    first = await giving.ask()
    assert (first.status, first.arm, first.body["pod"]) == (200, "outside", "one")
    cookie = first.headers["set-cookie"]
    found = re.fullmatch(
        r"pharos-user=([0-9a-f-]{36}); Path=/; Max-Age=2419200; HttpOnly; SameSite=Lax", cookie
    )
    assert found is not None
    again = [await giving.ask(cookie=f"pharos-user={found[1]}") for _ in range(5)]
    assert {a.arm for a in again} == {assign(SALT, found[1], EXPOSURE)}


async def test_every_id_is_another_and_none_is_the_callers_own(giving: Lab) -> None:
    answers = [await giving.ask(x_request_id="mine") for _ in range(20)]
    given = {answer.headers["set-cookie"].partition(";")[0] for answer in answers}
    assert len(given) == 20
    assert "pharos-user=mine" not in given


async def test_a_user_header_wins_over_a_cookie(giving: Lab) -> None:
    for user in IDS[:50]:
        answer = await giving.ask(user, cookie="pharos-user=somebody-else")
        assert answer.arm == assign(SALT, user, EXPOSURE)
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("cookie", ["pharos-user=", "other=1", "pharos-user; a=b"])
async def test_a_cookie_without_an_id_counts_as_none(giving: Lab, cookie: str) -> None:
    answer = await giving.ask(cookie=cookie)
    assert answer.arm == "outside"
    assert "pharos-user=" in answer.headers["set-cookie"]


async def test_an_empty_user_header_leaves_the_choice_to_the_cookie(giving: Lab) -> None:
    arms = {(await giving.ask("", cookie=f"pharos-user={user}")).arm for user in IDS[:50]}
    assert arms == {"candidate", "control", "outside"}


async def test_a_server_sees_cookies_only_where_they_said_who_asks(giving: Lab) -> None:
    told = [
        (await giving.ask(user, cookie=cookie)).body["headers"].get("cookie")
        for user, cookie in (("ada", "s=1"), (None, "s=1"), (None, "s=1; pharos-user=u"))
    ]
    assert told == [None, None, "s=1; pharos-user=u"]


async def test_without_the_policy_a_cookie_decides_nothing_and_none_is_given(lab: Lab) -> None:
    _, one = await lab.pod("one")
    _, two = await lab.pod("two")
    server = await lab.control_plane()
    await lab.envoy()
    await publish(server, traffic(route(1, exposure=5000), v1=[one], v2=[two]))
    answers = [await lab.ask(cookie=f"pharos-user={user}") for user in IDS[:20]]
    assert {a.arm for a in answers} == {"outside"}
    assert all("set-cookie" not in a.headers for a in answers)
