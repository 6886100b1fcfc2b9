"""``train`` by flags: a model's folder from a folder of splits (rows TRN-24 to TRN-26)."""

import argparse
from pathlib import Path
from typing import Any

from pharos_api.jobio import ExitCode
from pharos_jobs import storage
from pharos_jobs.standalone import desk


def run(options: argparse.Namespace) -> ExitCode:
    """Train and put the model into ``--output-dir``."""
    output = Path(options.output_dir).resolve()
    root = output.parent / ".pharos"
    dataset = desk.stored_splits(Path(options.data_dir), root)
    trainer = {
        "recipe": options.recipe,
        "baseModel": options.base_model,
        "hyperparameters": _settings(options),
    }
    given = {
        "step": "train",
        "uid": desk.run_uid(output, dataset.sha256, trainer),
        "trainer": trainer,
        "inputs": {"datasetUri": dataset.uri},
    }
    result, code = desk.run(desk.step_input(root, given))
    if code is ExitCode.OK:
        source = result.outputs["checkpointUri"]
        for name in storage.names(source):
            storage.copy(f"{source}/{name}", f"{storage.to_uri(output)}/{name}")
        storage.write_json(f"{storage.to_uri(output)}/trainer.json", trainer)
        desk.say(f"validation accuracy {result.metrics['validationAccuracy']}, model in {output}")
    return code


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    settings = {
        "epochs": options.epochs,
        "batchSize": options.batch_size,
        "learningRate": options.learning_rate,
        "warmupSteps": options.warmup_steps,
        "adaptivePretrainingEpochs": options.adaptive_pretraining_epochs,
        "regularisation": options.regularisation,
        "maxTokens": options.max_tokens,
        "seed": options.seed,
        "gradientCheckpointing": options.gradient_checkpointing,
        "precision": "FP16" if options.fp16 else "Auto",
    }
    if options.head_learning_rate:
        settings["headLearningRate"] = options.head_learning_rate
    return settings
