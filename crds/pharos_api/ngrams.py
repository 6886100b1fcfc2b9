"""Which words and word pairs a text holds, as 64-bit numbers: what linear models count.

Training and serving count by this one file, so that they cannot come to differ. A number stands for
an n-gram of one field; two n-grams of a vocabulary of a million share one with a chance below
1 in 10 million.
"""

import re
from collections import Counter
from enum import StrEnum
from itertools import pairwise

from xxhash import xxh64_intdigest

from pharos_api.function_words import FUNCTION_WORDS

_WORD = re.compile(r"\b\w\w+\b")
_SENTENCE_END = re.compile(r"[.?!](?=\s)")
_LONGEST_LEAD_CHARACTERS = 300
_SIGN = 1 << 63


class Field(StrEnum):
    """Where an n-gram stands. The lead counts in the whole too: some texts are nothing else."""

    LEAD = "lead"
    WHOLE = "whole"


def field_texts(text: str) -> dict[Field, str]:
    """The text of each field. The lead is the first sentence: a paper's title.

    >>> field_texts("Deep nets? We train some.")[Field.LEAD]
    'Deep nets?'
    """
    end = _SENTENCE_END.search(text, 0, _LONGEST_LEAD_CHARACTERS)
    return {
        Field.LEAD: text[: end.end()] if end else text[:_LONGEST_LEAD_CHARACTERS],
        Field.WHOLE: text,
    }


def words(text: str) -> list[str]:
    """Lower-case words of two characters and more, without function words.

    >>> words("The detection of small objects")
    ['detection', 'small', 'objects']
    """
    return [word for word in _WORD.findall(text.lower()) if word not in FUNCTION_WORDS]


def ngram_counts(field: Field, text: str) -> Counter[int]:
    """How often each word and each pair of neighbours stands in a field's text."""
    found = words(text)
    grams = [*found, *(f"{first} {second}" for first, second in pairwise(found))]
    return Counter(key_of(field, gram) for gram in grams)


def key_of(field: Field, gram: str) -> int:
    """The number of an n-gram: XXH64 as a signed 64-bit integer, as arrays hold it."""
    number = xxh64_intdigest(f"{field.value}\0{gram}".encode())
    return number - 2 * _SIGN if number >= _SIGN else number
