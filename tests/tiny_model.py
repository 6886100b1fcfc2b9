"""A base model of two layers and 64 numbers a token, made on the spot: the real code path, fast."""

from pathlib import Path

from jobs_builders import FILLER, WORDS


def tiny_bert(folder: Path) -> Path:
    """Write config, tokenizer and random safetensors weights of a small BERT."""
    from transformers import BertConfig, BertModel, BertTokenizer, set_seed  # noqa: PLC0415

    words = sorted({word for topic in WORDS.values() for word in topic} | set(FILLER))
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", *words]
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
