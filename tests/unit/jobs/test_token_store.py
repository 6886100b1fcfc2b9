"""Token files: found again by what decides them, made again when they cannot be read."""

from pathlib import Path
from typing import Any

import pytest

from pharos_jobs.training.token_store import TokenStore, token_key


class Words:
    """A tokenizer that gives each word its length."""

    def __init__(self, vocabulary: str = "lengths") -> None:
        self._vocabulary = vocabulary
        self.calls = 0

    def get_vocab(self) -> dict[str, int]:
        return {self._vocabulary: 0}

    def __call__(self, texts: list[str], **asked: Any) -> dict[str, list[list[int]]]:
        self.calls += 1
        limit = asked["max_length"]
        return {"input_ids": [[len(word) for word in text.split()][:limit] for text in texts]}


TEXTS = ["robots grasp objects", "", "queries join tables and more"]


@pytest.mark.requirement("PRF-2")
def test_texts_are_cut_and_found_again_without_tokenising(tmp_path: Path) -> None:
    tokenizer = Words()
    store = TokenStore(tmp_path.as_uri())
    made, found = (store.tokens(TEXTS, tokenizer, 4) for _ in range(2))
    assert tokenizer.calls == 1
    for tokens in (made, found):
        assert [tokens.of(i) for i in range(len(tokens))] == [[6, 5, 7], [], [7, 4, 6, 3]]
        assert tokens.lengths == [3, 0, 4]


KEYS = {
    "another text": (["robots grasp", "", TEXTS[2]], Words(), 4),
    "texts cut elsewhere": (
        ["robots grasp objectsq", "", "ueries join tables and more"],
        Words(),
        4,
    ),
    "another order": (TEXTS[::-1], Words(), 4),
    "another vocabulary": (TEXTS, Words("other"), 4),
    "another limit": (TEXTS, Words(), 5),
}


@pytest.mark.parametrize(("texts", "tokenizer", "limit"), KEYS.values(), ids=KEYS)
def test_what_decides_the_tokens_decides_the_file(
    texts: list[str], tokenizer: Words, limit: int
) -> None:
    assert token_key(texts, tokenizer, limit) != token_key(TEXTS, Words(), 4)


def test_a_file_that_cannot_be_read_is_made_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokenizer, store = Words(), TokenStore(tmp_path.as_uri())
    store.tokens(TEXTS, tokenizer, 4)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert store.tokens(TEXTS, tokenizer, 4).lengths == [3, 0, 4]
    assert tokenizer.calls == 2
    assert "made again" in caplog.text


def test_without_a_folder_nothing_is_kept() -> None:
    assert TokenStore().tokens(TEXTS, Words(), 4).lengths == [3, 0, 4]
