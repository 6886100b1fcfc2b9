"""How other servers are asked, and what their answers say."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from serving import process_tree
from serving.client import Answered
from serving.dialects import INFINITY, LITSERVE, MLSERVER, PHAROS, Dialect
from serving.peers import PEERS, Task
from serving.peers.environments import last_line
from serving.turns import agreement, summed

_SCORES = [{"label": "cs.AI", "score": 0.1}, {"label": "cs.CV", "score": 0.9}]
ANSWERS: dict[str, tuple[Dialect, Any]] = {
    "ours names the label": (PHAROS, {"label": "cs.CV", "scores": {}}),
    "LitServe as ours": (LITSERVE, {"label": "cs.CV"}),
    "infinity gives scores": (INFINITY, {"data": [_SCORES]}),
    "MLServer gives JSON in a text": (
        MLSERVER,
        {"outputs": [{"data": [json.dumps({"label": "cs.CV", "score": 0.9})]}]},
    ),
}


@pytest.mark.parametrize(("dialect", "answer"), ANSWERS.values(), ids=ANSWERS.keys())
def test_each_answer_names_the_most_probable_label(dialect: Dialect, answer: Any) -> None:
    assert dialect.label(answer) == "cs.CV"
    assert "a text" in json.dumps(dialect.body("a text"))


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_peer_is_pinned_and_told_of_model_port_and_threads(peer: Any) -> None:
    assert "==" in peer.requirements[0]
    task = Task(Path("/models/bench"), 2, Path("/peers/bin"), Path("/peers/own"))
    said = " ".join([*peer.command(task), *peer.files(task).values()])
    assert "/models/bench" in said
    assert "{port}" in said or peer.name == "mlserver"  # it takes the port from its environment


def test_the_reason_is_the_last_line_that_says_something() -> None:
    assert last_line("Traceback\n  File\nImportError: no Conversation\n\n") == (
        "ImportError: no Conversation"
    )
    assert last_line("") == "it ended without a word"


def test_what_is_answered_after_the_slice_is_no_part_of_the_rate() -> None:
    """A server that falls behind may not count its backlog: 2 of 4 within 2 seconds."""
    answers = [
        Answered(0.0, 0.5, 200),
        Answered(0.5, 1.5, 200),
        Answered(1.0, 2.0, 200),
        Answered(1.5, 0.1, 429),
    ]
    found = summed(answers, 2.0, cpu_s=0.3)
    assert (found["perSecond"], found["refused"], found["failed"]) == (1.0, 1, 0)
    assert found["cpuMsPerRequest"] == pytest.approx(100)


def test_agreement_is_the_share_of_equal_labels() -> None:
    assert agreement(["a", "b", "c", "d"], ["a", "b", "x", ""]) == 0.5


def test_a_server_is_measured_with_the_processes_that_it_starts() -> None:
    child = "import sys; print(1, flush=True); sys.stdin.read()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    line = [sys.executable, "-c", parent]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        family = process_tree.family(process.pid)
        assert len(family) == 2
        alone = process_tree.memory_mib([process.pid])["VmRSS"]
        assert process_tree.memory_mib(family)["VmRSS"] > alone > 0
        process.communicate(b"")
