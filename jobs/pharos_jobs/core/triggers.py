"""Whether a Model is to be trained again: the triggers, each read for itself, and the verdict.

Pure: settled point A20, rows RET-4, RET-11, RET-12 and RET-16. What could not be measured is no
data or an error, and neither ever starts anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from pharos_analysis.dropping import Drop
from pharos_api.checking import CheckResult
from pharos_api.retraining import Attempt, DriftReading, Trigger, TriggerReading, TriggerState

GROWTH_LIMIT_PERCENT = 10.0
# Which cause is told where several hold: the one that says most about why.
_WEIGHT = (
    Trigger.MANUAL,
    Trigger.ACCURACY_DROP,
    Trigger.DATA_GROWTH,
    Trigger.DRIFT,
    Trigger.SCHEDULED,
)
# A retraining answers them once: they hold on for as long as the same version is in production.
_ONCE = (Trigger.ACCURACY_DROP, Trigger.DRIFT)
_ANSWERED = "is not in production: it starts no other before the data has grown."


@dataclass(frozen=True, slots=True)
class Growth:
    """New samples beside the ``present`` ones of a data set, and ``whose`` that is.

    ``feedback`` of the new are from users. ``earlier`` of the present ones came with a retraining
    after production's data set.
    """

    new: int
    present: int
    whose: str
    feedback: int = 0
    earlier: int = 0


def growth_percent(new_data_count: int, current_dataset_size: int) -> float:
    """By how many percent the data grew (row RET-16); out of nothing, by a hundred."""
    if current_dataset_size < 1:
        return 100.0 if new_data_count else 0.0
    return 100.0 * new_data_count / current_dataset_size


def should_retrain(
    new_data_count: int, current_dataset_size: int, limit_percent: float = GROWTH_LIMIT_PERCENT
) -> bool:
    """Whether the data grew by more than the limit (rows RET-4, RET-11).

    >>> should_retrain(1500, 10_000), should_retrain(1000, 10_000)
    (True, False)
    """
    return growth_percent(new_data_count, current_dataset_size) > limit_percent


def growth_reading(found: Growth, limit_percent: int) -> TriggerReading:
    """How much came since production, or a later retraining, was trained."""
    fired = should_retrain(found.new, found.present, limit_percent)
    grown = growth_percent(found.new, found.present)
    told = f", {found.feedback:,} of them labelled by users" if found.feedback else ""
    return TriggerReading(
        trigger=Trigger.DATA_GROWTH,
        state=_state(fired),
        value=_decimal(grown),
        limit=str(limit_percent),
        message=(
            f"{found.new:,} new samples{told} beside the {found.present:,} of {found.whose}: "
            f"{grown:.1f} %, {'above' if fired else 'not above'} {limit_percent} %."
        ),
    )


def accuracy_reading(found: Drop, limit_percent: int) -> TriggerReading:
    """How far accuracy lies below what it was at the promotion: by its interval, in points."""
    at_least, estimate = 100 * found.at_least, 100 * found.estimate
    fired = at_least > limit_percent
    proven = "proven" if fired else "not proven"
    return TriggerReading(
        trigger=Trigger.ACCURACY_DROP,
        state=_state(fired),
        value=_decimal(estimate),
        limit=str(limit_percent),
        message=(
            f"Accuracy is {_points(estimate)} than at the promotion; by its interval the drop is "
            f"at least {at_least:.1f} points, so more than {limit_percent} is {proven}."
        ),
    )


def drift_reading(found: DriftReading, limit: str, starts: bool) -> TriggerReading:
    """Whether what production sees has moved; it starts nothing unless the policy lets it."""
    scores = {
        "input": found.input_score,
        "prediction": found.prediction_score,
        "label": found.label_score,
        "confidence": found.confidence_score,
    }
    known = {name: score for name, score in scores.items() if score is not None}
    if not known:
        return unknown(Trigger.DRIFT, f"Drift was not measured: {found.texts:,} texts in the log.")
    highest = max(known.values(), key=Decimal)
    if not found.detected:
        state, said = TriggerState.QUIET, f"No drift: the highest score is {highest}."
    else:
        named = ", ".join(found.detected)
        state = _state(starts)
        said = f"Drift of {named}: the highest score is {highest}, the limit {limit}."
        said += "" if starts else " It starts nothing, for triggers.onDrift is off."
    return TriggerReading(
        trigger=Trigger.DRIFT, state=state, value=highest, limit=limit, message=said
    )


def unanswered(reading: TriggerReading, attempt: Attempt | None) -> TriggerReading:
    """The reading, quiet where a retraining of the same production was made for it already.

    What got worse stays so until another version is in production. More of the same data would
    change nothing: another one starts when the data has grown, or when a person asks.
    """
    fired = reading.state is TriggerState.FIRED and reading.trigger in _ONCE
    if attempt is None or not fired or reading.trigger not in attempt.answered:
        return reading
    said = f"{reading.message} {attempt.run} was made for it and {_ANSWERED}"
    quiet = {"state": TriggerState.QUIET, "message": said}
    return reading.model_copy(update=quiet)


def scheduled_reading(always: bool) -> TriggerReading:
    """Whether the schedule alone is enough."""
    said = (
        "The policy retrains at each check."
        if always
        else "The policy retrains only for a cause (onSchedule: WhenTriggered)."
    )
    return TriggerReading(trigger=Trigger.SCHEDULED, state=_state(always), message=said)


def manual_reading(reason: str) -> TriggerReading:
    """A person asked for it."""
    said = f"Asked for by a person: {reason}"
    return TriggerReading(trigger=Trigger.MANUAL, state=TriggerState.FIRED, message=said)


def unknown(trigger: Trigger, why: str) -> TriggerReading:
    """There is nothing to measure yet."""
    return TriggerReading(trigger=trigger, state=TriggerState.NO_DATA, message=why)


def failed(trigger: Trigger, why: str) -> TriggerReading:
    """What was to be asked is away or refuses."""
    return TriggerReading(trigger=trigger, state=TriggerState.ERROR, message=why)


def verdict(
    readings: Sequence[TriggerReading], found: Growth | None, drift: DriftReading | None
) -> CheckResult:
    """What all readings together come to: due where at least one has fired."""
    fired = {each.trigger: each for each in readings if each.state is TriggerState.FIRED}
    chosen = next((fired[trigger] for trigger in _WEIGHT if trigger in fired), None)
    return CheckResult(
        due=chosen is not None,
        trigger=chosen.trigger if chosen else None,
        reason=chosen.message if chosen else _quiet(readings),
        readings=list(readings),
        dataset_samples=found.present - found.earlier if found else 0,
        new_samples=found.earlier + found.new if found else 0,
        drift=drift,
    )


def _quiet(readings: Sequence[TriggerReading]) -> str:
    """What was measured of growth, and what a retraining has answered, say most of why not."""
    blind = [each.trigger.value for each in readings if each.state is TriggerState.ERROR]
    first = f"No trigger fired; not measured: {', '.join(blind)}." if blind else "No trigger fired."
    telling = [
        each.message
        for each in readings
        if each.state is TriggerState.QUIET
        and (each.trigger is Trigger.DATA_GROWTH or each.message.endswith(_ANSWERED))
    ]
    return " ".join([first, *telling])


def _state(fired: bool) -> TriggerState:
    return TriggerState.FIRED if fired else TriggerState.QUIET


def _points(estimate: float) -> str:
    return f"{abs(estimate):.1f} points {'lower' if estimate > 0 else 'higher'}"


def _decimal(number: float) -> str:
    return f"{number:.2f}"
