"""``search`` by flags, and the search as a class for notebooks (rows HPS-1 to HPS-5, 15, 16)."""

import argparse
from pathlib import Path
from typing import Any

from pharos_api.jobio import ExitCode, StepInput, StepResult
from pharos_jobs import storage
from pharos_jobs.errors import Retryable
from pharos_jobs.standalone import desk

STUDY = "arxiv_classification_hp_search"


class HyperparameterSearch:
    """Searches on this machine, one trial at a time, with the study in a file beside the results.

    Args:
        data_dir: folder with ``train.json``, ``val.json`` and ``test.json``.
        output_dir: where ``best_params.json`` and the plots go.
        base_model: as ``spec.trainer.baseModel`` names it.
        space: ranges and choices as ``spec.search.space`` spells them.
    """

    def __init__(
        self,
        data_dir: str,
        output_dir: str = "models/classification/hp_search",
        base_model: str = "distilbert-base-uncased",
        space: dict[str, Any] | None = None,
    ) -> None:
        self._output = Path(output_dir).resolve()
        self._root = self._output.parent / ".pharos"
        self._dataset = desk.stored_splits(Path(data_dir), self._root)
        self._trainer = {"baseModel": base_model}
        self._space = {"space": space} if space else {}

    def objective(self, trial: Any) -> float:
        """Train one trial of any Optuna study; the best accuracy on the validation split.

        Raises TrialPruned where the study's pruner says so.
        """
        from pharos_jobs.steps.search import objective_of  # noqa: PLC0415 - seconds

        return objective_of(self._input({}), self._output / "notebook")(trial)

    def search(self, n_trials: int = 20, timeout: int = 28800) -> dict[str, Any]:
        """Search, or go on with the same search; the document of ``best_params.json``.

        ``timeout`` is in seconds. Raises StepFault with the sentence of what went wrong.
        """
        result, code = self.run(n_trials, timeout)
        if result.error is not None:
            fault = Retryable(result.error.reason, result.error.message)
            fault.exit_code = code
            raise fault
        found: dict[str, Any] = storage.read_json(result.outputs["bestParamsUri"])
        return found

    def run(self, n_trials: int, timeout: int) -> tuple[StepResult, ExitCode]:
        """The search step, and its files in ``output_dir``."""
        given = self._input({"trials": n_trials, "timeout": f"{timeout}s"})
        result, code = desk.run(given)
        if code is ExitCode.OK:
            self._copy(result.outputs["searchUri"])
        return result, code

    def visualize_results(self, study: Any) -> None:
        """Draw the plots of an Optuna study into ``output_dir``."""
        from pharos_jobs.search.plots import plots  # noqa: PLC0415 - seconds

        for name, image in plots(study):
            storage.write_bytes(storage.to_uri(self._output / name), image)

    def _input(self, search: dict[str, Any]) -> StepInput:
        asked = {**search, **self._space}
        uid = desk.run_uid("search", self._output, self._dataset.sha256, self._trainer, asked)
        given = {
            "step": "search",
            "uid": uid,
            "trainer": self._trainer,
            "search": asked,
            "study": STUDY,
            "inputs": {"datasetUri": self._dataset.uri},
        }
        return desk.step_input(self._root, given)

    def _copy(self, source: str) -> None:
        for name in storage.names(source):
            if name.endswith((".json", ".png")):
                storage.copy(f"{source}/{name}", f"{storage.to_uri(self._output)}/{name}")


def run(options: argparse.Namespace) -> ExitCode:
    """Search and put the result into ``--output-dir``."""
    search = HyperparameterSearch(options.data_dir, options.output_dir, options.base_model)
    result, code = search.run(options.n_trials, options.timeout)
    if code is ExitCode.OK:
        best = result.metrics["searchAccuracy"]
        desk.say(f"best validation accuracy {best}: {options.output_dir}/best_params.json")
    return code
