"""The peer: ``transformers.Trainer`` with its defaults, as its guides show it.

Texts are tokenised before training, padded to 512 tokens each; every argument that is not needed to
run on a CPU without a network is left at its default (batch 8, rate 5e-5, linear, 3 epochs, fp32).
"""

import tempfile
from typing import Any

from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    Trainer,
    TrainingArguments,
    set_seed,
)

from pharos_jobs.training.base_model import find_base_model
from training.curve import Clock, CurveCallback
from training.papers import CLASSES, Parts


def run(base_model: str, parts: Parts, seed: int, points: int) -> dict[str, Any]:
    """Train and measure; the clock runs from the texts to the last step."""
    label_to_id = {name: number for number, name in enumerate(CLASSES)}
    set_seed(seed)
    folder = find_base_model(base_model)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(CLASSES))
    clock = Clock()
    encoded = tokenizer(
        [s.text for s in parts.train], truncation=True, padding="max_length", max_length=512
    )
    rows = [
        {
            "input_ids": encoded["input_ids"][i],
            "attention_mask": encoded["attention_mask"][i],
            "labels": label_to_id[s.label],
        }
        for i, s in enumerate(parts.train)
    ]
    curve = CurveCallback(clock, parts.test, label_to_id, points)
    with tempfile.TemporaryDirectory() as output:
        arguments = TrainingArguments(
            output, seed=seed, use_cpu=True, report_to="none", disable_tqdm=True
        )
        trainer = Trainer(
            model=model,
            args=arguments,
            train_dataset=rows,
            processing_class=tokenizer,
            callbacks=[curve],
        )
        trainer.train()
        wall, processor = clock.read()
    samples = len(parts.train) * arguments.num_train_epochs
    return {
        "curve": curve.curve,
        "seconds": wall,
        "processorSeconds": processor,
        "samples": samples,
        "settings": {
            "epochs": arguments.num_train_epochs,
            "batchSize": arguments.per_device_train_batch_size,
            "learningRate": arguments.learning_rate,
            "schedule": str(arguments.lr_scheduler_type),
            "bf16": arguments.bf16,
            "padding": "max_length 512",
        },
    }
