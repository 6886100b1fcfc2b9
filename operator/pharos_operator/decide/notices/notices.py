"""Which notices a Model still has to send (row RET-23), from what its objects say.

A notice is of a fact that stays readable for a while, so a new leader finds the same facts with the
same keys: what the status does not list as sent is named again. Sends nothing and knows no address.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pharos_api.meta import whole_seconds
from pharos_api.model import Notifications, NotificationStatus
from pharos_operator.decide.conditions import (
    Finding,
    ModelCondition,
    ModelReason,
    condition,
    find,
)
from pharos_operator.decide.decision import Notice
from pharos_operator.decide.models.production import ModelDraft
from pharos_operator.decide.notices import news, retrained
from pharos_operator.decide.observation import ModelObservation

# A fact that is older is no news any more: nothing is kept of it, and nothing is tried again.
NEWS_FOR = timedelta(days=7)
SENT_LIMIT = 200


def announced(obs: ModelObservation, draft: ModelDraft, now: datetime) -> ModelDraft:
    """The draft with every notice that is wanted and not sent, and with what was sent noted."""
    wanted = obs.model.spec.notifications
    if wanted is None:
        return draft if draft.status.notifications is None else draft.set(notifications=None)
    before = draft.status.notifications or NotificationStatus(since=whole_seconds(now))
    current = [notice for notice in _facts(obs) if _is_news(notice, before.since, now)]
    sent = {*before.sent, *obs.deliveries.sent}
    told = [notice.key for notice in current if notice.key in sent][-SENT_LIMIT:]
    draft = draft.set(notifications=NotificationStatus(since=before.since, sent=told))
    pending = [notice for notice in current if notice.key not in sent]
    return draft.announce(*_chosen(pending, wanted)).find(*_findings(obs, draft, pending))


def _facts(obs: ModelObservation) -> list[Notice]:
    """All that could be told, oldest first; from what is stored, never from what is only meant."""
    return sorted(_every(obs), key=lambda notice: (notice.at, notice.key))


def _every(obs: ModelObservation) -> Iterator[Notice]:
    yield from news.of_production(obs)
    yield from news.of_experiments(obs)
    yield from news.of_watch(obs)
    yield from news.of_approval(obs)
    yield from news.of_drift(obs)
    yield from retrained.notices(obs)


def _is_news(notice: Notice, since: datetime, now: datetime) -> bool:
    """What happened before anybody asked to be told is not told."""
    return notice.at >= since and now - notice.at < NEWS_FOR


def _chosen(pending: list[Notice], wanted: Notifications) -> list[Notice]:
    return [notice for notice in pending if notice.kind in wanted.events]


def _findings(
    obs: ModelObservation, draft: ModelDraft, pending: list[Notice]
) -> tuple[Finding, ...]:
    """Whether notices arrive; nothing is said of it before the first one was tried."""
    kind = ModelCondition.NOTIFICATIONS
    if pending and obs.deliveries.problem:
        message = f"{obs.deliveries.problem}; it is tried again"
        return (condition(kind, False, ModelReason.NOT_DELIVERED, message),)
    arrived = draft.status.notifications is not None and draft.status.notifications.sent
    if arrived and not pending:
        message = "every service has taken what it was sent"
        return (condition(kind, True, ModelReason.DELIVERED, message),)
    failed_before = find(draft.status.conditions, kind)
    if failed_before is not None and not pending:
        return (condition(kind, True, ModelReason.DELIVERED, "nothing waits to be sent"),)
    return ()
