"""The model card of a version, in Markdown with the metadata that the Hugging Face hub reads. Pure.

Every number comes from the evaluation, every statement from the data set's card, the run's input or
a person's words in the Model. What nobody measured or said is told to be not known. Sections as in
Mitchell et al. 2019, Model Cards for Model Reporting.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from pharos_api.card import CardWords
from pharos_api.jobio import StepInput
from pharos_api.trainer import Recipe
from pharos_jobs.core.card_data import (
    balance_sentence,
    confused_sentence,
    period_sentence,
    source_sentence,
    weakest_sentence,
)
from pharos_jobs.core.model_metadata import Facts, source_name

_UNKNOWN = "not known"
_TASK = "text-classification"
_TABLE_HEAD = "| label | precision | recall | F1 | texts |\n| - | - | - | - | - |"
# What a person may show beside each other on the hub, and whether it is one of its own metrics.
_METRICS = (
    ("accuracy", "testAccuracy", "Accuracy"),
    ("f1", "macroF1", "Macro F1"),
    ("expected_calibration_error", "calibrationError", "Expected calibration error"),
)


def model_card(step_input: StepInput, facts: Facts) -> str:
    """The card's text. The same input and facts always give the same text."""
    words = step_input.card or CardWords()
    sections = {
        "Model Details": _details(step_input, facts, words),
        "Intended Use": _use(facts, words),
        "Training Data": _training_data(facts),
        "Evaluation Data": _evaluation_data(facts),
        "Ethical Considerations": _ethics(facts, words),
        "Caveats and Recommendations": _caveats(step_input, facts, words),
    }
    title = f"# Model Card: {step_input.model} {facts.version}"
    body = "\n\n".join(f"## {name}\n\n{text}" for name, text in sections.items())
    return f"---\n{_header(step_input, facts, words)}\n---\n\n{title}\n\n{body}\n"


def _header(step_input: StepInput, facts: Facts, words: CardWords) -> str:
    data = ModelCardData(
        model_name=f"{step_input.model} {facts.version}",
        language=words.languages,
        license=words.license or "unknown",
        library_name="pharos" if _is_linear(step_input) else "transformers",
        pipeline_tag=_TASK,
        tags=["pharos", facts.architecture, step_input.trainer.recipe.value],
        base_model=None if _is_linear(step_input) else step_input.trainer.base_model,
        metrics=["accuracy", "f1"],
        eval_results=_results(facts),
    )
    return str(data.to_yaml())


def _results(facts: Facts) -> list[EvalResult]:
    measured = facts.evaluation["metrics"]
    return [
        EvalResult(
            task_type=_TASK,
            dataset_type="pharos",
            dataset_name=f"{source_name(facts.card['source'])}, test split",
            dataset_split="test",
            dataset_revision=str(facts.card["sha256"]),
            metric_type=kind,
            metric_name=name,
            metric_value=float(measured[key]),
        )
        for kind, key, name in _METRICS
    ]


def _details(step_input: StepInput, facts: Facts, words: CardWords) -> str:
    trained_from = "no base model" if _is_linear(step_input) else step_input.trainer.base_model
    return _points(
        ("Developed by", words.developers or _UNKNOWN),
        ("Date", str(facts.evaluation["createdAt"])[:10]),
        ("Type", "text classification"),
        ("Version", facts.version),
        ("Follows", step_input.parent or "no version: it is the first"),
        ("Architecture", f"{facts.architecture}, trained from {trained_from}"),
        ("Recipe", step_input.trainer.recipe.value),
        ("Licence", words.license or _UNKNOWN),
        ("Made by", f"training run {step_input.run} in {step_input.namespace}"),
        ("Code", step_input.git_commit or _UNKNOWN),
    )


def _use(facts: Facts, words: CardWords) -> str:
    labels = [str(label) for label in facts.card["labels"]]
    use = words.intended_use or f"Choose one of {len(labels)} labels for a text."
    scope = words.out_of_scope or (
        "Whatever is not a choice among these labels. Nothing was measured that would support a "
        "decision about people, such as a medical diagnosis or legal advice."
    )
    return _points(
        ("Use", use),
        ("Users", words.intended_users or _UNKNOWN),
        ("Labels", ", ".join(labels)),
        ("Out of scope", scope),
    )


def _training_data(facts: Facts) -> str:
    card = facts.card
    trained = card.get("splits", {}).get("train")
    return _points(
        ("Source", source_sentence(card["source"])),
        ("Period", period_sentence(card["source"])),
        ("Texts", f"{card['samples']:,} in all, {_count(trained)} to learn from"),
        ("Labels", f"{len(card['labels'])}; {_policy(card)}"),
        ("Split", f"{card['split']} percent to learn from, to choose by and to test on"),
        ("Data set", f"sha256 {card['sha256']}"),
    )


def _evaluation_data(facts: Facts) -> str:
    measured, test = facts.evaluation["metrics"], facts.evaluation["test"]
    table = "\n".join(
        f"| {label} | {each['precision']:.3f} | {each['recall']:.3f} | {each['f1']:.3f} "
        f"| {each['support']} |"
        for label, each in test["perClass"].items()
    )
    points = _points(
        ("Test set", f"{test['samples']:,} texts that were held out from training and choosing"),
        ("Accuracy", _percent(measured["testAccuracy"])),
        ("Macro F1", _percent(measured["macroF1"])),
        ("Macro F1 of a linear baseline on the same texts", _percent(measured["baselineMacroF1"])),
        ("Expected calibration error", _percent(measured["calibrationError"])),
    )
    return (
        f"{points}\n\n| label | precision | recall | F1 | texts |\n| - | - | - | - | - |\n{table}"
    )


def _ethics(facts: Facts, words: CardWords) -> str:
    lines = [
        *([words.ethical_considerations] if words.ethical_considerations else []),
        balance_sentence(facts.card.get("perClass", {})),
        weakest_sentence(facts.evaluation["test"]["perClass"]),
        "Whether answers differ by author, institution, country or year was not measured.",
    ]
    return _list(lines)


def _caveats(step_input: StepInput, facts: Facts, words: CardWords) -> str:
    return _list([*(words.caveats or ()), *_measured_caveats(step_input, facts, words)])


def _measured_caveats(step_input: StepInput, facts: Facts, words: CardWords) -> Iterator[str]:
    yield confused_sentence(facts.evaluation["test"])
    tokens = step_input.trainer.hyperparameters.max_tokens
    if not _is_linear(step_input):
        yield f"Texts are cut at {tokens} tokens; what follows is not read."
    yield "A text that belongs to none of the labels gets one of them all the same."
    if facts.card.get("labelPolicy") == "Exclusive":
        yield (
            "Texts that belong to several of the labels were left out of data and test: how often "
            "such interdisciplinary work is misclassified is not known."
        )
    if words.languages is None:
        yield "The language of the texts was not verified; results hold for texts like these."
    error = _percent(facts.evaluation["metrics"]["calibrationError"])
    yield (
        f"Confidence was off by {error} on average on the test set: consider it with each answer, "
        "and let a person review what a critical decision rests on."
    )


def _policy(card: Mapping[str, Any]) -> str:
    match card.get("labelPolicy"):
        case "Exclusive":
            return "only texts that belong to exactly one of them"
        case "Primary":
            return "each text has its first one"
        case _:
            return "as they were given"


def _is_linear(step_input: StepInput) -> bool:
    return step_input.trainer.recipe is Recipe.LINEAR


def _count(number: object) -> str:
    return f"{number:,}" if isinstance(number, int) else f"a number {_UNKNOWN}"


def _percent(share: str) -> str:
    return f"{100 * float(share):.1f} %"


def _points(*pairs: tuple[str, str]) -> str:
    return "\n".join(f"- **{name}:** {_on_one_line(text)}" for name, text in pairs)


def _list(lines: list[str]) -> str:
    return "\n".join(f"- {_on_one_line(line)}" for line in lines if line)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
