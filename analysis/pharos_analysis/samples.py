"""What was counted of two arms over a window, as frozen values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Histogram:
    """Latencies of one arm: cumulative counts at upper bounds in milliseconds, the last is +Inf."""

    bounds_ms: tuple[float, ...] = ()
    counts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ArmSample:
    """What the metrics say about one arm over a window. None: no series there (no data).

    ``requests`` were answered. ``sent`` were given to a pod, each repetition anew; of them at least
    ``in_flight`` waited for their answer at the end of the window. Prometheus tells neither.
    """

    requests: float | None = None
    errors: float | None = None
    latency: Histogram | None = None
    sent: float | None = None
    in_flight: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the metrics. ``error`` is the provider's own message when it could not answer.

    It was read within ``took_s`` after the end of the window, ``in_flight`` before all else.
    ``partial``: somebody who had been counted could not be read, so more may be in flight.
    """

    control: ArmSample = ArmSample()
    candidate: ArmSample = ArmSample()
    window_s: float = 0.0
    queries: tuple[tuple[str, str], ...] = ()
    error: str = ""
    took_s: float = 0.0
    partial: bool = False


@dataclass(frozen=True, slots=True)
class UserTotals:
    """Sums over the users of one arm, of whom user ``i`` has ``n_i`` values that sum to ``s_i``.

    From these alone follow the mean over all values and its variance with the user as the unit:
    users, Σ n, Σ s, Σ n², Σ n s, Σ s².
    """

    users: int = 0
    n: float = 0.0
    s: float = 0.0
    nn: float = 0.0
    ns: float = 0.0
    ss: float = 0.0


@dataclass(frozen=True, slots=True)
class LabelledMetric:
    """A metric on labels of both arms. ``group`` is empty for everybody, else ``label=cs.AI``."""

    metric: str
    control: UserTotals
    candidate: UserTotals
    group: str = ""


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """Of the mature rows: whose label is the class, whose answer is, and that have both."""

    name: str
    labelled: int
    predicted: int
    right: int


@dataclass(frozen=True, slots=True)
class ArmLog:
    """What the prediction log knows of one arm. ``mature`` rows are older than the label window.

    ``users`` are all that were seen there, ``labelled`` the mature rows that have a label,
    ``dropped`` the rows that were lost before they reached the log. ``classes`` are those that
    occur there.
    """

    users: int = 0
    rows: int = 0
    mature: int = 0
    labelled: int = 0
    dropped: int = 0
    classes: tuple[ClassCounts, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelSample:
    """One look at the prediction log. ``error`` is the store's own message when it was away.

    ``multiple`` are users seen in both arms, ``contradictions`` rows whose arm is not the one that
    their bucket and the exposure give. ``until`` is the moment (RFC 3339) before which rows are
    mature; ``queries`` name what was asked.
    """

    control: ArmLog = ArmLog()
    candidate: ArmLog = ArmLog()
    metrics: tuple[LabelledMetric, ...] = ()
    multiple: int = 0
    contradictions: int = 0
    until: str = ""
    queries: tuple[tuple[str, str], ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class PairSample:
    """Requests that both versions answered, from a Shadow.

    ``agreed`` gave the same label. Of the labelled pairs, ``only_control`` are those that control
    alone got right, ``only_candidate`` those that the candidate alone got right (McNemar's b, c).
    ``errors`` are pairs in which the candidate failed; latencies are each arm's.
    """

    pairs: int = 0
    agreed: int = 0
    labelled: int = 0
    only_control: int = 0
    only_candidate: int = 0
    errors: int = 0
    control_latency: Histogram | None = None
    candidate_latency: Histogram | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class QueryValue:
    """What a metric's own PromQL gave for one arm each; None where there was no series."""

    metric: str
    control: float | None
    candidate: float | None
    query: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that one judgement rests on. What was not due is None.

    ``audited`` comes from Prometheus, ``fast`` from the gateways' own counters since the exposure
    began; ``exposure`` is in buckets an arm. ``without_data_s`` says for how long each metric has
    had no value, as ``(metric, seconds)``; ``beyond_s`` for how long a plain number has been beyond
    its limit at every look. ``recent`` are the fast looks of the last two minutes, a second apart
    and the newest last, of which only the counts are needed. ``self_test`` is the sentence of the
    Model's A/A self-test where that failed, else empty.
    """

    audited: Sample | None = None
    fast: Sample | None = None
    labels: LabelSample | None = None
    pairs: PairSample | None = None
    values: tuple[QueryValue, ...] = ()
    exposure: int = 0
    without_data_s: tuple[tuple[str, float], ...] = ()
    beyond_s: tuple[tuple[str, float], ...] = ()
    recent: tuple[Sample, ...] = ()
    self_test: str = ""


@dataclass(frozen=True, slots=True)
class LoggedErrors:
    """Errors in a part of the prediction log, as ``(code, rows)``, the most frequent first.

    ``problem`` is the store's own message where the log could not be read.
    """

    codes: tuple[tuple[str, int], ...] = ()
    problem: str = ""
