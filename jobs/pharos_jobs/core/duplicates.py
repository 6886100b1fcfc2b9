"""Which texts are the same paper: exact id, exact normalised title, near-duplicate text.

Near-duplicates share at least 80 % of their word triples (Jaccard index), found by MinHash with
locality-sensitive hashing: A. Broder, "On the resemblance and containment of documents", 1997.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from datasketch import MinHash, MinHashLSH
from xxhash import xxh32_intdigest

from pharos_jobs.core.papers import Sample

SIMILAR = 0.8
_PERMUTATIONS = 64
_SHINGLE_WORDS = 3
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


class Duplicate(StrEnum):
    """In what a sample repeats an earlier one."""

    ID = "DuplicateId"
    TITLE = "DuplicateTitle"
    TEXT = "NearDuplicateText"


def normalised(text: str) -> str:
    """Lower case words with single spaces: what two spellings of one title have in common."""
    return _NOT_A_WORD.sub(" ", text.lower()).strip()


def compute_text_hash(text: str) -> str:
    """MD5 of the normalised text (rows PRE-3, PRE-13); a fingerprint, not a safeguard."""
    return hashlib.md5(normalised(text).encode(), usedforsecurity=False).hexdigest()


def shingles(text: str) -> frozenset[str]:
    """All runs of three words; a shorter text is one run."""
    words = normalised(text).split()
    last = max(1, len(words) - _SHINGLE_WORDS + 1)
    return frozenset(" ".join(words[i : i + _SHINGLE_WORDS]) for i in range(last))


class DuplicateIndex:
    """Remembers samples and says in what a new one repeats them.

    Deterministic: the order in which samples are offered decides which of two stays.
    """

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._titles: set[str] = set()
        self._texts = MinHashLSH(threshold=SIMILAR, num_perm=_PERMUTATIONS)

    def add(self, sample: Sample) -> Duplicate | None:
        """Remember the sample, or say why it is a duplicate."""
        if sample.arxiv_id in self._ids:
            return Duplicate.ID
        title = compute_text_hash(sample.title) if sample.title else ""
        if title and title in self._titles:
            return Duplicate.TITLE
        signature = _signature(shingles(sample.text), seed=1)
        if self._texts.query(signature):
            return Duplicate.TEXT
        self._keep(sample, signature)
        return None

    def remember(self, sample: Sample) -> None:
        """Remember a sample whatever it repeats: one that stays in any case."""
        if sample.arxiv_id not in self._ids:
            self._keep(sample, _signature(shingles(sample.text), seed=1))

    def _keep(self, sample: Sample, signature: MinHash) -> None:
        self._texts.insert(sample.arxiv_id, signature)
        self._ids.add(sample.arxiv_id)
        if sample.title:
            self._titles.add(compute_text_hash(sample.title))


class NearestTexts:
    """Finds a text that another resembles, by the exact Jaccard index of their word triples.

    Apart from the removal of duplicates: other hash functions, and a lower threshold to find the
    pairs whose index is then computed.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._sets = [shingles(text) for text in texts]
        self._finder = MinHashLSH(threshold=SIMILAR - 0.15, num_perm=_PERMUTATIONS)
        for place, parts in enumerate(self._sets):
            self._finder.insert(place, _signature(parts, seed=2))

    def like(self, text: str, least: float) -> int | None:
        """The first place of a text that has at least that index with this one, or None."""
        mine = shingles(text)
        places = sorted(self._finder.query(_signature(mine, seed=2)))
        return next((p for p in places if _jaccard(mine, self._sets[p]) >= least), None)


def deduplicated(samples: Iterable[Sample]) -> list[Sample]:
    """The samples without repetitions, in their order (row PRE-4)."""
    index = DuplicateIndex()
    return [s for s in samples if index.add(s) is None]


def share_of_near_duplicates(samples: Sequence[Sample]) -> float:
    """Share of samples in 0..1 that still have a near-duplicate in the set (row SUC-2).

    Measured apart from the removal: other hash functions, a lower threshold to find candidate
    pairs, and then the exact Jaccard index of each pair.
    """
    finder = MinHashLSH(threshold=SIMILAR - 0.15, num_perm=_PERMUTATIONS)
    sets = [shingles(s.text) for s in samples]
    found: set[int] = set()
    for i, mine in enumerate(sets):
        signature = _signature(mine, seed=2)
        for j in finder.query(signature):
            if _jaccard(mine, sets[j]) >= SIMILAR:
                found.update((i, j))
        finder.insert(i, signature)
    return len(found) / len(samples) if samples else 0.0


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b)


def _signature(parts: frozenset[str], seed: int) -> MinHash:
    signature = MinHash(num_perm=_PERMUTATIONS, seed=seed, hashfunc=xxh32_intdigest)
    signature.update_batch([p.encode() for p in parts])
    return signature
