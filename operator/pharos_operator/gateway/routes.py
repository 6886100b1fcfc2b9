"""The routes of all models as one Envoy route configuration. Pure.

Decides which cluster answers a request and which headers say so. The first match wins:

    1. a tester's pin           -> that version, arm ``pinned``
    2. a known user, experiment -> weighted clusters by the user's bucket
    3. a user known by cookie   -> the same, where the experiment gives ids to those who have none
    4. everybody else           -> the stable version, arm ``outside``, and an id for next time

Envoy computes the bucket itself: the hash policy rewrites the user's header by the regex ``^`` to
``salt:user``, hashes it with XXH64, and takes it modulo the sum of the weights, which is 10,000.
All headers of one request are set on one level, because Envoy applies the outer levels last.

A copy for a mirrored version is made of what users' own requests ask, never of a tester's. The
cookies of a request go on to a model server only where they say who asks (rule 3).
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pharos_api import names
from pharos_api.assignment import Arm, segments
from pharos_api.delivery import MissingKey
from pharos_operator.gateway.clusters import TYPE
from pharos_operator.gateway.snapshot import Experiment, Mirror, ModelRoute, Version

ROUTES = "inference"
TIMEOUT_S = 30

# Only what no model answered: a failing version cannot hide behind retries. ``reset`` repeats a
# request whose pod died over it, which is safe because a prediction changes nothing.
RETRY_ON = "connect-failure,refused-stream,reset"

# How long a browser keeps the id that it was given: twice the longest experiment by default.
COOKIE_AGE_S = 28 * 24 * 3600
_COOKIE = "cookie"
_BY_COOKIE = rf"(?:[^;]*;\s*)*?{names.COOKIE_USER}=([^;\s]+).*"

Match = dict[str, Any]
Action = dict[str, Any]
_PREVIOUS_HOSTS = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"


@dataclass(frozen=True, slots=True)
class Rules:
    """What one model's rules are made of. Equal values make equal rules."""

    route: ModelRoute
    unique: bool
    """Whether the model's name alone says which model is meant."""
    allow_pin: bool

    @staticmethod
    def of(routes: Iterable[ModelRoute], allow_pin: bool) -> "list[Rules]":
        """The rules of all models."""
        models = tuple(routes)
        named = Counter(model.model for model in models)
        return [Rules(model, named[model.model] == 1, allow_pin) for model in models]


def table(ambiguous: Iterable[str]) -> dict[str, Any]:
    """The frame around all models' rules: on every host name, with answers for everything else."""
    host = {
        "name": "models",
        "domains": ["*"],
        "routes": [*(_ambiguous(name) for name in sorted(set(ambiguous))), _unknown()],
        "request_headers_to_remove": [names.HEADER_PIN],
        "retry_policy": _retries(),
    }
    # Clusters are warm before their routes arrive, so an unknown one is our mistake: refuse it.
    return {"name": ROUTES, "virtual_hosts": [host], "validate_clusters": True}


def model_rules(rules: Rules) -> Iterator[dict[str, Any]]:
    """One model's rules, below its own prefix and, if its name is unique, below ``/v2/models``."""
    route = rules.route
    prefix = f"/models/{route.namespace}/{route.model}"
    own = {"regex_rewrite": {"pattern": {"regex": f"^{re.escape(prefix)}/?"}, "substitution": "/"}}
    yield from _below(rules, {"path_separated_prefix": prefix}, own)
    if rules.unique:
        yield from _below(rules, {"path_separated_prefix": f"/v2/models/{route.model}"}, {})


def _below(rules: Rules, match: Match, rewrite: Action) -> Iterator[dict[str, Any]]:
    route, stable = rules.route, rules.route.stable
    if stable is None:
        yield _answer(match, 503, _no_version(route))
        return
    if rules.allow_pin:
        for version in _versions(route, stable):
            yield _pinned(route, version, match, _action() | rewrite)
    action = _action() | rewrite | _mirrored(route)
    if route.experiment:
        yield from _splits(route, stable, match, action)
    plain = action | {"cluster": route.cluster(stable, Arm.OUTSIDE)}
    rule = {"match": match, "route": plain} | _alone() | _told(route, stable, Arm.OUTSIDE)
    yield _introduced(rule) if _gives_ids(route) else rule


def _versions(route: ModelRoute, stable: Version) -> tuple[Version, ...]:
    return (stable, route.experiment.candidate) if route.experiment else (stable,)


def _pinned(route: ModelRoute, version: Version, match: Match, action: Action) -> dict[str, Any]:
    pin = {"name": names.HEADER_PIN, "string_match": {"exact": version.version}}
    return {
        "match": match | {"headers": [pin]},
        "route": action | {"cluster": route.cluster(version, Arm.OUTSIDE)},
    } | (_alone() | _told(route, version, Arm.PINNED))


def _known_user() -> Match:
    """A present but empty header counts as present for Envoy; all such callers share one bucket."""
    return {
        "headers": [
            {
                "name": names.HEADER_USER,
                "string_match": {"exact": ""},
                "treat_missing_header_as_empty": True,
                "invert_match": True,
            }
        ]
    }


def _known_cookie() -> Match:
    return {"headers": [{"name": _COOKIE, "string_match": {"safe_regex": {"regex": _BY_COOKIE}}}]}


def _splits(
    route: ModelRoute, stable: Version, match: Match, action: Action
) -> Iterator[dict[str, Any]]:
    """By the header, and where the experiment gives ids, by the cookie of those without one."""
    if route.experiment is None:
        return
    shared = action | {"weighted_clusters": _weighted(route, stable, route.experiment)}
    salt = _literal(f"{route.experiment.salt}:")
    by_header = {"hash_policy": [_salted(names.HEADER_USER, "^", salt)]}
    yield {"match": match | _known_user(), "route": shared | by_header} | _alone()
    if _gives_ids(route):
        by_cookie = {"hash_policy": [_salted(_COOKIE, f"^{_BY_COOKIE}$", salt + r"\1")]}
        yield {"match": match | _known_cookie(), "route": shared | by_cookie}


def _salted(header: str, pattern: str, substitution: str) -> dict[str, Any]:
    rewrite = {"pattern": {"regex": pattern}, "substitution": substitution}
    return {"header": {"header_name": header, "regex_rewrite": rewrite}}


def _weighted(route: ModelRoute, stable: Version, experiment: Experiment) -> dict[str, Any]:
    arms = {
        Arm.CANDIDATE: experiment.candidate,
        Arm.CONTROL: stable,
        Arm.OUTSIDE: stable,
    }
    clusters = [
        {"name": route.cluster(arms[s.arm], s.arm), "weight": s.width}
        | _told(route, arms[s.arm], s.arm)
        for s in segments(experiment.exposure)
    ]
    return {"clusters": clusters, "use_hash_policy": True}


def _gives_ids(route: ModelRoute) -> bool:
    running = route.experiment
    return running is not None and running.on_missing_key is MissingKey.COOKIE


def _introduced(rule: dict[str, Any]) -> dict[str, Any]:
    """The answer gives an id. Not the request's own, which the caller may have chosen."""
    given = (
        f"{names.COOKIE_USER}=%UNIQUE_ID%; Path=/; Max-Age={COOKIE_AGE_S}; HttpOnly; SameSite=Lax"
    )
    cookie = {
        "header": {"key": "set-cookie", "value": given},
        "append_action": "APPEND_IF_EXISTS_OR_ADD",
    }
    return rule | {"response_headers_to_add": [*rule["response_headers_to_add"], cookie]}


def _alone() -> dict[str, Any]:
    return {"request_headers_to_remove": [_COOKIE]}


def _action() -> Action:
    return {"timeout": f"{TIMEOUT_S}s"}


def _mirrored(route: ModelRoute) -> Action:
    return {"request_mirror_policies": _mirrors(route.mirror, route)} if route.mirror else {}


def _retries() -> dict[str, Any]:
    others = {
        "name": "envoy.retry_host_predicates.previous_hosts",
        "typed_config": {"@type": TYPE + _PREVIOUS_HOSTS},
    }
    return {
        "retry_on": RETRY_ON,
        "num_retries": 3,
        "retry_host_predicate": [others],
        # Least-request keeps drawing the dead pod, which has nothing to do.
        "host_selection_retry_max_attempts": 10,
        "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
    }


def _mirrors(mirror: Mirror, route: ModelRoute) -> list[dict[str, Any]]:
    """The copy carries the original's headers, so it must be given its own arm.

    The request's id stays: by it the two answers are paired.
    """
    parts = round(mirror.percent * 10_000)
    told = _told(route, mirror.version, Arm.SHADOW, mirror.uid)
    return [
        {
            "cluster": route.cluster(mirror.version, Arm.SHADOW),
            "runtime_fraction": {"default_value": {"numerator": parts, "denominator": "MILLION"}},
            "request_headers_mutations": [{"append": h} for h in told["request_headers_to_add"]],
        }
    ]


def _told(route: ModelRoute, version: Version, arm: Arm, uid: str = "") -> dict[str, Any]:
    """What the server and the caller are told about who answers, and why.

    ``uid`` is the experiment's, by default the one that the answer is compared in.
    """
    everybody = [
        _header(names.HEADER_VERSION, version.version),
        _header(names.HEADER_ARM, arm),
        _header(names.HEADER_REVISION, str(route.revision)),
    ]
    compared = route.experiment or route.mirror
    known = uid or (compared.uid if compared else "")
    server = [_header(names.HEADER_EXPERIMENT, known)] if known else []
    return {"request_headers_to_add": everybody + server, "response_headers_to_add": everybody}


def _no_version(route: ModelRoute) -> str:
    return (
        f"Model {route.key} has no version in production yet. Follow its first TrainingRun with "
        f"'kubectl get pharos -n {route.namespace}'."
    )


def _unknown() -> dict[str, Any]:
    return _answer(
        {"prefix": "/"},
        404,
        "No model is served under this path. Use /models/<namespace>/<model>/... or "
        "/v2/models/<model>/..., and list the models with "
        f"'kubectl get models.{names.GROUP} -A'.",
    )


def _ambiguous(model: str) -> dict[str, Any]:
    return _answer(
        {"path_separated_prefix": f"/v2/models/{model}"},
        404,
        f"Several namespaces have a model {model}. "
        f"Use /models/<namespace>/{model}/v2/models/{model}/...",
    )


def _answer(match: Match, status: int, sentence: str) -> dict[str, Any]:
    body = {"inline_string": json.dumps({"error": sentence})}
    return {
        "match": match,
        "direct_response": {"status": status, "body": body},
        "response_headers_to_add": [_header("content-type", "application/json")],
    }


def _header(name: str, value: str) -> dict[str, Any]:
    """Replaces what the client sent under this name: the arm is ours to say.

    A percent sign would start one of Envoy's variables.
    """
    return {
        "header": {"key": name, "value": value.replace("%", "%%")},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }


def _literal(text: str) -> str:
    r"""``\1`` would mean a group of the pattern."""
    return text.replace("\\", "\\\\")
