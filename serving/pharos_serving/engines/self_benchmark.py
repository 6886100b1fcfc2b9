"""How many texts a second an engine computes here and now.

Short on purpose: it tells engines apart, it does not plan capacity. Every lane of the engine is
kept busy, as under load.
"""

import threading
from collections.abc import Sequence
from time import perf_counter

from pharos_serving.engines.port import Engine

# A paper's abstract, on a step of ``padded_tokens``.
PROBE_TOKENS = 192
_WARM_UP = 2


def texts_per_s(engine: Engine, row: Sequence[int], seconds: float) -> float:
    """Run the engine for about ``seconds`` on one row. Raises what the engine raises."""
    for _ in range(_WARM_UP * engine.lanes):
        engine.predict([row])
    counts = [0] * engine.lanes
    started_s = perf_counter()

    def work(lane: int) -> None:
        while counts[lane] == 0 or perf_counter() - started_s < seconds:
            engine.predict([row])
            counts[lane] += 1

    threads = [threading.Thread(target=work, args=(lane,)) for lane in range(engine.lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (perf_counter() - started_s)


def probe_row(ids: Sequence[int], limit: int) -> list[int]:
    """The ids of a text repeated to the length of the probe, or to the limit."""
    length = min(PROBE_TOKENS, limit)
    return (list(ids) * (length // len(ids) + 1))[:length]
