"""Whether the comparison itself is to be trusted: the tests, the split, the log, the labels.

Each doubt comes with its numbers and its limit. It holds the decision and never ends it: what broke
the split says nothing of the candidate. Must not judge a metric.
"""

from collections.abc import Iterator

from pharos_analysis.judgement import Distrust
from pharos_analysis.sample_ratio import mismatch_e_value
from pharos_analysis.samples import ArmLog, Facts, LabelSample
from pharos_api.abexperiment import ABExperimentSpec
from pharos_api.metrics import BuiltIn, MetricRole

Doubt = tuple[Distrust, str]
# Counts beyond this are no counts; it keeps the arithmetic finite.
MOST = 10**15


def distrust(spec: ABExperimentSpec, facts: Facts) -> tuple[Doubt, ...]:
    """All reasons not to trust the comparison; the log gives none where it was not readable."""
    labels = facts.labels
    if labels is None or labels.error:
        return tuple(_self_test(facts))
    return (
        *_self_test(facts),
        *_sample_ratio(spec, labels),
        *_multiple_exposure(spec, labels),
        *_contradictions(labels),
        *_coverage(spec, labels),
        *_lost(spec, labels),
    )


def coverage(log: ArmLog) -> float | None:
    """Percent of the mature rows that have a label; None without a mature row."""
    mature = _count(log.mature)
    return 100 * min(mature, _count(log.labelled)) / mature if mature else None


def _self_test(facts: Facts) -> Iterator[Doubt]:
    """The tests raise false alarms on this Model's own traffic."""
    if facts.self_test:
        yield Distrust.SELF_TEST, facts.self_test


def _sample_ratio(spec: ABExperimentSpec, labels: LabelSample) -> Iterator[Doubt]:
    """Both arms have equally many buckets, so each user is on either with probability one half."""
    control, candidate = _count(labels.control.users), _count(labels.candidate.users)
    alpha = max(1e-12, float(spec.health.srm_alpha))
    if mismatch_e_value((control, candidate), (1.0, 1.0)) >= 1 / alpha:
        wanted = f"equal arms were wanted (srmAlpha {spec.health.srm_alpha})"
        yield (
            Distrust.SAMPLE_RATIO,
            f"{control} users on control, {candidate} on the candidate; {wanted}",
        )


def _multiple_exposure(spec: ABExperimentSpec, labels: LabelSample) -> Iterator[Doubt]:
    multiple = _count(labels.multiple)
    # A user of both arms is counted in each.
    users = max(multiple, _count(labels.control.users) + _count(labels.candidate.users) - multiple)
    limit = spec.health.max_multiple_exposure_percent
    if users >= spec.decision.min_users and 100 * multiple > limit * users:
        said = f"{multiple} of {users} users were seen in both arms; limit {limit} %"
        yield Distrust.MULTIPLE_EXPOSURE, said


def _contradictions(labels: LabelSample) -> Iterator[Doubt]:
    found = _count(labels.contradictions)
    if found:
        said = f"{found} predictions are of another arm than bucket and exposure give; limit 0"
        yield Distrust.CONTRADICTIONS, said


def _coverage(spec: ABExperimentSpec, labels: LabelSample) -> Iterator[Doubt]:
    """Labels that come more often for one arm compare two different kinds of requests."""
    if not any(
        m.name == BuiltIn.ACCURACY and m.role is not MetricRole.SIGNAL for m in spec.metrics
    ):
        return
    few = min(_count(labels.control.mature), _count(labels.candidate.mature))
    control, candidate = coverage(labels.control), coverage(labels.candidate)
    if control is None or candidate is None or few < spec.decision.min_requests:
        return
    limit = spec.decision.labels.max_coverage_gap_percent
    if abs(control - candidate) > limit:
        said = f"labels cover {candidate:.1f} % of the candidate's and {control:.1f} % of control's"
        yield Distrust.COVERAGE, f"{said} mature predictions; limit of the gap {limit} points"


def _lost(spec: ABExperimentSpec, labels: LabelSample) -> Iterator[Doubt]:
    """Too much is lost, or the arms lose differently: by more than half of what is allowed."""
    limit = spec.health.max_dropped_percent
    control, candidate = _dropped(labels.control), _dropped(labels.candidate)
    said = f"{candidate:.1f} % of the candidate's and {control:.1f} % of control's rows were lost"
    if max(control, candidate) > limit:
        yield Distrust.LOST_ROWS, f"{said}; limit {limit} %"
    elif abs(control - candidate) > limit / 2:
        yield Distrust.LOST_ROWS, f"{said}; limit of the gap {limit / 2:g} points"


def _dropped(log: ArmLog) -> float:
    dropped, kept = _count(log.dropped), _count(log.rows)
    return 100 * dropped / (dropped + kept) if dropped else 0.0


def _count(number: int) -> int:
    return min(MOST, max(0, number))
