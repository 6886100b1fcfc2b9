"""Loads the engine that serves: the preferred one, or of the candidates the fastest here and now.

Each candidate is loaded alone and let go before the next, so that the pod never needs the memory
of two. One candidate alone is not measured: there is nothing to tell apart. The preferred one is,
shortly: it stands for others, so people ask what it reaches here.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

from pharos_api.engines import EngineSheet, Runtime, Variant
from pharos_api.model import Engine as EngineChoice
from pharos_serving.engines.choosing import Measured, candidates, fastest, preferred
from pharos_serving.engines.onnx import OnnxEngine
from pharos_serving.engines.openvino import Layout, OpenVinoEngine, Tokens
from pharos_serving.engines.port import Engine
from pharos_serving.engines.processor import processor
from pharos_serving.engines.self_benchmark import probe_row, texts_per_s
from pharos_serving.errors import ModelRejected
from pharos_serving.memory import give_back, page_out

_LOG = logging.getLogger(__name__)
# What of the time for the self-benchmark is spent where nothing has to be told apart.
_ALONE = 0.25


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked for, and how much time may be spent on finding it out.

    ``preferred`` is the name of a variant, empty where none is preferred.
    """

    wanted: EngineChoice
    layout: Layout
    tokens: Tokens
    benchmark_s: float = 2.0
    preferred: str = ""


@dataclass(frozen=True, slots=True)
class Selected:
    """The engine that serves, and what each candidate reached."""

    engine: Engine
    variant: Variant
    measured: tuple[Measured, ...] = field(default=())


def select(
    folder: Path, sheet: EngineSheet, selection: Selection, probe: Sequence[int]
) -> Selected:
    """The preferred engine, else the fastest. Raises ModelRejected when none can be loaded."""
    selected = _selected(folder, sheet, selection, probe)
    give_back()
    page_out(folder)
    return selected


def _selected(
    folder: Path, sheet: EngineSheet, selection: Selection, probe: Sequence[int]
) -> Selected:
    row, here = probe_row(probe, selection.tokens.limit), processor()
    wish = preferred(sheet, selection.wanted, selection.preferred, here)
    granted = None if wish is None else _granted(wish, folder, selection, row)
    if granted is not None:
        return granted
    return _fastest(candidates(sheet, selection.wanted, here), folder, selection, row)


def _granted(
    wish: Variant, folder: Path, selection: Selection, row: Sequence[int]
) -> Selected | None:
    """The preferred variant, measured shortly; None where it cannot be loaded after all."""
    try:
        engine = _loaded(wish, folder, selection)
    except ModelRejected as rejected:
        _LOG.warning("%s was preferred and is left out: %s", wish.name, rejected.message)
        return None
    if not selection.benchmark_s:
        return Selected(engine, wish)
    reached = Measured(wish, texts_per_s(engine, row, selection.benchmark_s * _ALONE))
    _tell(wish, [reached])
    return Selected(engine, wish, (reached,))


def _fastest(
    variants: Sequence[Variant], folder: Path, selection: Selection, row: Sequence[int]
) -> Selected:
    if len(variants) == 1 or not selection.benchmark_s:
        return Selected(_loaded(variants[0], folder, selection), variants[0])
    seconds = selection.benchmark_s / len(variants)
    measured = []
    for variant in variants:
        try:
            engine = _loaded(variant, folder, selection)
        except ModelRejected as rejected:
            _LOG.warning("%s is left out: %s", variant.name, rejected.message)
            continue
        measured.append(Measured(variant, texts_per_s(engine, row, seconds)))
        del engine
        give_back()
    chosen = fastest(measured).variant if measured else variants[0]
    _tell(chosen, measured)
    return Selected(_loaded(chosen, folder, selection), chosen, tuple(measured))


def _tell(chosen: Variant, measured: Sequence[Measured]) -> None:
    reached = {each.variant.name: round(each.texts_per_s, 1) for each in measured}
    _LOG.info("Engine chosen", extra={"fields": {"engine": chosen.name, "texts_per_s": reached}})


def _loaded(variant: Variant, folder: Path, selection: Selection) -> Engine:
    files = [folder / name for name in variant.files]
    match variant.runtime:
        case Runtime.OPENVINO:
            return OpenVinoEngine(files, variant.precision, selection.layout, selection.tokens)
        case Runtime.ONNX_RUNTIME:
            return OnnxEngine(files[0], selection.layout.threads, selection.tokens.pad_id)
        case _:
            assert_never(variant.runtime)
