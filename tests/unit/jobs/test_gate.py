from dataclasses import dataclass, field

import pytest

from pharos_api.model import QualityGate
from pharos_jobs.core.gate import gate_sentence, missed_limits

GOOD = {
    "validationAccuracy": "0.91",
    "testAccuracy": "0.89",
    "macroF1": "0.88",
    "baselineMacroF1": "0.86",
    "sizeBytes": str(268 * 1024 * 1024),
}


@dataclass(frozen=True)
class Case:
    changes: dict[str, str]
    missed: tuple[str, ...]
    gate: QualityGate = field(default_factory=QualityGate)


CASES = {
    "a good model passes": Case({}, ()),
    "just at every limit passes": Case(
        {
            "validationAccuracy": "0.9",
            "testAccuracy": "0.88",
            "macroF1": "0.85",
            "baselineMacroF1": "0.8499",
            "sizeBytes": str(500 * 1024 * 1024),
        },
        (),
    ),
    "validation below its limit": Case(
        {"validationAccuracy": "0.8999"}, ("validation accuracy 0.8999 is below 0.90",)
    ),
    "test below its limit": Case({"testAccuracy": "0.87"}, ("test accuracy 0.87 is below 0.88",)),
    "macro-F1 below its limit": Case(
        {"macroF1": "0.84", "baselineMacroF1": "0.8"}, ("macro-F1 0.84 is below 0.85",)
    ),
    "one byte too large": Case(
        {"sizeBytes": str(500 * 1024 * 1024 + 1)}, ("size 500 MiB is above 500 MiB",)
    ),
    "no better than the baseline": Case(
        {"baselineMacroF1": "0.88"}, ("macro-F1 0.88 does not beat the linear baseline's 0.88",)
    ),
    "the baseline may win where the gate allows it": Case(
        {"baselineMacroF1": "0.95"}, (), QualityGate(must_beat_baseline=False)
    ),
    "every miss is named": Case(
        {"validationAccuracy": "0.5", "testAccuracy": "0.5"},
        ("validation accuracy 0.5 is below 0.90", "test accuracy 0.5 is below 0.88"),
    ),
}


@pytest.mark.requirement("CHK-3")
@pytest.mark.requirement("GOL-3")
@pytest.mark.requirement("GOL-4")
@pytest.mark.requirement("SUC-5")
@pytest.mark.requirement("SUC-6")
@pytest.mark.requirement("SUC-7")
@pytest.mark.requirement("SUC-8")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_missed_limits(case: Case) -> None:
    assert missed_limits({**GOOD, **case.changes}, case.gate) == list(case.missed)


def test_the_sentence_says_what_to_do() -> None:
    sentence = gate_sentence(["test accuracy 0.5 is below 0.88"])
    assert "test accuracy 0.5 is below 0.88" in sentence
    assert "change spec.qualityGate" in sentence
