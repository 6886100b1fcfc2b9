"""The Model's route: derived from production and the running experiment, then confirmed.

The revision rises with every change; it is verified once every ready gateway has acknowledged it.
Must not decide who is in production or how much an experiment gets.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from pharos_api.abexperiment import ABExperiment
from pharos_api.meta import whole_seconds
from pharos_api.model import ModelStatus, Route, RouteExperiment, RouteMirror
from pharos_operator.decide.conditions import Finding, ModelCondition, ModelReason, condition
from pharos_operator.decide.observation import GatewayView
from pharos_operator.decide.versions.serving_need import is_active

SOONEST_S, LATEST_S = 0.5, 5.0


def derive(status: ModelStatus, experiments: Sequence[ABExperiment], now: datetime) -> Route:
    """The route that production and the running experiment ask for; the old one if that is it."""
    production, route = status.production, status.route
    if production is None:
        return route
    wanted = {
        "stable": production.name,
        "stable_version": production.version,
        "experiment": _running(production.name, experiments),
        "mirror": _mirrored(production.name, experiments),
    }
    if all(getattr(route, field) == value for field, value in wanted.items()):
        return route
    step = {"revision": route.revision + 1, "changed_at": whole_seconds(now)}
    return route.model_copy(update=wanted | step)


def confirm(route: Route, gateways: Sequence[GatewayView]) -> Route:
    """The route, verified if every ready gateway follows it."""
    if route.verified_revision == route.revision or not gateways or _lagging(route, gateways):
        return route
    return route.model_copy(update={"verified_revision": route.revision})


def finding(route: Route, gateways: Sequence[GatewayView]) -> Finding:
    """The RouteVerified condition, with the gateways that lag by name."""
    kind = ModelCondition.ROUTE_VERIFIED
    if route.revision == 0:
        return condition(kind, None, ModelReason.NO_ROUTE, "no version is in production yet")
    if not gateways:
        message = "no gateway is ready; look at the pods of the gateway Deployment"
        return condition(kind, False, ModelReason.NO_GATEWAY, message)
    rejected = [g for g in gateways if g.rejected]
    if rejected:
        message = "; ".join(f"{g.node}: {g.rejected}" for g in _by_name(rejected))
        return condition(kind, False, ModelReason.REJECTED, message)
    lagging = _lagging(route, gateways)
    if lagging:
        names = ", ".join(g.node for g in _by_name(lagging))
        message = f"revision {route.revision} is not yet acknowledged by {names}"
        return condition(kind, False, ModelReason.WAITING_FOR_GATEWAYS, message)
    message = f"revision {route.revision} is acknowledged by every ready gateway"
    return condition(kind, True, ModelReason.ACKNOWLEDGED, message)


def look_again_s(route: Route, now: datetime) -> float | None:
    """When to look for acknowledgements again: half of the age, within 0.5 s to 5 s."""
    if route.verified_revision == route.revision:
        return None
    age = 0.0 if route.changed_at is None else (now - route.changed_at).total_seconds()
    return min(LATEST_S, max(SOONEST_S, age / 2))


def _running(stable: str, experiments: Sequence[ABExperiment]) -> RouteExperiment | None:
    """The experiment that has a share. Against another control than production it gets none."""
    running = _first(stable, (e for e in experiments if e.status.exposure))
    if running is None:
        return None
    return RouteExperiment(
        name=running.metadata.name,
        uid=running.metadata.uid,
        salt=running.status.salt,
        candidate=running.spec.candidate_ref.name,
        candidate_version=running.status.candidate_version,
        exposure=running.status.exposure,
        on_missing_key=running.spec.assignment.on_missing_key,
    )


def _mirrored(stable: str, experiments: Sequence[ABExperiment]) -> RouteMirror | None:
    """The experiment whose candidate gets copies of what production answers."""
    mirrored = _first(stable, (e for e in experiments if e.status.mirror))
    if mirrored is None:
        return None
    return RouteMirror(
        name=mirrored.metadata.name,
        uid=mirrored.metadata.uid,
        candidate=mirrored.spec.candidate_ref.name,
        candidate_version=mirrored.status.candidate_version,
        percent=mirrored.status.mirror,
    )


def _first(stable: str, experiments: Iterable[ABExperiment]) -> ABExperiment | None:
    """Of the active ones whose control is production, always the same."""
    fitting = (e for e in experiments if is_active(e) and e.status.control == stable)
    return min(fitting, key=lambda e: (e.metadata.name, e.metadata.uid), default=None)


def _lagging(route: Route, gateways: Sequence[GatewayView]) -> list[GatewayView]:
    return [g for g in gateways if g.rejected or g.revision != route.revision]


def _by_name(gateways: Sequence[GatewayView]) -> list[GatewayView]:
    return sorted(gateways, key=lambda g: g.node)
