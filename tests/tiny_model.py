"""A base model of two layers and 64 numbers a token, made on the spot: the real code path, fast."""

from pathlib import Path

from jobs_builders import FILLER, WORDS

REVISION = "0" * 40


def tiny_bert(folder: Path) -> Path:
    """Write config, tokenizer and random safetensors weights of a small BERT."""
    from transformers import BertConfig, BertModel, BertTokenizer, set_seed  # noqa: PLC0415

    vocabulary = _vocabulary()
    folder.mkdir(parents=True, exist_ok=True)
    set_seed(1)
    BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=128,
            max_position_embeddings=128,
        )
    ).save_pretrained(folder)
    numbers = {word: number for number, word in enumerate(vocabulary)}
    BertTokenizer(vocab=numbers).save_pretrained(folder)
    return folder


def tiny_distilbert_in_the_hub_cache(home: Path) -> None:
    """What the hub's cache holds once distilbert-base-uncased was fetched, but tiny."""
    from transformers import (  # noqa: PLC0415
        BertTokenizer,
        DistilBertConfig,
        DistilBertModel,
        set_seed,
    )

    cached = home / "hub" / "models--distilbert-base-uncased"
    snapshot = cached / "snapshots" / REVISION
    snapshot.mkdir(parents=True)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(REVISION)
    set_seed(1)
    vocabulary = _vocabulary()
    size = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
    config = DistilBertConfig(vocab_size=len(vocabulary), max_position_embeddings=512, **size)
    DistilBertModel(config).save_pretrained(snapshot)
    numbers = {word: number for number, word in enumerate(vocabulary)}
    BertTokenizer(vocab=numbers).save_pretrained(snapshot)


def _vocabulary() -> list[str]:
    words = sorted({word for topic in WORDS.values() for word in topic} | set(FILLER))
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", *words]
