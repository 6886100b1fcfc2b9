"""Whether the quick ways of looking see all that looking by the platform's own functions sees."""

import numpy as np

from delivery.crowd import Crowd
from delivery.goals import Setting, simulate
from delivery.rollouts import Limits, Rollout, drawn, first_failure
from delivery.seconds import Fault, counted, first_alarm, sample
from delivery.streams import Stream
from pharos_analysis.betting import evidence_above, share_of_errors
from pharos_analysis.confidence import MIN_USERS, p_value_above
from pharos_analysis.counted import MIN_BAD
from pharos_analysis.recent import WINDOWS, worsened

_SEED = 20261126


def check(less: int) -> dict[str, object]:
    """Runs that were decided differently by the two ways: all counts of them must be 0."""
    draws = np.random.default_rng(_SEED)
    runs = max(10, 100 // less)
    rollouts = [drawn(draws, 3000, (0.02, 0.05)) for _ in range(runs)]
    seconds = [counted(draws, 200, 25, Fault(0.02, 0.05, 0.02, 50)) for _ in range(runs)]
    return {
        "runs": runs,
        "goals": _goals(runs),
        "rollouts": sum(first_failure(each, Limits()) != _plain(each) for each in rollouts),
        "seconds": sum(
            first_alarm(each)
            != next(
                (
                    at
                    for at in range(len(each.control[0]))
                    if worsened(
                        [sample(each, look) for look in range(max(0, at - max(WINDOWS)), at + 1)],
                        1.5,
                        0.05,
                    )
                ),
                None,
            )
            for each in seconds
        ),
    }


def _goals(runs: int) -> int:
    setting = Setting(Stream(0.80, 0.86, pool=400, alike=0.2), 0.06, 800)
    quick = simulate(setting, runs, _SEED).better
    crowd, slow = Crowd(runs), np.full(runs, -1.0)
    for event in setting.stream.events(runs, setting.events, _SEED):
        crowd.add(event)
        for at in np.flatnonzero(slow < 0):
            arms = crowd.totals(0, int(at)), crowd.totals(1, int(at))
            p = p_value_above(*arms, setting.bound, setting.effect)
            if p is not None and p <= setting.alpha and min(a.users for a in arms) >= MIN_USERS:
                slow[at] = (arms[0].users + arms[1].users) / 2
    return int((quick != slow).sum())


def _plain(rollout: Rollout) -> int | None:
    """One look after each request, by nothing but the platform's functions."""
    limits = Limits()
    requests, errors = [0, 0], [0, 0]
    for at, (arm, failed) in enumerate(zip(rollout.candidate, rollout.failed, strict=True)):
        requests[int(arm)] += 1
        errors[int(arm)] += int(failed)
        if errors[1] < MIN_BAD or not requests[0]:
            continue
        share = share_of_errors(limits.ratio, requests[1], requests[0])
        evidence = max(
            evidence_above(errors[1], sum(errors), share),
            evidence_above(errors[1], requests[1], limits.hard),
        )
        if evidence >= 1 / limits.alpha:
            return at
    return None
