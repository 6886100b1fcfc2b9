"""Guardrails on requests: false alarms of candidates on a limit and of healthy ones, and delays."""

import numpy as np

from delivery import latencies
from delivery.rollouts import Limits, drawn, first_failure
from delivery.seconds import Fault, counted, first_alarm

ROLLOUTS = 10_000
HEALTHY_RATES = (0.001, 0.01, 0.05)
_SEED = 20261124
_LATENCY_ROLLOUTS = 1000
_DELAYS = 400
_A_SECOND = 25
_HEALTHY_BEFORE = (0, 1000, 5000, 20_000)


def type_one(less: int) -> dict[str, object]:
    """Shares of candidates that lie exactly on a limit and are failed, in 20,000 requests."""
    settings = {
        "on the ratio, control 1 %": (0.01, 0.015),
        "on the ratio, control 5 %": (0.05, 0.075),
        "on the hard limit, control as bad": (0.10, 0.10),
    }
    found = {name: _failed(rates, 20_000, ROLLOUTS // less) for name, rates in settings.items()}
    found["by the last seconds, on the ratio, control 1 %"] = _alarmed(
        Fault(0.01, 0.015, 0.01), 50_000, ROLLOUTS // less
    )
    return {"share": max(found.values()), "experiments": ROLLOUTS // less, "settings": found}


def false_rollbacks(less: int) -> dict[str, object]:
    """Shares of healthy rollouts of 100,000 requests that are failed, by errors and by latency.

    ``share`` adds up the worst of each way of failing: no rollout can fail more often than that.
    ``platformFault``: of those in which 30 % of both arms' requests fail for a minute, the share
    condemned by the last seconds.
    """
    by_errors = {
        f"{100 * rate:g} % errors": _failed((rate, rate), 100_000, ROLLOUTS // less)
        for rate in HEALTHY_RATES
    }
    by_seconds = {
        f"{100 * rate:g} % errors, by the last seconds": _alarmed(
            Fault(rate, rate, rate), 100_000, ROLLOUTS // less
        )
        for rate in HEALTHY_RATES
    }
    draws = np.random.default_rng(_SEED)
    slow = [latencies.fails(draws, 50_000, 100) for _ in range(_LATENCY_ROLLOUTS // less)]
    shares = {
        **by_errors,
        **by_seconds,
        "equal latencies, a look each 100 requests": float(np.mean(slow)),
    }
    return {
        "share": round(
            max(by_errors.values()) + max(by_seconds.values()) + float(np.mean(slow)), 4
        ),
        "rollouts": ROLLOUTS // less,
        "latencyRollouts": len(slow),
        "seed": _SEED,
        "settings": shares,
        "platformFault": _alarmed(Fault(0.01, 0.3, 0.3, 300), 360 * 2 * _A_SECOND, 1000 // less),
    }


def detection(less: int) -> dict[str, object]:
    """The candidate's requests, or seconds, from its first bad answers on until it is failed."""
    since_exposure = {
        f"1 % -> {100 * rate:g} %, after {before} healthy requests": _delays(
            rate, before, max(40, _DELAYS // less)
        )
        for rate in (0.06, 0.30)
        for before in _HEALTHY_BEFORE
    }
    by_seconds = {
        f"1 % -> {100 * rate:g} %, after {after} s, {a_second} requests/s an arm": _alarms(
            Fault(0.01, rate, 0.01, after), a_second, max(40, _DELAYS // less)
        )
        for rate in (0.06, 0.30)
        for a_second in (25, 50)
        for after in (0, 60, 600)
    }
    return {"sinceExposure": since_exposure, "lastSeconds": by_seconds}


def _failed(rates: tuple[float, float], requests: int, rollouts: int) -> float:
    draws = np.random.default_rng((_SEED, requests, int(1e6 * rates[1])))
    limits = Limits()
    failed = sum(
        first_failure(drawn(draws, requests, rates), limits) is not None for _ in range(rollouts)
    )
    return failed / rollouts


def _alarmed(fault: Fault, requests: int, rollouts: int) -> float:
    draws = np.random.default_rng((_SEED, requests, int(1e6 * fault.candidate)))
    seconds = requests // (2 * _A_SECOND)
    alarms = sum(
        first_alarm(counted(draws, seconds, _A_SECOND, fault)) is not None for _ in range(rollouts)
    )
    return alarms / rollouts


def _alarms(fault: Fault, a_second: int, rollouts: int) -> dict[str, object]:
    draws = np.random.default_rng((_SEED, a_second, fault.after, int(1e6 * fault.candidate)))
    found = [
        first_alarm(counted(draws, fault.after + 300, a_second, fault)) for _ in range(rollouts)
    ]
    delays = [at - fault.after for at in found if at is not None and at > fault.after]
    return {
        "medianS": float(np.median(delays)),
        "p95S": float(np.quantile(delays, 0.95)),
        "found": len(delays),
        "rollouts": rollouts,
        "seconds": delays,
    }


def _delays(rate: float, before: int, rollouts: int) -> dict[str, object]:
    draws = np.random.default_rng((_SEED, before, int(1e6 * rate)))
    delays = []
    for _ in range(rollouts):
        rollout = drawn(draws, before + 40_000, (0.01, rate), before)
        at = first_failure(rollout, Limits())
        if at is not None and at >= before:
            delays.append(int(rollout.candidate[before : at + 1].sum()))
    return {
        "medianRequests": float(np.median(delays)),
        "p95Requests": float(np.quantile(delays, 0.95)),
        "found": len(delays),
        "rollouts": rollouts,
        "requests": delays,
    }
