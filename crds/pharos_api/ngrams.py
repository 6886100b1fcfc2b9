"""Which words and word pairs a text holds, as 64-bit numbers: what linear models count.

Training and serving count by this one file, so that they cannot come to differ; whoever changes
what is counted raises ``EDITION``, because older models would answer wrongly. Two n-grams of a
vocabulary of a million share a number with a chance below 1 in 10 million.
"""

import re
from collections import Counter
from itertools import pairwise

from xxhash import xxh64_intdigest

from pharos_api.function_words import FUNCTION_WORDS

EDITION = 1
_WORD = re.compile(r"\b\w\w+\b")
_SIGN = 1 << 63


def words(text: str) -> list[str]:
    """Lower-case words of two characters and more, without function words.

    >>> words("The detection of small objects")
    ['detection', 'small', 'objects']
    """
    return [word for word in _WORD.findall(text.lower()) if word not in FUNCTION_WORDS]


def ngram_counts(text: str) -> Counter[int]:
    """How often each word and each pair of neighbours stands in a text."""
    found = words(text)
    grams = [*found, *(f"{first} {second}" for first, second in pairwise(found))]
    return Counter(key_of(gram) for gram in grams)


def key_of(gram: str) -> int:
    """The number of an n-gram: XXH64 as a signed 64-bit integer, as arrays hold it."""
    number = xxh64_intdigest(gram.encode())
    return number - 2 * _SIGN if number >= _SIGN else number
