"""One worker of a search as a process of its own, with a curve in place of a training.

``python tests/search_worker.py NUMBER`` works like ``python -m pharos_jobs search``, but in its
NUMBER-th trial it says so and waits at standard input: there a test can kill it, or take the
database away before it lets it go on. Each training leaves a line in ``TRAINED``.
"""

import json
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from pharos_api.jobio import StepInput
from pharos_api.names import ENV_STEP_INPUT
from pharos_api.trainer import Hyperparameters
from pharos_jobs import logs
from pharos_jobs.context import StepContext
from pharos_jobs.steps import search

TRAINED = "PHAROS_TEST_TRAINED"
IN_TRIAL = "in trial"


@dataclass
class Curve:
    """Accuracies that rise with each evaluation, and higher the nearer the rate is to 3e-5."""

    waits_in: int = 0
    begun: list[str] = field(default_factory=list)

    def train(self, place: str, settings: Hyperparameters, context: StepContext) -> float:
        self.begun.append(place)
        with Path(os.environ[TRAINED]).open("a", encoding="utf-8") as trained:
            trained.write(json.dumps({"place": place, "rate": settings.learning_rate}) + "\n")
        watch = context.watch
        assert watch is not None
        reached = 0.0
        for number in range(1, settings.epochs * watch.per_epoch + 1):
            off = abs(float(settings.learning_rate) - 3e-5) / 3e-5
            reached = (0.95 - 0.3 * min(1.0, off)) * (1 - 0.5**number)
            watch.evaluated(number, reached)
            if number == 1 and len(self.begun) == self.waits_in:
                sys.stdout.write(f"{IN_TRIAL}\n")
                sys.stdout.flush()
                sys.stdin.readline()
        return reached

    def accuracy(self, trained: float) -> float:
        return trained

    def latency_ms(self, trained: float) -> float:
        return 10 * trained

    def forget(self, place: str) -> None:
        """Nothing was kept."""


def main() -> None:
    logs.configure(sys.stderr)
    step_input = StepInput.model_validate_json(os.environ[ENV_STEP_INPUT])
    with tempfile.TemporaryDirectory() as folder:
        result = search.run(step_input, StepContext(Path(folder)), Curve(int(sys.argv[1])))
    sys.stdout.write(result.model_dump_json(by_alias=True) + "\n")


if __name__ == "__main__":
    main()
