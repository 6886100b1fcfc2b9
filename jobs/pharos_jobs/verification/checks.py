"""The checks of a candidate, in their order: each asks the Service and raises at a flaw.

What an answer must look like is ``core/contract.py``; here is what is asked.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pharos_api.artifacts import ReferenceAnswer
from pharos_api.verification import VerifyReason
from pharos_jobs.core import contract
from pharos_jobs.core.contract import Promise
from pharos_jobs.core.references import Agreement, Given, agreement
from pharos_jobs.verification.client import Answer, Candidate
from pharos_jobs.verification.errors import Unverified

CLASSIFY = "/v1/classify"
PROBES = ("Machine learning test", "A second text, a little longer than the first one.")
# Far over any tokenizer's limit and under the server's limit of characters: it must be cut.
_LONG_TEXT = "word " * 5_000
_ENDLESS_TEXT = "a" * 150_000
_NEEDED = ("model_loaded", "checkpoint_valid", "inference_working")
_BATCH_TEXTS = 16
_BATCH_CHARACTERS = 100_000
_MOST_FAILURES_PERCENT = 5


@dataclass(frozen=True, slots=True)
class Trial:
    """Who is tried, and what it promises."""

    candidate: Candidate
    promise: Promise


def ready(trial: Trial) -> None:
    """The Service answers and says that it is ready."""
    _must(trial.candidate.get("/v2/health/ready"), 200, "GET /v2/health/ready")


def healthy(trial: Trial) -> bool:
    """The model is loaded, unchanged and working; returns whether it is quick enough as well.

    Slowness alone is no failure: the experiment compares it with the control's on the same nodes.
    """
    while True:
        answer = trial.candidate.get("/health/ml", waited_out=frozenset())
        found = answer.body.get("checks") if isinstance(answer.body, dict) else None
        checks = found if isinstance(found, dict) else {}
        missed = [name for name in _NEEDED if checks.get(name) is not True]
        if not missed:
            return checks.get("latency_acceptable") is True
        problem = f"/health/ml answers {answer.status}, and not true: {', '.join(missed)}"
        trial.candidate.wait(VerifyReason.UNHEALTHY, problem)


def warmed_up_s(trial: Trial, texts: Sequence[str], requests: int) -> list[float]:
    """Send texts in turn and return how long each answer took."""
    ask, used = trial.candidate.ask, [texts[i % len(texts)] for i in range(requests)]
    return [ask(CLASSIFY, {"text": text}).seconds for text in used]


def metadata(trial: Trial) -> None:
    """The Open Inference Protocol tells the same model, version and labels as the manifest."""
    promise = trial.promise
    for path in (f"/v2/models/{promise.model}", _versioned(promise)):
        answer = trial.candidate.get(path)
        _must(answer, 200, f"GET {path}")
        _sound(contract.metadata_flaw(answer.body, promise), f"GET {path}")
        _same_labels(contract.served_labels(answer.body), promise)


def _same_labels(served: list[str], promise: Promise) -> None:
    flaw = contract.labels_flaw(served, promise.labels, "the manifest")
    if flaw or tuple(served) != promise.labels:
        what = flaw or f"lists {', '.join(served[:5])} in another order than the manifest"
        raise Unverified(VerifyReason.LABELS_DIFFER, f"The server {what}.")


def classifies(trial: Trial) -> None:
    """One text, several texts and the protocol's tensors give whole answers that agree."""
    singles = [_one(trial, text) for text in PROBES]
    batch = trial.candidate.ask(CLASSIFY, {"texts": list(PROBES)})
    _must(batch, 200, f"POST {CLASSIFY} with texts")
    _sound(
        contract.batch_flaw(batch.body, trial.promise, len(PROBES)), f"POST {CLASSIFY} with texts"
    )
    path = f"{_versioned(trial.promise)}/infer"
    data = {"name": "text", "shape": [len(PROBES)], "datatype": "BYTES", "data": list(PROBES)}
    inferred = trial.candidate.ask(path, {"inputs": [data]})
    _must(inferred, 200, f"POST {path}")
    _sound(contract.infer_flaw(inferred.body, trial.promise, singles), f"POST {path}")


def cuts_long_texts(trial: Trial) -> None:
    """A text of more tokens than the model takes is answered, an endless one at least refused."""
    _one(trial, _LONG_TEXT)
    answer = trial.candidate.post(CLASSIFY, _json({"text": _ENDLESS_TEXT}))
    if answer.status == 200:
        flaw = contract.single_flaw(answer.body, trial.promise)
    else:
        flaw = contract.refusal_flaw(answer.status, answer.body)
    _sound(flaw, f"POST {CLASSIFY} with {len(_ENDLESS_TEXT)} characters")


def refuses(trial: Trial) -> None:
    """What is no proper request is refused with a sentence, and does not fail the server."""
    for what, content, kind in _IMPROPER:
        answer = trial.candidate.post(CLASSIFY, content, kind)
        _sound(contract.refusal_flaw(answer.status, answer.body), f"POST {CLASSIFY} with {what}")


def agrees(trial: Trial, references: Sequence[ReferenceAnswer]) -> Agreement:
    """How the answers compare with those of the evaluation."""
    given: list[Given] = []
    for batch in batches([each.text for each in references]):
        answer = trial.candidate.ask(CLASSIFY, {"texts": batch})
        _must(answer, 200, f"POST {CLASSIFY} with reference texts")
        flaw = contract.batch_flaw(answer.body, trial.promise, len(batch))
        _sound(flaw, f"POST {CLASSIFY} with reference texts")
        given += [Given(item["label"], item["scores"]) for item in answer.body["predictions"]]
    return agreement(references, given)


def fails_rarely(trial: Trial) -> None:
    """Of all valid requests hardly any failed."""
    failures, answers = trial.candidate.failures, trial.candidate.answers
    if 100 * failures > _MOST_FAILURES_PERCENT * answers:
        raise Unverified(
            VerifyReason.SERVER_ERRORS,
            f"{failures} of {answers} valid requests failed with 5xx, at most "
            f"{_MOST_FAILURES_PERCENT} % may; the log of the candidate's pod tells why.",
        )


def batches(texts: Sequence[str]) -> list[list[str]]:
    """Texts in order, in groups that fit into one request."""
    groups: list[list[str]] = []
    size = 0
    for text in texts:
        size += len(text)
        if not groups or len(groups[-1]) == _BATCH_TEXTS or size > _BATCH_CHARACTERS:
            groups.append([])
            size = len(text)
        groups[-1].append(text)
    return groups


def _one(trial: Trial, text: str) -> str:
    answer = trial.candidate.ask(CLASSIFY, {"text": text})
    _must(answer, 200, f"POST {CLASSIFY} with a text")
    _sound(contract.single_flaw(answer.body, trial.promise), f"POST {CLASSIFY} with a text")
    return str(answer.body["label"])


def _must(answer: Answer, status: int, what: str) -> None:
    if answer.status != status:
        _sound(f"it is answered with {answer.status}, not with {status}", what)


def _sound(flaw: str, what: str) -> None:
    if flaw:
        raise Unverified(VerifyReason.CONTRACT_BROKEN, f"{what}: {flaw}.")


def _versioned(promise: Promise) -> str:
    return f"/v2/models/{promise.model}/versions/{promise.version}"


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()


_IMPROPER: tuple[tuple[str, bytes, str], ...] = (
    ("an empty text", _json({"text": " "}), "application/json"),
    ("no text", _json({}), "application/json"),
    ("no texts", _json({"texts": []}), "application/json"),
    ("an unknown field", _json({"text": "a", "label": "b"}), "application/json"),
    ("a number as text", _json({"text": 1}), "application/json"),
    ("broken JSON", b'{"text": ', "application/json"),
    ("a body that is no JSON", b"text=a", "application/x-www-form-urlencoded"),
)
CHECKS: tuple[Callable[[Trial], None], ...] = (metadata, classifies, cuts_long_texts, refuses)
