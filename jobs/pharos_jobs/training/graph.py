"""Draws the model into TensorBoard (row MON-3); what cannot be drawn is trained all the same."""

import logging
import warnings
from typing import Any

import torch
from torch.utils.tensorboard import SummaryWriter

from pharos_jobs.export.onnx_export import LogitsOnly

_SAMPLE_TOKENS = 4
_log = logging.getLogger(__name__)


def draw(writer: SummaryWriter, model: Any) -> None:
    """Trace the model on one short text; it is in training mode again afterwards."""
    tokens = torch.zeros((1, _SAMPLE_TOKENS), dtype=torch.long, device=model.device)
    was_training = model.training
    try:
        with warnings.catch_warnings():
            # TensorBoard traces the old way, of which torch and the model complain.
            warnings.simplefilter("ignore")
            writer.add_graph(LogitsOnly(model).eval(), (tokens, torch.ones_like(tokens)))
    except RuntimeError as error:
        _log.warning("The model's graph cannot be drawn", extra={"reason": str(error)})
    finally:
        model.train(was_training)
