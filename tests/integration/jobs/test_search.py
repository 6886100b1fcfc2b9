"""A search on a real PostgreSQL with real processes: killed, cut off, resumed, and by SQLite."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from integration.postgres import Server, own_postgres, postgres_url
from jobs_builders import sample, step_input
from search_worker import IN_TRIAL, TRAINED
from sqlalchemy import text
from tiny_model import tiny_bert

from pharos_api.jobio import StepInput, StepResult
from pharos_api.names import ENV_DATABASE_URL, ENV_STEP_INPUT, ENV_WORKER_INDEX
from pharos_api.search import Search
from pharos_jobs.core.trials import Move, Phase, Worker, final, places
from pharos_jobs.errors import Terminal
from pharos_jobs.search.heart import GRACE_S
from pharos_jobs.search.patience import Patience
from pharos_jobs.search.study import Desk, SharedStudy
from pharos_store.connecting import open_engine
from pharos_store.upgrading import upgrade

__all__ = ["own_postgres", "postgres_url"]
pytestmark = pytest.mark.timeout(900)
PROGRAM = Path(__file__).resolve().parents[2] / "search_worker.py"
PNG = b"\x89PNG\r\n\x1a\n"
Start = Callable[..., "subprocess.Popen[str]"]


def asked(root: Path, uid: str, **search: Any) -> StepInput:
    """A search of twenty trials by two workers."""
    given = {"trials": 20, "timeout": "1h", "parallelism": 2, **search}
    return step_input(root, "search", uid=uid, search=given)  # type: ignore[arg-type]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts workers; what still runs at the end is killed."""
    begun: list[subprocess.Popen[str]] = []

    def started(told: StepInput, url: str, index: int, waits_in: int = 0) -> Any:
        environment = os.environ | {
            ENV_STEP_INPUT: told.model_dump_json(by_alias=True, exclude_none=True),
            ENV_DATABASE_URL: url,
            ENV_WORKER_INDEX: str(index),
            TRAINED: str(tmp_path / "trained"),
            "OMP_NUM_THREADS": "1",
            "HOME": str(tmp_path),
        }
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [sys.executable, PROGRAM, str(waits_in)],
            env=environment,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )
        begun.append(process)
        return process

    yield started
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate()


def read_until(stream: Any, words: str) -> str:
    """The first line with these words."""
    for line in stream:
        if words in line:
            return str(line)
    raise AssertionError(f"the process ended without {words!r}")


def killed_in_trial(worker: "subprocess.Popen[str]") -> None:
    """SIGKILL it while it trains."""
    read_until(worker.stdout, IN_TRIAL)
    worker.send_signal(signal.SIGKILL)
    assert worker.wait() == -signal.SIGKILL


def ended(worker: "subprocess.Popen[str]") -> StepResult:
    """The result of a worker that ends by itself."""
    out, errors = worker.communicate()
    assert worker.returncode == 0, errors
    return StepResult.model_validate_json(out.splitlines()[-1])


def drained(worker: "subprocess.Popen[str]") -> None:
    """Read what it logs from here on, lest it waits for a reader."""
    threading.Thread(target=worker.stderr.read, daemon=True).start()  # type: ignore[union-attr]


def desk(me: Worker, **clock: Any) -> Desk:
    stop = threading.Event()
    return Desk(me, 0, lambda: datetime.now(UTC), Patience(stop, limit_s=60), **clock)


def trainings(root: Path) -> Counter[str]:
    """How often each place was trained at."""
    lines = (root / "trained").read_text().splitlines()
    return Counter(json.loads(line)["place"] for line in lines)


@pytest.mark.requirement("HPS-10")
@pytest.mark.requirement("HPS-12")
@pytest.mark.requirement("HPS-14")
def test_twenty_trials_of_two_workers_one_and_the_coordinator_killed_in_a_trial(
    tmp_path: Path, postgres_url: str, start: Start
) -> None:
    told = asked(tmp_path, "killed")
    first, second = start(told, postgres_url, 0, 4), start(told, postgres_url, 1, 3)
    drained(first)
    drained(second)
    killed_in_trial(second)
    killed_in_trial(first)
    first, second = start(told, postgres_url, 0), start(told, postgres_url, 1)
    ended(second)
    result = ended(first)

    folder = tmp_path / "runs" / "killed" / "search"
    trials = json.loads((folder / "trials.json").read_text())
    counted = [t for t in trials if t["number"] not in {other["repeats"] for other in trials}]
    assert Counter(t["state"] in ("Complete", "Pruned") for t in counted) == {True: 20}
    assert sum(t["repeats"] is None for t in trials) == 20
    repeated = [(trials[t["repeats"]], t) for t in trials if t["repeats"] is not None]
    assert len(repeated) == 2
    for before, again in repeated:
        assert (before["state"], before["reason"]) == ("Failed", "")
        assert before["params"] == again["params"]
    often = trainings(tmp_path)
    assert sorted(often.values()) == [1] * 18 + [2, 2]
    assert {str(before["number"]) for before, _ in repeated} == {
        place for place, times in often.items() if times == 2
    }

    best = json.loads((folder / "best_params.json").read_text())
    complete = [t for t in counted if t["state"] == "Complete"]
    assert best["best_value"] == round(max(t["values"][0] for t in complete), 4)
    assert best["n_trials"] == 20
    for name in ("optimization_history", "param_importances", "parallel_coordinate", "slice"):
        assert (folder / f"{name}.png").read_bytes().startswith(PNG)
    assert len(list(folder.glob("slice_*.png"))) == 5
    assert result.search is not None
    done = result.search.completed + result.search.pruned
    assert (done, result.search.repeated, result.search.failed) == (20, 2, 0)
    found = json.loads(result.outputs["hyperparameters"])
    assert float(found["learningRate"]) == best["best_params"]["learning_rate"]


def test_a_database_that_is_away_for_a_while_costs_no_trial(
    tmp_path: Path, own_postgres: Server, start: Start
) -> None:
    told = asked(tmp_path, "away", trials=4, parallelism=1)
    worker = start(told, own_postgres.url, 0, 2)
    read_until(worker.stdout, IN_TRIAL)
    own_postgres.stop()
    worker.stdin.write("\n")  # type: ignore[union-attr]
    worker.stdin.flush()  # type: ignore[union-attr]
    read_until(worker.stderr, "database is away")
    own_postgres.start()
    result = ended(worker)
    assert result.search is not None
    assert (result.search.completed + result.search.pruned, result.search.repeated) == (4, 0)
    assert set(trainings(tmp_path).values()) == {1}


def test_a_finished_search_answers_again_without_a_trial(
    tmp_path: Path, postgres_url: str, start: Start
) -> None:
    told = asked(tmp_path, "again", trials=2, parallelism=1)
    first = ended(start(told, postgres_url, 0))
    again = ended(start(told, postgres_url, 0))
    assert again == first
    assert sum(trainings(tmp_path).values()) == 2


def test_two_objectives_give_the_fastest_of_the_accurate(
    tmp_path: Path, postgres_url: str, start: Start
) -> None:
    objectives = {"objectives": ["Accuracy", "Latency"], "pruner": "None"}
    told = asked(tmp_path, "both", trials=6, parallelism=1, accuracyTolerance="1", **objectives)
    result = ended(start(told, postgres_url, 0))
    folder = tmp_path / "runs" / "both" / "search"
    trials = json.loads((folder / "trials.json").read_text())
    best = json.loads((folder / "best_params.json").read_text())
    assert best["best_latency_ms"] == round(min(t["values"][1] for t in trials), 2)
    assert (folder / "pareto_front.png").read_bytes().startswith(PNG)
    assert result.search is not None
    assert result.search.best is not None
    assert result.search.best.latency_ms is not None


def test_optunas_tables_stay_away_from_ours(postgres_url: str) -> None:
    upgrade(postgres_url)
    search = Search(trials=2)
    study = SharedStudy(postgres_url, "apart", search, desk(Worker(1, 0, "a")))
    study.close()
    engine = open_engine(postgres_url)
    with engine.connect() as connection:
        query = "SELECT table_schema FROM information_schema.tables WHERE table_name = :name"
        found = {
            name: set(connection.execute(text(query), {"name": name}).scalars())
            for name in ("alembic_version", "trials", "model_versions")
        }
    engine.dispose()
    assert found == {
        "alembic_version": {"public", "pharos_search"},
        "trials": {"pharos_search"},
        "model_versions": {"public"},
    }
    upgrade(postgres_url)


def test_a_role_that_may_not_make_the_schema_is_told_so_and_needs_no_right_once_it_is_made(
    postgres_url: str,
) -> None:
    engine = open_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS pharos_search CASCADE"))
        connection.execute(text("CREATE ROLE limited LOGIN"))
    limited = postgres_url.replace("//pharos@", "//limited@")
    with pytest.raises(Terminal, match=r"CREATE SCHEMA pharos_search AUTHORIZATION <role>"):
        SharedStudy(limited, "refused", Search(), desk(Worker(1, 0, "a")))
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA pharos_search AUTHORIZATION limited"))
    SharedStudy(limited, "taken", Search(), desk(Worker(1, 0, "a"))).close()
    with engine.begin() as connection:
        connection.execute(text("DROP OWNED BY limited CASCADE"))
        connection.execute(text("DROP ROLE limited"))
    engine.dispose()


def test_a_trial_whose_heart_is_silent_is_taken_over_and_its_worker_cannot_count_it_twice(
    postgres_url: str,
) -> None:
    from optuna.trial import TrialState  # noqa: PLC0415 - seconds

    search = Search(trials=1)
    ticks_s = [0.0]
    lost = SharedStudy(postgres_url, "silent", search, desk(Worker(1, 1, "a")))
    taken = lost.claim()
    with lost.heart.beating(taken.trial):
        pass
    engine = open_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE pharos_search.trial_heartbeats SET heartbeat = heartbeat - "
                f"interval '{GRACE_S + 1} s'"
            )
        )
    engine.dispose()
    heir = SharedStudy(
        postgres_url, "silent", search, desk(Worker(1, 0, "b"), clock_s=lambda: ticks_s[0])
    )
    assert heir.claim().plan.move is Move.WAIT  # as long as it may have been away itself
    ticks_s[0] = 2 * GRACE_S + 1
    again = heir.claim()
    assert again.plan.move is Move.START
    assert again.lineage == (1, 0)
    assert again.trial.params == taken.trial.params
    lost.end(taken.trial, TrialState.COMPLETE, [0.9])
    heir.end(again.trial, TrialState.COMPLETE, [0.8])
    trials = heir.trials()
    assert [t.phase for t in trials] == [Phase.FAILED, Phase.COMPLETE]
    assert (places(trials), [t.values for t in final(trials)]) == (1, [(0.8,)])
    lost.close()
    heir.close()


@pytest.fixture
def splits(tmp_path: Path) -> Path:
    """A folder of splits as ``prepare`` leaves it."""
    folder = tmp_path / "splits"
    topics = ("cs.AI", "cs.RO")
    for name, first, each in (("train", 0, 12), ("val", 100, 4), ("test", 200, 4)):
        rows = [sample(topic, first + n).to_json() for topic in topics for n in range(each)]
        (folder / f"{name}.json").parent.mkdir(exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(rows))
    return folder


@pytest.mark.requirement("HPS-15")
@pytest.mark.requirement("HPS-16")
def test_the_command_searches_with_the_real_trainer_and_goes_on_with_its_study(
    tmp_path: Path, splits: Path
) -> None:
    base = tiny_bert(tmp_path / "base")
    flags = ["--data-dir", splits, "--base-model", base, "--n-trials", "2", "--timeout", "28800"]
    command = [sys.executable, "-m", "pharos_jobs", "search", *map(str, flags)]
    environment = os.environ | {"HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "models" / "classification" / "hp_search"
    best = json.loads((folder / "best_params.json").read_text())
    assert (best["n_trials"], best["study_name"]) == (2, "arxiv_classification_hp_search")
    assert set(best["best_params"]) == {
        *("learning_rate", "batch_size", "warmup_steps", "weight_decay", "epochs")
    }
    assert (folder / "optimization_history.png").read_bytes().startswith(PNG)
    assert "best validation accuracy" in done.stdout


@pytest.mark.requirement("HPS-1")
@pytest.mark.requirement("HPS-2")
@pytest.mark.requirement("HPS-3")
@pytest.mark.requirement("HPS-4")
@pytest.mark.requirement("HPS-5")
def test_the_class_for_notebooks(tmp_path: Path, splits: Path) -> None:
    import optuna  # noqa: PLC0415 - seconds

    from pharos_jobs.standalone.search import HyperparameterSearch  # noqa: PLC0415

    base = tiny_bert(tmp_path / "base")
    space = {"epochs": [1], "batchSize": [8]}
    search = HyperparameterSearch(str(splits), str(tmp_path / "out"), str(base), space)
    own = optuna.create_study(direction="maximize")
    own.optimize(search.objective, n_trials=1)
    assert 0.0 <= own.best_value <= 1.0
    search.visualize_results(own)
    assert (tmp_path / "out" / "slice_learning_rate.png").read_bytes().startswith(PNG)
    best = search.search(n_trials=1, timeout=600)
    assert best["best_params"]["batch_size"] == 8
