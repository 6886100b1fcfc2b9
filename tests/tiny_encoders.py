"""Encoders of several architectures, two layers each, with a tokenizer of the architecture's kind.

Weights are random and vocabularies are made of the tests' own words: the code path of a pretrained
model, without one.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jobs_builders import FILLER, WORDS, abstract

_SIZE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}
_BERT_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_WORDS = sorted({word for topic in WORDS.values() for word in topic} | set(FILLER))
_TEXTS = [abstract(topic, seed) for topic in WORDS for seed in range(10)]


def bert() -> tuple[Any, Any]:
    """BERT, and so SciBERT and BioBERT."""
    from transformers import BertConfig, BertModel  # noqa: PLC0415 - seconds

    tokenizer = word_pieces()
    return tokenizer, BertModel(BertConfig(vocab_size=len(tokenizer), **_SIZE))


def distilbert() -> tuple[Any, Any]:
    """DistilBERT, which has no pooler and no types of tokens."""
    from transformers import DistilBertConfig, DistilBertModel  # noqa: PLC0415

    tokenizer = word_pieces()
    size = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
    return tokenizer, DistilBertModel(DistilBertConfig(vocab_size=len(tokenizer), **size))


def roberta() -> tuple[Any, Any]:
    """RoBERTa: byte pairs, 1 as padding, positions that count from there."""
    from transformers import RobertaConfig, RobertaModel, RobertaTokenizer  # noqa: PLC0415

    tokenizer = _byte_pairs(RobertaTokenizer, ("<s>", "<pad>", "</s>", "<unk>", "<mask>"))
    sizes = {"max_position_embeddings": 514, "type_vocab_size": 1, **_SIZE}
    return tokenizer, RobertaModel(RobertaConfig(vocab_size=len(tokenizer), **sizes))


def deberta() -> tuple[Any, Any]:
    """DeBERTa as in deberta-base: byte pairs, relative positions alone."""
    from transformers import DebertaConfig, DebertaModel, DebertaTokenizer  # noqa: PLC0415

    tokenizer = _byte_pairs(DebertaTokenizer, ("[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"))
    config = DebertaConfig(vocab_size=len(tokenizer), **_disentangled(), **_SIZE)
    return tokenizer, DebertaModel(config)


def deberta_v3() -> tuple[Any, Any]:
    """DeBERTa-v2 as in deberta-v3-base: a unigram tokenizer, positions in buckets."""
    from transformers import DebertaV2Config, DebertaV2Model  # noqa: PLC0415

    tokenizer = _unigrams()
    buckets = {"position_buckets": 32, "norm_rel_ebd": "layer_norm", "share_att_key": True}
    config = DebertaV2Config(vocab_size=len(tokenizer), **buckets, **_disentangled(), **_SIZE)
    return tokenizer, DebertaV2Model(config)


ENCODERS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "BERT": bert,
    "DistilBERT": distilbert,
    "RoBERTa": roberta,
    "DeBERTa": deberta,
    "DeBERTa-v3": deberta_v3,
}


def write_encoder(make: Callable[[], tuple[Any, Any]], folder: Path) -> Path:
    """Weights, configuration and tokenizer in ``folder``, as a hub would give them."""
    from transformers import set_seed  # noqa: PLC0415

    set_seed(1)
    tokenizer, model = make()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _disentangled() -> dict[str, Any]:
    return {
        "relative_attention": True,
        "pos_att_type": ["c2p", "p2c"],
        "position_biased_input": False,
        "type_vocab_size": 0,
        "pooler_hidden_size": _SIZE["hidden_size"],
    }


def word_pieces() -> Any:
    """A tokenizer of the tests' words, as BERT's and DistilBERT's."""
    from transformers import BertTokenizer  # noqa: PLC0415

    pieces = [*_BERT_SPECIAL, ".", *_WORDS]
    return BertTokenizer(vocab={piece: number for number, piece in enumerate(pieces)})


def _byte_pairs(kind: Any, special: Sequence[str]) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # noqa: PLC0415

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(_TEXTS, trainer)
    learnt = json.loads(made.to_str())["model"]
    return kind(vocab=learnt["vocab"], merges=[tuple(pair) for pair in learnt["merges"]])


def _unigrams() -> Any:
    from transformers import DebertaV2Tokenizer  # noqa: PLC0415

    letters = sorted({letter for word in _WORDS for letter in word} | {".", "▁"})
    special = [(piece, 0.0) for piece in ("[PAD]", "[CLS]", "[SEP]", "[UNK]")]
    words = [(f"▁{word}", -5.0) for word in _WORDS]
    return DebertaV2Tokenizer(vocab=[*special, *words, *((each, -9.0) for each in letters)])
