"""Verifies one candidate and turns whatever happens into a VerifyResult and an exit code.

The order: the labels that production answers with, readiness, warm-up, health, contract, and the
answers of the evaluation. The first flaw ends it.
"""

import logging
import signal
import threading
from dataclasses import dataclass, field
from math import ceil

from pharos_api.artifacts import Manifest, ReferenceAnswer
from pharos_api.jobio import ExitCode
from pharos_api.verification import VerifyError, VerifyInput, VerifyReason, VerifyResult
from pharos_jobs.core import contract
from pharos_jobs.core.contract import Promise
from pharos_jobs.core.references import Agreement
from pharos_jobs.verification import checks
from pharos_jobs.verification.artifact import read_manifest, read_references
from pharos_jobs.verification.checks import CHECKS, PROBES, Trial
from pharos_jobs.verification.client import Candidate, Patience
from pharos_jobs.verification.errors import Unverified

NO_REFERENCES = (
    "The version brought no reference answers (it was imported): smoke and contract were checked, "
    "its answers were not."
)
_SLOW = "/health/ml finds one prediction slower than 200 ms: watch the latency in the experiment."
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Findings:
    """What was found so far; it is told of a failed candidate as well."""

    checks: int = 0
    warm_up_s: list[float] = field(default_factory=list)
    agreement: Agreement | None = None
    warnings: list[str] = field(default_factory=list)

    def result(self, error: VerifyError | None = None) -> VerifyResult:
        seen = self.agreement
        return VerifyResult(
            checks=self.checks,
            references=seen.answers if seen else 0,
            disagreements=len(seen.differing) if seen else 0,
            largest_difference=f"{seen.largest_difference:.6f}" if seen else "",
            warm_up_p95_ms=f"{1000 * p95_s(self.warm_up_s):.1f}" if self.warm_up_s else "",
            warnings=self.warnings,
            error=error,
        )


def run_verify(told: VerifyInput) -> tuple[VerifyResult, ExitCode]:
    """Verify as a process: SIGTERM ends the waiting. Never raises."""
    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        return verify(told, Patience(told.deadline_s, pause=stop.wait))
    finally:
        signal.signal(signal.SIGTERM, before)


def verify(told: VerifyInput, patience: Patience) -> tuple[VerifyResult, ExitCode]:
    """Verify with this much patience. Never raises."""
    findings = _Findings()
    try:
        _tried(told, patience, findings)
    except Unverified as flaw:
        _log.error(flaw.message, extra={"reason": flaw.reason})
        return _failed(findings, flaw.reason, flaw.message), _exit_code(flaw.reason)
    except OSError as error:
        _log.exception("The store failed")
        message = f"The artifact store failed: {error}"
        return _failed(findings, VerifyReason.ARTIFACT_UNREADABLE, message), ExitCode.RETRYABLE
    except Exception as error:
        _log.exception("Unexpected error")
        message = f"Unexpected {type(error).__name__} while verifying: {error}. See the log."
        return _failed(findings, VerifyReason.UNEXPECTED, message), ExitCode.UNEXPECTED
    return findings.result(), ExitCode.OK


def p95_s(seconds: list[float]) -> float:
    """The 95th percentile by nearest rank."""
    return sorted(seconds)[ceil(0.95 * len(seconds)) - 1]


def _tried(told: VerifyInput, patience: Patience, findings: _Findings) -> None:
    manifest = read_manifest(told)
    references = read_references(told, manifest)
    _same_labels(told, manifest, references)
    findings.checks += 1
    promise = Promise(told.model, told.version, tuple(manifest.labels))
    with Candidate(told.url, patience) as candidate:
        _asked(told, Trial(candidate, promise), references, findings)


def _asked(
    told: VerifyInput, trial: Trial, references: list[ReferenceAnswer], findings: _Findings
) -> None:
    checks.ready(trial)
    texts = [each.text for each in references] or PROBES
    findings.warm_up_s = checks.warmed_up_s(trial, texts, told.warm_up_requests)
    if not checks.healthy(trial):
        findings.warnings.append(_SLOW)
    findings.checks += 2
    for check in CHECKS:
        check(trial)
        findings.checks += 1
    if references:
        findings.agreement = checks.agrees(trial, references)
        _agreeing(told, references, findings.agreement)
        findings.checks += 1
    else:
        findings.warnings.append(NO_REFERENCES)
    checks.fails_rarely(trial)
    findings.checks += 1


def _same_labels(told: VerifyInput, manifest: Manifest, references: list[ReferenceAnswer]) -> None:
    """Clients go on getting the labels that they know, and the artifact agrees with itself."""
    compared = [(told.promised_labels, "production")] if told.promised_labels else []
    compared += [(list(each.scores), "the reference answers") for each in references[:1]]
    for labels, whose in compared:
        flaw = contract.labels_flaw(manifest.labels, labels, whose)
        if flaw:
            raise Unverified(
                VerifyReason.LABELS_DIFFER,
                f"The candidate's label set {flaw}; train it on the same labels.",
            )


def _agreeing(told: VerifyInput, references: list[ReferenceAnswer], found: Agreement) -> None:
    if not found.exceeds(told.max_disagreement_percent):
        return
    first = references[found.differing[0]]
    raise Unverified(
        VerifyReason.ANSWERS_DIFFER,
        f"{len(found.differing)} of {found.answers} reference answers "
        f"({100 * len(found.differing) / found.answers:.1f} %) have another label than at the "
        f"evaluation, at most {told.max_disagreement_percent} % may "
        f"(staging.maxDisagreementPercent); the largest difference of a score is "
        f"{found.largest_difference:.4f}; the first was {first.label}. Compare serving.maxTokens "
        "and the engine with those of the evaluation.",
    )


def _failed(findings: _Findings, reason: VerifyReason, message: str) -> VerifyResult:
    return findings.result(VerifyError(reason=reason, message=message))


def _exit_code(reason: VerifyReason) -> ExitCode:
    if reason.proven:
        return ExitCode.UNFIT
    waited = reason in (VerifyReason.UNREACHABLE, VerifyReason.UNHEALTHY)
    return ExitCode.DEADLINE if waited else ExitCode.BAD_INPUT
