"""Who asks, as the headers have it."""

from uuid import UUID

import pytest
from starlette.datastructures import Headers

from pharos_api.assignment import bucket, salt_of
from pharos_serving.context import context_of

UID = "5d1c2c52-2d53-4c9c-9d0a-6f2a34d7a001"
EXPERIMENT = ("x-pharos-experiment", UID)

USERS = {
    "a header": ([("x-user-id", "ada")], "ada"),
    "the gateway's cookie": ([("cookie", "a=b; pharos-user=bob;c=d")], "bob"),
    "the header before the cookie": (
        [("x-user-id", "ada"), ("cookie", "pharos-user=bob")], "ada",
    ),
    "the cookie where the header is empty": (
        [("x-user-id", ""), ("cookie", "pharos-user=bob")], "bob",
    ),
    "nobody": ([("cookie", "other-pharos-user=x; pharos-users=y; pharos-user")], ""),
}  # fmt: skip


def read(*headers: tuple[str, str]) -> Headers:
    return Headers(raw=[(name.encode(), value.encode()) for name, value in headers])


@pytest.mark.parametrize(("headers", "user"), USERS.values(), ids=USERS)
def test_the_user_is(headers: list[tuple[str, str]], user: str) -> None:
    assert context_of(read(*headers), "fresh").user == user


@pytest.mark.requirement("ABT-10", "ABT-11")
@pytest.mark.parametrize("user", ["ada", "Zoë", "用户", "u" * 600, "a b:c"])
def test_the_bucket_is_the_gateways_own(user: str) -> None:
    context = context_of(read(("x-user-id", user), EXPERIMENT), "fresh")
    assert context.bucket == bucket(salt_of(UID), user)
    assert context.experiment_id == UUID(UID)


def test_without_an_experiment_or_a_user_there_is_no_bucket() -> None:
    assert context_of(read(("x-user-id", "ada")), "fresh").bucket is None
    assert context_of(read(EXPERIMENT), "fresh").bucket is None


SEGMENTS = {
    "a word": ("mobile", "mobile"),
    "what a name may hold": ("eu-west_1.a", "eu-west_1.a"),
    "the longest": ("s" * 63, "s" * 63),
    "too long": ("s" * 64, None),
    "spaces": ("a b", None),
    "markup": ("<b>", None),
    "other scripts": ("Zoë", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("given", "kept"), SEGMENTS.values(), ids=SEGMENTS)
def test_a_segment_is_kept_if_it_is_a_name(given: str, kept: str | None) -> None:
    assert context_of(read(("x-pharos-segment", given)), "fresh").segment == kept
