"""A person asks for a retraining: a check starts at once, told why, and always finds it due.

The cool-down and the suspension are for the schedule; one at a time and the budget hold here too.
Must not make the run: what the check finds does.
"""

from pharos_api.meta import Command
from pharos_api.model import ModelStatus
from pharos_api.names import check_job_name
from pharos_operator.decide.conditions import RetrainingReason
from pharos_operator.decide.decision import StartCheck
from pharos_operator.decide.models.production import ModelDraft
from pharos_operator.decide.retraining import checking
from pharos_operator.decide.retraining.retraining import Look, no_room


def not_checkable(look: Look, status: ModelStatus, command: Command) -> str:
    """Why no check can start now; empty where one can."""
    refusal = no_room(look, status)
    if refusal is not None:
        return refusal.message
    running = checking.running(look.obs)
    if running is None or running.name == _job(look, command):
        return ""
    return f"check {running.name} is running; ask again when it has ended"


def check_at_once(look: Look, draft: ModelDraft, command: Command, why: str) -> ModelDraft:
    """The draft with the check that the command asks for."""
    job = _job(look, command)
    told = checking.check_input(look.obs, draft.status, look.platform, forced=why)
    message = f"retraining was asked for: {why}; check {job} starts"
    return draft.do(StartCheck(job, told)).tell(RetrainingReason.CHECKING, message)


def _job(look: Look, command: Command) -> str:
    return check_job_name(look.obs.model.metadata.name, command.id)
