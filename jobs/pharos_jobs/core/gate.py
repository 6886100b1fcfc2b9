"""Whether an evaluated model may be registered, and every limit that it misses (row CHK-2, 3)."""

from collections.abc import Mapping
from decimal import Decimal

from pharos_api.model import QualityGate

_MIB = 1024 * 1024


def missed_limits(metrics: Mapping[str, str], gate: QualityGate) -> list[str]:
    """A phrase with value and limit for each limit that is missed; empty means passed.

    ``metrics`` are those of the evaluate step: decimal strings, and ``sizeBytes``.
    """
    minima = (
        ("validation accuracy", "validationAccuracy", gate.min_validation_accuracy),
        ("test accuracy", "testAccuracy", gate.min_test_accuracy),
        ("macro-F1", "macroF1", gate.min_macro_f1),
    )
    missed = [
        f"{name} {metrics[key]} is below {limit}"
        for name, key, limit in minima
        if Decimal(metrics[key]) < Decimal(limit)
    ]
    if int(metrics["sizeBytes"]) > gate.max_size_mib * _MIB:
        size_mib = int(metrics["sizeBytes"]) / _MIB
        missed.append(f"size {size_mib:.0f} MiB is above {gate.max_size_mib} MiB")
    if gate.must_beat_baseline and Decimal(metrics["macroF1"]) <= Decimal(
        metrics["baselineMacroF1"]
    ):
        missed.append(
            f"macro-F1 {metrics['macroF1']} does not beat the linear baseline's "
            f"{metrics['baselineMacroF1']}"
        )
    return missed


def gate_sentence(missed: list[str]) -> str:
    """What stands in the run's condition when the gate is missed."""
    return (
        f"The model misses its quality gate: {'; '.join(missed)}. Train longer or on more papers, "
        "or change spec.qualityGate of the Model, and start a new run."
    )
