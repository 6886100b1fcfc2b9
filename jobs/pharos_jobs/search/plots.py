"""The plots of a study as PNG images (row HPS-14)."""

import io
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import matplotlib as mpl
import optuna
from optuna.visualization import matplotlib as drawing

from pharos_jobs.search.study import quiet

_INCHES = (9.0, 5.5)
_DPI = 120
_Draw = Callable[[], Any]


def plots(study: optuna.Study) -> Iterator[tuple[str, bytes]]:
    """File names and PNG images: history, importances, parallel coordinates, and slices.

    A plot that the study has too few trials for says so in words.
    """
    mpl.use("Agg")
    for name, draw in _drawings(study).items():
        with quiet():
            # What Matplotlib remarks on axes with a single value helps nobody.
            warnings.simplefilter("ignore", UserWarning)
            image = _png(draw)
        yield f"{name}.png", image


def _drawings(study: optuna.Study) -> dict[str, _Draw]:
    options: dict[str, Any] = {}
    if len(study.directions) > 1:
        options = {"target": lambda trial: trial.values[0], "target_name": "Accuracy"}
    found: dict[str, _Draw] = {
        "optimization_history": lambda: drawing.plot_optimization_history(study, **options),
        "param_importances": lambda: drawing.plot_param_importances(study, **options),
        "parallel_coordinate": lambda: drawing.plot_parallel_coordinate(study, **options),
        "slice": lambda: drawing.plot_slice(study, **options),
    }
    for name in _parameters(study):
        found[f"slice_{name}"] = partial(drawing.plot_slice, study, [name], **options)
    if len(study.directions) > 1:
        names = ["Accuracy", "Latency (ms)"]
        found["pareto_front"] = lambda: drawing.plot_pareto_front(study, target_names=names)
    return found


def _parameters(study: optuna.Study) -> list[str]:
    return sorted({name for trial in study.get_trials(deepcopy=False) for name in trial.params})


def _png(draw: _Draw) -> bytes:
    from matplotlib import pyplot  # noqa: PLC0415 - after the backend was chosen

    try:
        axes = draw()
        first = axes if hasattr(axes, "figure") else axes.flat[0]
        figure = first.figure
    except (ValueError, RuntimeError) as error:
        figure = _in_words(str(error))
    figure.set_size_inches(*_INCHES)
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=_DPI, bbox_inches="tight")
    pyplot.close(figure)
    return image.getvalue()


def _in_words(why: str) -> Any:
    from matplotlib import pyplot  # noqa: PLC0415 - after the backend was chosen

    figure, axes = pyplot.subplots()
    axes.axis("off")
    axes.text(0.5, 0.5, f"There are too few trials for this plot.\n{why}", ha="center", wrap=True)
    return figure
