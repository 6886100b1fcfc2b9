"""Which verb of a person fits which phase of an experiment; the others are refused aloud."""

from itertools import product

import pytest
from decide_builders import NOW
from experiment_cases import LIVE, command

from pharos_api.abexperiment import ABExperimentStatus, ExperimentPhase, ExperimentVerb
from pharos_operator.decide.draft import Draft
from pharos_operator.decide.experiments.commands import obey

Phase, Verb = ExperimentPhase, ExperimentVerb
FITS = {
    Phase.PENDING: {Verb.ABORT},
    Phase.STARTING: {Verb.ABORT, Verb.PROMOTE, Verb.ROLLBACK},
    Phase.STAGING: {Verb.ABORT, Verb.PROMOTE, Verb.ROLLBACK},
    Phase.SHADOWING: {Verb.PAUSE, Verb.ABORT, Verb.PROMOTE, Verb.ROLLBACK},
    Phase.PROGRESSING: {Verb.PAUSE, Verb.ABORT, Verb.PROMOTE, Verb.ROLLBACK},
    Phase.PAUSED: {Verb.PAUSE, Verb.RESUME, Verb.ABORT, Verb.PROMOTE, Verb.ROLLBACK},
    Phase.PROMOTING: {Verb.ROLLBACK},
    Phase.WATCHING: {Verb.ABORT, Verb.ROLLBACK},
    Phase.ROLLING_BACK: set(),
    Phase.SUCCEEDED: set(),
    Phase.FAILED: set(),
}
BECOMES = {
    Verb.PAUSE: {Phase.PAUSED},
    Verb.RESUME: {Phase.SHADOWING, Phase.PROGRESSING},
    Verb.ABORT: {Phase.FAILED, Phase.ROLLING_BACK},
    Verb.PROMOTE: {Phase.PROMOTING},
    Verb.ROLLBACK: {Phase.FAILED, Phase.ROLLING_BACK},
}


@pytest.mark.parametrize(("phase", "verb"), list(product(Phase, Verb)))
def test_every_verb_in_every_phase(phase: ExperimentPhase, verb: ExperimentVerb) -> None:
    status = ABExperimentStatus(**(LIVE | {"phase": phase, "command": command(verb)}))
    after = obey(Draft(status), NOW)
    refused = [event for event in after.events if event.reason == "CommandRefused"]
    assert bool(refused) is (verb not in FITS[phase])
    assert after.status.phase in ({phase} if refused else BECOMES[verb])
    assert after.status.observed_command == "one"
    assert obey(after, NOW) == after


def test_a_refusal_says_when_it_is_possible() -> None:
    status = ABExperimentStatus(**(LIVE | {"phase": Phase.WATCHING, "command": command("Pause")}))
    (event,) = obey(Draft(status), NOW).events
    assert event.message == (
        "Pause is possible while the experiment is Paused, Progressing, Shadowing; it is Watching"
    )


RESUMED = {
    "a paused canary goes on with its step": (500, Phase.PROGRESSING),
    "a paused shadow goes on shadowing": (0, Phase.SHADOWING),
}


@pytest.mark.parametrize(("exposure", "phase"), RESUMED.values(), ids=RESUMED.keys())
def test_resume(exposure: int, phase: ExperimentPhase) -> None:
    paused = {"phase": Phase.PAUSED, "paused": True, "exposure": exposure}
    status = ABExperimentStatus(**(LIVE | paused | {"command": command("Resume")}))
    assert obey(Draft(status), NOW).status.phase is phase
