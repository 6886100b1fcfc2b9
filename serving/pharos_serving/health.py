"""Whether the model in this process is fit to answer (rows API-1 to API-4).

Reports and never repairs: what to do about it is Kubernetes' and the operator's affair.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from time import perf_counter

from pharos_serving.dataplane import PROBE_TEXT, Prediction
from pharos_serving.loading import VerifiedModel

ACCEPTABLE_LATENCY_MS = 200.0
_PATIENCE_S = 5.0
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class ModelHealth:
    """The four checks; each is False until it was seen to hold."""

    model_loaded: bool = False
    checkpoint_valid: bool = False
    inference_working: bool = False
    latency_acceptable: bool = False

    @property
    def healthy(self) -> bool:
        """Whether all four hold."""
        return all(self.to_json().values())

    def to_json(self) -> dict[str, bool]:
        """The checks by name."""
        return asdict(self)


async def check_model_health(
    model: VerifiedModel | None, predict: Callable[[list[str]], Awaitable[list[Prediction]]]
) -> ModelHealth:
    """Look at the files and run one prediction; a failure of the prediction is logged."""
    health = ModelHealth(model_loaded=model is not None)
    health.checkpoint_valid = model is not None and model.unchanged()
    started_s = perf_counter()
    try:
        answer = await asyncio.wait_for(predict([PROBE_TEXT]), _PATIENCE_S)
    except Exception as error:
        _LOG.error("Health check failed: %s", error)
        return health
    latency_ms = (perf_counter() - started_s) * 1000
    health.inference_working = bool(answer and answer[0].scores)
    health.latency_acceptable = latency_ms < ACCEPTABLE_LATENCY_MS
    return health
