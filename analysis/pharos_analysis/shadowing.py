"""Judges a Shadow: requests that both versions answered, of which users saw control's answer alone.

Pairs need far fewer samples than arms, because both versions met the same request: agreement, the
labelled pairs on which the two differ (McNemar 1947, Psychometrika 12, 153-157), the candidate's
errors and latencies. Each test is by betting (``betting.py``), so it may be looked at at any time.

A candidate that crashes or hangs writes no row, so nothing of it can be paired. The gateways count
its copies, each second, beside production's own requests; of these counters only harm counts.
"""

from collections.abc import Iterator
from datetime import datetime
from math import sqrt

from pharos_analysis import counted, policy
from pharos_analysis.betting import evidence_above
from pharos_analysis.fast import by_counters
from pharos_analysis.finding import OUTCOMES, Finding, Standing
from pharos_analysis.judgement import Judgement
from pharos_analysis.labelled import HARM_SHARE
from pharos_analysis.pairs import evidence_worse
from pharos_analysis.readings import READINGS
from pharos_analysis.samples import ArmSample, Facts, PairSample, Sample
from pharos_analysis.silence import silence
from pharos_api.abexperiment import DEFAULT_METRICS, ABExperimentSpec, Measurement, Outcome
from pharos_api.meta import whole_seconds
from pharos_api.metrics import BuiltIn, Metric

AGREEMENT, CORRECTNESS = "agreement", "paired-correctness"
_SOURCE = "the pairs of the shadow"


def judge_shadow(spec: ABExperimentSpec, facts: Facts, now: datetime) -> Judgement:
    """Harm where pairs or counters condemn the candidate, Won where the pairs are enough and pass.

    Metrics of the spec that pairs can tell are judged by their limits on the candidate alone;
    ratios of latencies against control's on the same requests. Too few pairs hold.
    """
    pairs = facts.pairs or PairSample()
    findings = [_agreement(spec, pairs, now), _correctness(spec, pairs, now)]
    findings += _served(spec, pairs, now)
    harm = {found.metric.name: found for found in _harm_at_gateways(spec, facts, now)}
    findings = [found for found in findings if found.metric.name not in harm]
    return policy.rule([*findings, *harm.values()], policy.Doubts())


def _harm_at_gateways(spec: ABExperimentSpec, facts: Facts, now: datetime) -> Iterator[Finding]:
    """Copies that failed, or have no answer: production's own requests are their baseline.

    Latencies are left to the pairs, which compare the same requests.
    """
    given = {metric.name: metric for metric in spec.metrics}
    errors, slowness = (given.get(usual.name, usual) for usual in DEFAULT_METRICS)
    failed = by_counters(errors, spec, facts, now)
    if failed is not None and failed.standing is Standing.HARM:
        yield failed
    hangs = silence(slowness, spec.decision, facts, now)
    if hangs is not None:
        yield hangs


def _agreement(spec: ABExperimentSpec, pairs: PairSample, now: datetime) -> Finding:
    """Whether both gave the same label often enough, where both gave one."""
    asked = spec.shadow.min_agreement
    answered = max(0, pairs.pairs - max(0, pairs.errors))
    agreed = min(answered, max(0, pairs.agreed))
    limit = 1 - float(asked)
    bets = evidence_above(answered - agreed, answered, limit), counted.needed(spec.decision.alpha)
    standing, verdict = _weighed(answered - agreed, answered, bets, spec.shadow.min_pairs)
    if standing is Standing.CLEAR and answered - agreed > limit * answered:
        standing, verdict = Standing.SHORT, "is below it, and more pairs are needed to tell"
    value = f"{agreed / answered:.4f} ({agreed} of {answered})" if answered else "none"
    metric = Metric(name=AGREEMENT, abort_below=asked)
    return _finding(metric, pairs, (standing, f"agreement {value} {verdict}", f">= {asked}"), now)


def _correctness(spec: ABExperimentSpec, pairs: PairSample, now: datetime) -> Finding:
    """McNemar: of the labelled pairs that differ in correctness, candidate must not lose more.

    Without labels it is shown alone: a shadow need not wait for them.
    """
    lost, won = max(0, pairs.only_control), max(0, pairs.only_candidate)
    needed = counted.needed(spec.decision.alpha) / HARM_SHARE
    standing, verdict = _weighed(lost, lost + won, (evidence_worse(lost, won), needed), 1)
    if standing is Standing.SHORT and lost + won == 0:
        standing = Standing.SHOWN
    message = f"control alone was right on {lost}, the candidate alone on {won} pairs: {verdict}"
    metric = Metric(name=CORRECTNESS, margin="0")
    return _finding(metric, pairs, (standing, message, "no worse than control"), now)


def _weighed(bad: int, seen: int, bets: tuple[float, float], least: int) -> tuple[Standing, str]:
    """Where ``bad`` of ``seen`` pairs stand; ``bets`` are the evidence and what condemns."""
    evidence, needed = bets
    if evidence >= needed and bad >= counted.MIN_BAD:
        return Standing.HARM, "is beyond the limit"
    if seen < least:
        return Standing.SHORT, f"rests on {seen} of {least} pairs"
    if evidence >= sqrt(needed):
        return Standing.SHORT, "may be beyond the limit: more pairs are needed to tell"
    return Standing.CLEAR, "is within the limit"


def _finding(
    metric: Metric, pairs: PairSample, said: tuple[Standing, str, str], now: datetime
) -> Finding:
    standing, message, limit = said
    if pairs.error:
        standing, message = Standing.ABSENT, f"the pairs could not be read: {pairs.error}"
    measured = Measurement(
        metric=metric.name,
        outcome=Outcome.ERROR if pairs.error else OUTCOMES[standing],
        message=message,
        limit=limit,
        query=_SOURCE,
        at=whole_seconds(now),
    )
    return Finding(metric, standing, measured)


def _served(spec: ABExperimentSpec, pairs: PairSample, now: datetime) -> list[Finding]:
    """Errors and latencies of the candidate on the same requests as control."""
    rule = spec.decision.model_copy(update={"min_requests": spec.shadow.min_pairs})
    seen = float(max(0, pairs.pairs))
    sample = Sample(
        ArmSample(seen, 0.0, pairs.control_latency),
        ArmSample(seen, float(max(0, pairs.errors)), pairs.candidate_latency),
        queries=(("candidate.errors", _SOURCE), ("candidate.latency", _SOURCE)),
        error=pairs.error,
    )
    return [counted.find(metric, rule, sample, now) for metric in _limits(spec)]


def _limits(spec: ABExperimentSpec) -> list[Metric]:
    """The spec's metrics that pairs can tell, and always a limit of errors.

    Control answered every pair, so its errors are no baseline: of the error rate only the
    candidate's own limit stays, by default that of an experiment without metrics.
    """
    usual = DEFAULT_METRICS[0]
    given = {metric.name: metric for metric in spec.metrics}
    errors = given.get(BuiltIn.ERROR_RATE, usual)
    own = errors.model_copy(
        update={"max_ratio": None, "abort_above": errors.abort_above or usual.abort_above}
    )
    others = [m for m in spec.metrics if m.name in READINGS and m.name != BuiltIn.ERROR_RATE]
    return [own, *others]
