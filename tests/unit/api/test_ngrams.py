"""What linear models count in a text."""

from hashlib import sha256

from pharos_api.function_words import FUNCTION_WORDS
from pharos_api.ngrams import key_of, ngram_counts, words


def test_words_are_lower_case_and_have_two_characters() -> None:
    assert words("A Deep-net, x 42!") == ["deep", "net", "42"]


def test_pairs_reach_across_function_words() -> None:
    counts = ngram_counts("Detection of the objects")
    assert set(counts) == {key_of(gram) for gram in ("detection", "objects", "detection objects")}


def test_function_words_never_change_because_models_are_kept_without_them() -> None:
    text = " ".join(sorted(FUNCTION_WORDS))
    assert sha256(text.encode()).hexdigest()[:16] == "5a17c9b69750991b"


def test_words_and_pairs_are_counted() -> None:
    counts = ngram_counts("deep net deep net")
    assert counts[key_of("deep net")] == 2
    assert counts[key_of("net deep")] == 1
    assert sum(counts.values()) == 7


def test_keys_never_change_because_models_are_kept_with_them() -> None:
    assert key_of("net") == 5296918426511175536
