"""What linear models count in a text."""

from dataclasses import dataclass
from hashlib import sha256

import pytest

from pharos_api.function_words import FUNCTION_WORDS
from pharos_api.ngrams import Field, field_texts, key_of, ngram_counts, words


@dataclass(frozen=True)
class Lead:
    text: str
    lead: str


LEADS = {
    "the lead is the first sentence": Lead("Deep nets. We train.", "Deep nets."),
    "a title's own question mark closes it": Lead("Why? We ask.", "Why?"),
    "a point inside a word closes nothing": Lead("Version 1.5 of it. More.", "Version 1.5 of it."),
    "a text of one sentence is its own lead": Lead("Nothing else", "Nothing else"),
    "a text without an end of sentence is cut": Lead("a" * 400, "a" * 300),
    "an empty text has an empty lead": Lead("", ""),
}


@pytest.mark.parametrize("case", LEADS.values(), ids=LEADS)
def test_lead(case: Lead) -> None:
    assert field_texts(case.text) == {Field.LEAD: case.lead, Field.WHOLE: case.text}


def test_words_are_lower_case_and_have_two_characters() -> None:
    assert words("A Deep-net, x 42!") == ["deep", "net", "42"]


def test_pairs_reach_across_function_words() -> None:
    counts = ngram_counts(Field.WHOLE, "Detection of the objects")
    assert set(counts) == {
        key_of(Field.WHOLE, gram) for gram in ("detection", "objects", "detection objects")
    }


def test_function_words_never_change_because_models_are_kept_without_them() -> None:
    text = " ".join(sorted(FUNCTION_WORDS))
    assert sha256(text.encode()).hexdigest()[:16] == "5a17c9b69750991b"


def test_words_and_pairs_are_counted() -> None:
    counts = ngram_counts(Field.WHOLE, "deep net deep net")
    assert counts[key_of(Field.WHOLE, "deep net")] == 2
    assert counts[key_of(Field.WHOLE, "net deep")] == 1
    assert sum(counts.values()) == 7


def test_keys_never_change_because_models_are_kept_with_them() -> None:
    assert key_of(Field.WHOLE, "net") == 8050000401322568679
    assert key_of(Field.LEAD, "net") != key_of(Field.WHOLE, "net")
