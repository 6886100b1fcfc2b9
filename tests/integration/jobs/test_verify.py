"""The verify job as a process, against a real server of a tiny model."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from builders_serving import LABELS, build_tiny_model, write_manifest
from serving_process import Running, running_server, serving_environment
from sqlalchemy import Engine, text

from pharos_api.artifacts import REFERENCE_ANSWERS, ReferenceAnswer
from pharos_api.assignment import Arm
from pharos_api.jobio import ExitCode
from pharos_api.names import ENV_TERMINATION_LOG, ENV_VERIFY_INPUT
from pharos_api.verification import VerifyInput, VerifyReason, VerifyResult
from pharos_jobs.core.references import reference_answers
from pharos_jobs.verification.verifying import NO_REFERENCES
from pharos_store import queries
from pharos_store.connecting import open_engine
from pharos_store.rows import ModelVersionRow
from pharos_store.upgrading import upgrade

VERSION = UUID(int=1)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
TEXTS = [f"word{n % 3} and again word{n % 3} in text {n}" for n in range(40)]


def references(texts: Sequence[str], swapped: int = 0) -> list[ReferenceAnswer]:
    """What the tiny model answers; the first ``swapped`` as another model would have answered."""
    counts = np.array([[text.count(f"word{n}") for n in range(3)] for text in texts], dtype=float)
    counts[:swapped] = np.roll(counts[:swapped], 1, axis=1)
    shares = np.exp(2 * counts)
    return reference_answers(texts, shares / shares.sum(axis=1, keepdims=True), LABELS)


def with_references(folder: Path, answers: Sequence[ReferenceAnswer]) -> str:
    """A tiny model with reference answers; its digest."""
    build_tiny_model(folder)
    lines = "".join(f"{each.model_dump_json(by_alias=True)}\n" for each in answers)
    (folder / REFERENCE_ANSWERS).write_text(lines)
    return write_manifest(folder)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server of the tiny model."""
    scratch = tmp_path_factory.mktemp("served")
    sha256 = build_tiny_model(scratch / "model")
    environment = serving_environment(scratch / "model", sha256, scratch)
    with running_server(environment, scratch / "log") as server:
        yield server


def verified(told: VerifyInput, scratch: Path) -> tuple[int, VerifyResult]:
    """Run the job as a pod does; its exit code and its termination message."""
    message = scratch / "termination-log"
    environment = os.environ | {
        ENV_VERIFY_INPUT: told.model_dump_json(by_alias=True),
        ENV_TERMINATION_LOG: str(message),
        # A proxy of the environment must not come between the job and the Service.
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    command = [sys.executable, "-m", "pharos_jobs", "verify"]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert message.exists(), done.stdout + done.stderr
    return done.returncode, VerifyResult.model_validate_json(message.read_text())


def told(url: str, folder: Path, sha256: str, /, **more: object) -> VerifyInput:
    """What the operator would tell the job."""
    given = {
        "url": url,
        "model": "tiny",
        "version": "v1.0.0",
        "artifactUri": folder.as_uri(),
        "sha256": sha256,
        "promisedLabels": list(LABELS),
        "deadlineS": 30,
        **more,
    }
    return VerifyInput.model_validate(given)


@pytest.mark.requirement("DEP-2")
@pytest.mark.requirement("DEP-4")
@pytest.mark.requirement("CHK-4", "CHK-6")
def test_a_candidate_that_answers_as_evaluated_passes(served: Running, tmp_path: Path) -> None:
    sha256 = with_references(tmp_path / "model", references(TEXTS))
    code, result = verified(told(served.url, tmp_path / "model", sha256), tmp_path)
    assert code == ExitCode.OK, result
    assert (result.references, result.disagreements) == (len(TEXTS), 0)
    assert float(result.largest_difference) < 1e-5
    assert float(result.warm_up_p95_ms) > 0
    assert result.error is None
    assert NO_REFERENCES not in result.warnings


def test_its_requests_are_a_tester_s_and_no_user_s(tmp_path: Path) -> None:
    sha256 = with_references(tmp_path / "model", references(TEXTS))
    engine = prepared_database(f"sqlite:///{tmp_path}/pharos.db")
    environment = serving_environment(
        tmp_path / "model",
        sha256,
        tmp_path,
        PHAROS_DATABASE_URL=str(engine.url),
        PHAROS_MODEL_VERSION_UID=str(VERSION),
    )
    with running_server(environment, tmp_path / "log") as server:
        verified(told(server.url, tmp_path / "model", sha256), tmp_path)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
    asked = text("SELECT arm, user_id, experiment_id FROM prediction_logs")
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(asked)]
    engine.dispose()
    assert len(rows) > len(TEXTS)
    assert set(rows) == {(Arm.PINNED.value, None, None)}


def prepared_database(url: str) -> Engine:
    """A prediction log that knows the version."""
    upgrade(url)
    engine = open_engine(url)
    row = ModelVersionRow(VERSION, "v1.0.0", "file:///m", "production", NOW, model="tiny")
    queries.upsert_model_version(engine, row)
    return engine


@dataclass(frozen=True)
class Flaw:
    """A candidate that must not pass: what differs, and what the job says of it."""

    code: ExitCode
    reason: VerifyReason
    sentence: str
    swapped: int = 0
    labels: Sequence[str] = LABELS
    more: dict[str, object] = field(default_factory=dict)


FLAWS = {
    "answers that are not those of the evaluation": Flaw(
        ExitCode.UNFIT,
        VerifyReason.ANSWERS_DIFFER,
        "3 of 40 reference answers (7.5 %) have another label than at the evaluation, at most 7 %",
        swapped=3,
        more={"maxDisagreementPercent": 7},
    ),
    "a server of another label set": Flaw(
        ExitCode.UNFIT,
        VerifyReason.LABELS_DIFFER,
        "The server lacks stat.ML and adds cs.CV compared with the manifest.",
        labels=("cs.AI", "cs.CL", "stat.ML"),
        more={"promisedLabels": []},
    ),
    "labels that production does not know": Flaw(
        ExitCode.UNFIT,
        VerifyReason.LABELS_DIFFER,
        "The candidate's label set lacks cs.RO and adds cs.CV compared with production",
        more={"promisedLabels": ["cs.AI", "cs.CL", "cs.RO"]},
    ),
    "a server of another version": Flaw(
        ExitCode.UNFIT,
        VerifyReason.CONTRACT_BROKEN,
        "GET /v2/models/tiny: the metadata names the versions ['v1.0.0'], not v1.1.0",
        more={"version": "v1.1.0", "warmUpRequests": 0},
    ),
    "nobody behind the address": Flaw(
        ExitCode.DEADLINE,
        VerifyReason.UNREACHABLE,
        "http://127.0.0.1:9 was not fit to answer within 1 s: ConnectError",
        more={"url": "http://127.0.0.1:9", "deadlineS": 1},
    ),
    "an artifact that was changed": Flaw(
        ExitCode.BAD_INPUT,
        VerifyReason.DIGEST_MISMATCH,
        "expected 000000000000",
        more={"sha256": "0" * 64},
    ),
}


@pytest.mark.requirement("DEP-4")
@pytest.mark.parametrize("flaw", FLAWS.values(), ids=FLAWS)
def test_a_flaw_is_told_in_a_sentence(flaw: Flaw, served: Running, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    if flaw.labels == LABELS:
        sha256 = with_references(folder, references(TEXTS, flaw.swapped))
    else:
        sha256 = build_tiny_model(folder, flaw.labels)
    given = told(served.url, folder, sha256, **flaw.more)
    code, result = verified(given, tmp_path)
    assert result.error is not None
    assert (code, result.error.reason) == (flaw.code, flaw.reason), result.error.message
    assert flaw.sentence in result.error.message


def test_few_other_answers_are_allowed_where_the_plan_says_so(
    served: Running, tmp_path: Path
) -> None:
    sha256 = with_references(tmp_path / "model", references(TEXTS, swapped=2))
    given = told(served.url, tmp_path / "model", sha256, maxDisagreementPercent=5)
    code, result = verified(given, tmp_path)
    assert (code, result.disagreements) == (ExitCode.OK, 2), result


def test_an_imported_version_is_tried_without_reference_answers(
    served: Running, tmp_path: Path
) -> None:
    sha256 = build_tiny_model(tmp_path / "model")
    code, result = verified(told(served.url, tmp_path / "model", sha256), tmp_path)
    assert (code, result.references) == (ExitCode.OK, 0), result
    assert NO_REFERENCES in result.warnings


@pytest.mark.parametrize("fault", ["error:1", "error:0.4"])
def test_a_candidate_that_fails_valid_requests_is_refused(fault: str, tmp_path: Path) -> None:
    sha256 = with_references(tmp_path / "model", references(TEXTS))
    environment = serving_environment(tmp_path / "model", sha256, tmp_path, PHAROS_FAULT=fault)
    with running_server(environment, tmp_path / "log") as server:
        code, result = verified(told(server.url, tmp_path / "model", sha256), tmp_path)
    assert result.error is not None
    assert (code, result.error.reason) == (ExitCode.UNFIT, VerifyReason.SERVER_ERRORS)
