"""One worker: takes trials from the shared study until none is left to begin.

Whatever happens to a trial is written into the study before the next one is taken. What a worker
could not write down, because it was killed, the next look of another one puts right.
"""

import logging
from typing import Any

from optuna import TrialPruned
from optuna.trial import TrialState

from pharos_jobs.core.health import is_out_of_memory
from pharos_jobs.core.trials import Move
from pharos_jobs.errors import Interrupted, OutOfMemory, StepFault, TrainingDivergenceError
from pharos_jobs.search.objective import Course, TrialCut, TrialObjective, TrialTaken
from pharos_jobs.search.reporting import Reporter
from pharos_jobs.search.study import Claim, SharedStudy

_LOOK_AGAIN_S = 2.0
_log = logging.getLogger(__name__)


class SearchWorker:
    """Runs trials one after the other (row HPS-11: one at a time in each process)."""

    def __init__(
        self, study: SharedStudy, objective: TrialObjective, reporter: Reporter, stays: bool
    ) -> None:
        """``stays``: wait for the trials of other workers, and take over what they leave."""
        self._study, self._objective, self._reporter = study, objective, reporter
        self._stays = stays

    def work(self) -> None:
        """Return when all trials are done; a worker that does not stay, when none can begin.

        Raises Interrupted when the process is asked to stop, Terminal when no trial can work.
        """
        stop = self._objective.context.stop
        while True:
            if stop.is_set():
                raise Interrupted("The search was asked to stop; it goes on from its study.")
            claim = self._study.claim()
            match claim.plan.move:
                case Move.START:
                    self._attempt(claim)
                case Move.WAIT if self._stays:
                    self._reporter.report()
                    stop.wait(_LOOK_AGAIN_S)
                case Move.WAIT | Move.FINISH:
                    return

    def _attempt(self, claim: Claim) -> None:
        trial, place = claim.trial, str(claim.lineage[-1])
        _log.info("Trial begins", extra={"trial": trial.number, "repeats": claim.lineage[1:]})
        self._reporter.report()
        with self._study.heart.beating(trial):
            self._run(trial, Course(place, claim.inherited, claim.cut_at))
        self._objective.training.forget(place)
        self._reporter.report()

    def _run(self, trial: Any, course: Course) -> None:
        end = self._study.end
        try:
            values = self._objective(trial, course)
        except (TrialPruned, TrialCut) as ending:
            end(trial, TrialState.PRUNED, reason=str(ending))
        except TrialTaken:
            _log.warning("The trial was taken for lost", extra={"trial": trial.number})
        except Interrupted:
            # Without a reason: it is owed another go, and another worker may take it at once.
            end(trial, TrialState.FAIL)
            raise
        except (OutOfMemory, TrainingDivergenceError, RuntimeError) as error:
            end(trial, TrialState.FAIL, reason=_failure(error))
        else:
            end(trial, TrialState.COMPLETE, values)


def _failure(error: Exception) -> str:
    """Why parameters failed, as a sentence. Raises the error where it is not their fault."""
    if isinstance(error, StepFault):
        return error.message
    if is_out_of_memory(str(error)):
        return f"Memory ran out: {error}"
    raise error
