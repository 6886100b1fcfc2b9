"""What an import says of a Model that has no status yet: its production, and what may not return.

The annotation counts only while nothing is in production; afterwards the status says it all, and a
quarantine that a person lifts stays lifted. Must not choose a version by itself.
"""

from datetime import datetime

from pharos_api.inventory import Restored
from pharos_api.meta import whole_seconds
from pharos_api.model import IncomingCause, Quarantined
from pharos_operator.decide.imported import told_by_import
from pharos_operator.decide.models.production import ModelDraft, by_hand, expect
from pharos_operator.decide.observation import ModelObservation
from pharos_operator.decide.versions.serving_need import is_quarantined

_REASON = "it was quarantined when its registry was written"


def restored(obs: ModelObservation, draft: ModelDraft, now: datetime) -> ModelDraft:
    """Bring back what the annotation names, as soon as its version is there."""
    told = told_by_import(obs.model)
    if draft.status.production is not None or told is None:
        return draft
    draft = _quarantined(obs, draft, told, now)
    wanted = next((v for v in obs.versions if v.spec.version == told.production), None)
    incoming = draft.status.incoming
    if wanted is None or by_hand(incoming):
        return draft
    if incoming is not None and incoming.name == wanted.metadata.name:
        return draft
    return expect(draft, wanted, IncomingCause.PROMOTE, "it was in production", now)


def is_awaited(obs: ModelObservation) -> bool:
    """Whether a version is to come back to production that has not been made yet."""
    told = told_by_import(obs.model)
    if told is None or not told.production:
        return False
    return all(v.spec.version != told.production for v in obs.versions)


def _quarantined(
    obs: ModelObservation, draft: ModelDraft, told: Restored, now: datetime
) -> ModelDraft:
    """Digests come back with their reasons; an older registry names only versions."""
    by_name = [
        Quarantined(
            version=v.spec.version,
            sha256=v.spec.artifact.sha256,
            reason=_REASON,
            at=whole_seconds(now),
        )
        for v in obs.versions
        if v.spec.version in told.quarantined
    ]
    for each in (*told.refused, *by_name):
        if not is_quarantined(draft.status, each.sha256):
            draft = draft.set(quarantine=[*draft.status.quarantine, each])
    return draft
