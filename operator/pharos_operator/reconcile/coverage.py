"""Whether labels come for what production answers, known before a candidate asks for it.

An answer is used for an hour, a database that does not answer is asked again soon. Only where a
policy could make a goal of it is anything asked. Must not decide what follows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pharos_analysis.samples import ArmLog
from pharos_api.meta import span
from pharos_operator.decide.models.promotion import needs_labels, rule_of
from pharos_operator.decide.observation import ModelObservation
from pharos_operator.ports import Labels
from pharos_operator.reconcile.latest import Latest

WINDOW = timedelta(days=7)
KNOWN_FOR = timedelta(hours=1)
AGAIN_S = 15.0


@dataclass(frozen=True, slots=True)
class _Known:
    version: str
    at: datetime
    log: ArmLog


class LabelCoverage:
    """The last answer for each Model."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._latest: Latest[ArmLog | None] = Latest()
        self._known: dict[str, _Known] = {}

    async def of(self, obs: ModelObservation, now: datetime) -> ArmLog | None:
        """Mature and labelled predictions of production; None while they are not known."""
        pointer = obs.model.status.production
        name = "" if pointer is None else pointer.name
        version = next((v for v in obs.versions if v.metadata.name == name), None)
        if version is None or not needs_labels(obs.model.spec.promotion):
            return ArmLog()
        key, uid = obs.model.metadata.uid, version.metadata.uid
        known = self._known.get(key)
        if known is not None and known.version == uid and now - known.at < KNOWN_FOR:
            return known.log
        until = now - span(rule_of(obs.model.spec.promotion).labels.maturity)
        answer = await self._latest.get(
            uid, AGAIN_S, lambda: self._labels.coverage(uid, until - WINDOW, until)
        )
        if answer is not None:
            self._known[key] = _Known(uid, now, answer)
            self._latest.forget_all_but(each.version for each in self._known.values())
        return answer
