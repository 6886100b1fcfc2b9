"""The classical report as a few lines for a person; the JSON holds more."""

from collections.abc import Iterator
from typing import Any

from pharos_console.experiments.records import JsonObject


def as_text(told: JsonObject) -> str:
    """The report of ``classical.reported``."""
    return "\n".join(_lines(told))


def _lines(told: JsonObject) -> Iterator[str]:
    found, behind = told["results"], told["details"]
    yield f"{told['experiment']['name']}, {found['duration_days']} days, from {told['evidence']}"
    for name in ("control", "treatment"):
        yield _side(name, found[name], behind["accuracy_interval"][name])
    significance = found["statistical_significance"]
    if significance:
        low, high = significance["confidence_interval"]
        yield (
            f"accuracy of treatment - control: {significance['improvement']:+.4f} "
            f"({low:+.4f} to {high:+.4f}), p {significance['accuracy_p_value']:g}"
        )
    for name, test in behind["tests"].items():
        if test:
            yield f"{name}: statistic {test['statistic']:g}, p {test['p_value']:g}"
    if behind["sample_size"]:
        yield f"users an arm for the wanted improvement: {behind['sample_size']}"
    if behind["minimum_detectable_effect"]:
        yield f"smallest difference that so many users show: {behind['minimum_detectable_effect']}"
    yield f"recommendation: {found['recommendation']}: {found['reason']}"
    yield f"the operator, which looks all the time and so decides otherwise: {_decision(told)}"


def _side(name: str, side: JsonObject, interval: list[float] | None) -> str:
    accuracy = "no labels" if side["accuracy"] is None else f"accuracy {side['accuracy']:.4f}"
    if interval:
        accuracy += f" ({interval[0]:.4f} to {interval[1]:.4f})"
    if side["f1_score"] is not None:
        accuracy += f", macro-F1 {side['f1_score']:.4f}"
    latency = "" if side["latency_p95"] is None else f", p95 {side['latency_p95']} ms"
    return f"{name} {side['version']}: {side['predictions']} predictions, {accuracy}{latency}"


def _decision(told: dict[str, Any]) -> str:
    return str(told["decision"] or "not decided yet")
