"""What the window after an arrival in production showed, said once (row CHK-9).

The guard beside it acts; this one reports: requests, errors, p95 and what stands in the error log,
against the targets of ``serving.slo``. ``status.watched`` keeps what was told, so a new leader
tells nothing twice. Takes nothing back.
"""

from datetime import datetime, timedelta

from pharos_analysis.totals import Totals, totals_of
from pharos_api.meta import rfc3339, span, whole_seconds
from pharos_api.model import ModelStatus, ServiceLevel, VersionPointer
from pharos_api.watched import WatchedWindow
from pharos_operator.decide.conditions import Finding, ModelCondition, ModelReason, condition
from pharos_operator.decide.models.production import ModelDraft
from pharos_operator.decide.observation import ModelObservation, Window

# Metrics are not kept for ever: a window that ended longer ago is not summed up any more.
LATE = timedelta(days=7)
_AGAIN_S = 15.0


def watched(obs: ModelObservation, draft: ModelDraft, now: datetime) -> ModelDraft:
    """Say that production is watched, and at the window's end, once, what was seen."""
    production, ends = draft.status.production, _ends(obs, draft.status)
    if production is None or ends is None or is_told(draft.status) or now - ends > LATE:
        return draft
    kind = ModelCondition.PRODUCTION_VERIFIED
    if now < ends:
        message = f"{production.version} is watched until {rfc3339(whole_seconds(ends))}"
        return draft.find(condition(kind, None, ModelReason.WATCHING, message))
    # What was summed up is of the version that was in production when it was asked for.
    if obs.window is None or production != obs.model.status.production:
        return draft
    if obs.window.sample.error:
        message = f"{production.version} cannot be summed up yet: {obs.window.sample.error}"
        return draft.find(condition(kind, None, ModelReason.METRICS_ERROR, message))
    return _told(obs, draft, production, now)


def is_due(obs: ModelObservation, now: datetime) -> bool:
    """Whether the window of the version in production is over and not told yet."""
    status = obs.model.status
    ends = _ends(obs, status)
    return ends is not None and ends <= now <= ends + LATE and not is_told(status)


def is_told(status: ModelStatus) -> bool:
    """Whether ``status.watched`` is of the version's present time in production."""
    production, seen = status.production, status.watched
    if production is None or seen is None:
        return False
    return (seen.version, seen.since) == (production.version, production.since)


def look_again_s(obs: ModelObservation, status: ModelStatus, now: datetime) -> float | None:
    """When the window ends; soon where it has ended and is not told yet."""
    ends = _ends(obs, status)
    if ends is None or is_told(status) or now - ends > LATE:
        return None
    return (ends - now).total_seconds() if now < ends else _AGAIN_S


def _ends(obs: ModelObservation, status: ModelStatus) -> datetime | None:
    if status.production is None or status.production.since is None:
        return None
    return status.production.since + span(obs.model.spec.promotion.rollback_window)


def _told(
    obs: ModelObservation, draft: ModelDraft, production: VersionPointer, now: datetime
) -> ModelDraft:
    window, since = obs.window, production.since
    if window is None or since is None:
        return draft
    totals = totals_of(window.sample)
    seen = WatchedWindow(
        version=production.version,
        since=since,
        until=whole_seconds(now),
        requests=None if totals is None else totals.requests,
        errors=None if totals is None else totals.errors,
        p95_latency_ms=None if totals is None else totals.p95_ms,
        logged=None if window.logged.problem else dict(window.logged.codes),
    )
    found = _finding(seen, totals, window, obs.model.spec.serving.slo)
    draft = draft.set(watched=seen).find(found)
    reason = ModelCondition.PRODUCTION_VERIFIED
    beyond = found.reason == ModelReason.BEYOND_TARGETS
    return (draft.warn if beyond else draft.tell)(reason, found.message)


def _finding(
    seen: WatchedWindow, totals: Totals | None, window: Window, targets: ServiceLevel
) -> Finding:
    """False where a target is missed, Unknown where nobody asked anything."""
    kind, ending = ModelCondition.PRODUCTION_VERIFIED, f"; {_logged(window)}"
    begin = f"{seen.version} in production for {_lasted(seen.until - seen.since)}"
    if totals is None:
        message = f"{begin}: no request, so nothing is verified{ending}"
        return condition(kind, None, ModelReason.NO_TRAFFIC, message)
    missed = _missed(totals, targets)
    message = f"{begin}: {_figures(totals, targets)}{ending}"
    if missed:
        message = f"{message}. Above its target: {', '.join(missed)}"
        return condition(kind, False, ModelReason.BEYOND_TARGETS, message)
    return condition(kind, True, ModelReason.WITHIN_TARGETS, message)


def _missed(totals: Totals, targets: ServiceLevel) -> list[str]:
    missed = []
    if 100 * totals.errors > float(targets.error_percent) * totals.requests:
        missed.append("error rate")
    if totals.p95_ms is not None and totals.p95_ms > targets.p95_latency_ms:
        missed.append("p95")
    return missed


def _figures(totals: Totals, targets: ServiceLevel) -> str:
    share = 100 * totals.errors / totals.requests
    p95 = "is not known" if totals.p95_ms is None else f"{totals.p95_ms} ms"
    return (
        f"{totals.requests:,} requests, {share:.2f} % errors ({totals.errors:,}; target "
        f"{targets.error_percent} %), p95 {p95} (target {targets.p95_latency_ms} ms)"
    )


def _logged(window: Window) -> str:
    """What stands in the error log, the most frequent first."""
    if window.logged.problem:
        return f"the error log was not read: {window.logged.problem}"
    if not window.logged.codes:
        return "no error in the prediction log"
    counted = ", ".join(f"{code} {rows:,}" for code, rows in window.logged.codes)
    return f"errors in the prediction log: {counted}"


def _lasted(time: timedelta) -> str:
    hours = time.total_seconds() / 3600
    return f"{hours:.0f} h" if hours >= 1 else f"{time.total_seconds():.0f} s"
