"""The model card: every section, numbers from what was measured, no word that nobody said."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from jobs_builders import step_input

from pharos_api.trainingrun import StepName
from pharos_jobs.core.card_data import (
    balance_sentence,
    confused_sentence,
    period_sentence,
    source_sentence,
    weakest_sentence,
)
from pharos_jobs.core.model_card import model_card
from pharos_jobs.core.model_metadata import Facts, metadata

SECTIONS = (
    "Model Details",
    "Intended Use",
    "Training Data",
    "Evaluation Data",
    "Ethical Considerations",
    "Caveats and Recommendations",
)
WORDS = {
    "developers": "Neo Alexandria ML Team",
    "license": "apache-2.0",
    "languages": ["en"],
    "intendedUse": "Classify academic papers into CS categories",
    "intendedUsers": "researchers, librarians",
    "outOfScope": "medical diagnosis, legal advice",
    "ethicalConsiderations": "It may favour\ncertain research areas.",
    "caveats": ["English only, CS domain only.", "Not suitable for non-CS papers."],
}
PER_CLASS = {
    "cs.AI": {"precision": 0.8, "recall": 0.7, "f1": 0.7467, "support": 100},
    "cs.CV": {"precision": 0.95, "recall": 0.96, "f1": 0.955, "support": 100},
    "cs.LG": {"precision": 0.75, "recall": 0.85, "f1": 0.797, "support": 100},
}
TEST = {
    "samples": 300,
    "perClass": PER_CLASS,
    "confusionMatrix": [[70, 5, 25], [2, 96, 2], [13, 2, 85]],
}
FACTS = Facts(
    version="v1.0.0",
    architecture="distilbert",
    card={
        "source": {"arxiv": {"categories": ["cs.AI", "cs.CV", "cs.LG"], "startDate": "2020-01-01"}},
        "samples": 3000,
        "perClass": {"cs.AI": 1000, "cs.CV": 1000, "cs.LG": 1000},
        "splits": {"train": 2400, "val": 300, "test": 300},
        "labels": ["cs.AI", "cs.CV", "cs.LG"],
        "split": "80/10/10",
        "sha256": "ab" * 32,
        "labelPolicy": "Exclusive",
    },
    evaluation={
        "createdAt": "2025-11-16T10:00:00+00:00",
        "metrics": {
            "trainAccuracy": "0.95",
            "validationAccuracy": "0.84",
            "testAccuracy": "0.8367",
            "macroF1": "0.8329",
            "calibrationError": "0.021",
            "baselineMacroF1": "0.81",
            "sizeBytes": "268435456",
        },
        "test": TEST,
    },
    train_seconds=7200.0,
)


def card(tmp_path: Path, facts: Facts = FACTS, **changes: Any) -> str:
    return model_card(step_input(tmp_path, StepName.REGISTER, **changes), facts)


@pytest.mark.requirement("SEC-16", "SEC-17", "SEC-18", "SEC-19", "SEC-20")
def test_a_card_with_a_persons_words(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    golden("card/with-words.md", card(tmp_path, card=WORDS, gitCommit="abc123def456"))


@pytest.mark.requirement("SEC-16")
def test_a_card_from_facts_alone_says_what_is_not_known(
    tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    golden(
        "card/facts-alone.md",
        card(tmp_path, replace(FACTS, architecture="linear"), trainer={"recipe": "Linear"}),
    )


def test_the_hub_reads_the_header_and_finds_the_sections_in_order(tmp_path: Path) -> None:
    read = ModelCard(card(tmp_path, card=WORDS))
    assert (read.data.language, read.data.license) == (["en"], "apache-2.0")
    assert (read.data.library_name, read.data.pipeline_tag) == (
        "transformers",
        "text-classification",
    )
    values = {each.metric_type: each.metric_value for each in read.data.eval_results}
    assert values == {"accuracy": 0.8367, "f1": 0.8329, "expected_calibration_error": 0.021}
    found = [line[3:] for line in read.text.splitlines() if line.startswith("## ")]
    assert tuple(found) == SECTIONS


def test_a_card_of_splits_that_were_given_as_files_needs_no_more_than_they_say(
    tmp_path: Path,
) -> None:
    given = {
        "source": {"dataset": {"uri": "file:///papers"}},
        "samples": 30,
        "labels": ["a", "b"],
        "split": "80/10/10",
        "sha256": "ab",
        "labelPolicy": "AsGiven",
    }
    text = card(tmp_path, replace(FACTS, card=given))
    assert "a number not known to learn from" in text
    assert "How many texts each label has in the data is not known." in text
    assert yaml.safe_load(text.split("---")[1])["license"] == "unknown"


SOURCES = {
    "arXiv by category and date": (
        {"arxiv": {"categories": ["cs.AI"], "startDate": "2020-01-01", "endDate": "2025-11-01"}},
        ("arXiv, asked for cs.AI", "from 2020-01-01 to 2025-11-01"),
        "arXiv",
    ),
    "PubMed by question": (
        {"pubmed": {"queries": [{"label": "heart"}], "startDate": "2021-01-01"}},
        (
            "PubMed, asked for heart",
            "from 2021-01-01 to the day on which they were collected",
        ),
        "PubMed",
    ),
    "Semantic Scholar": (
        {"semanticScholar": {"queries": [{"label": "a"}], "startDate": "2021-01-01"}},
        (
            "Semantic Scholar, asked for a",
            "from 2021-01-01 to the day on which they were collected",
        ),
        "Semantic Scholar",
    ),
    "a plugin by its name": (
        {"plugin": {"name": "our-archive", "queries": [{"label": "a"}]}},
        ("our-archive, asked for a", "not known: no dates were asked for"),
        "our-archive",
    ),
    "a file": (
        {"dataset": {"uri": "s3://papers/all.jsonl"}},
        ("s3://papers/all.jsonl", "not known: no dates were asked for"),
        "s3://papers/all.jsonl",
    ),
}


@pytest.mark.parametrize(("source", "sentences", "name"), SOURCES.values(), ids=SOURCES)
def test_every_source_has_its_sentences_and_its_name_in_the_metadata(
    tmp_path: Path, source: dict[str, Any], sentences: tuple[str, str], name: str
) -> None:
    assert (source_sentence(source), period_sentence(source)) == sentences
    facts = replace(FACTS, card={**FACTS.card, "source": source})
    given = step_input(tmp_path, StepName.REGISTER)
    assert metadata(given, facts)["dataset"]["source"] == name


SENTENCES = {
    "the weakest labels and the best": (
        weakest_sentence(PER_CLASS),
        "Some areas are served better than others. The weakest by F1: cs.AI (0.747), "
        "cs.LG (0.797); the best: cs.CV (0.955).",
    ),
    "one label has no rival": (weakest_sentence({"a": {"f1": 1.0}}), ""),
    "the most frequent mistake": (
        confused_sentence(TEST),
        "The most frequent mistake: cs.LG was answered for cs.AI, 25 times in the test.",
    ),
    "no mistake": (
        confused_sentence({"perClass": {"a": {}, "b": {}}, "confusionMatrix": [[3, 0], [0, 3]]}),
        "",
    ),
    "even labels": (
        balance_sentence({"a": 100, "b": 95}),
        "The labels have about as many texts as each other in the data.",
    ),
    "a label with few texts": (
        balance_sentence({"a": 1000, "b": 95}),
        "The data favours some areas: 1,000 texts of a, 95 of b.",
    ),
}


@pytest.mark.parametrize(("found", "wanted"), SENTENCES.values(), ids=SENTENCES)
def test_sentences(found: str, wanted: str) -> None:
    assert found == wanted
