import pytest
from gateway_builders import SALT, route, traffic
from integration.gateway.lab import Lab, publish

from pharos_api.assignment import assign

USERS = [f"user-{number}" for number in range(2000)]


@pytest.mark.requirement("ABT-8")
@pytest.mark.requirement("ABT-10")
async def test_every_user_gets_the_arm_that_assign_computes_and_keeps_it_as_exposure_rises(
    lab: Lab,
) -> None:
    _, one = await lab.pod("one")
    _, two = await lab.pod("two")
    server = await lab.control_plane()
    await lab.envoy()
    before: dict[str, str] = {}
    for revision, exposure in enumerate((0, 500, 2500, 5000), start=1):
        await publish(server, traffic(route(revision, exposure=exposure), v1=[one], v2=[two]))
        answers = await lab.ask_all(USERS)
        arms = {answer.user: answer.arm for answer in answers}
        assert arms == {user: assign(SALT, user, exposure) for user in USERS}
        assert {a.body["pod"] for a in answers if a.arm == "candidate"} <= {"two"}
        assert {a.body["pod"] for a in answers if a.arm != "candidate"} <= {"one"}
        assert all(arms[user] == arm for user, arm in before.items() if arm != "outside")
        before = arms
