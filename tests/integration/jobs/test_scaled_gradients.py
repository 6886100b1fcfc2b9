"""Training in fp16 with scaled gradients: the loop, a scaler and fp16 products, on a CPU.

transformers gives a scaler to a GPU alone; here the loop gets torch's own for a CPU, and everything
from the forward pass to the checkpoint is what runs on a GPU.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from jobs_builders import sample
from tiny_model import tiny_bert

from pharos_api.trainer import Hyperparameters, Precision
from pharos_jobs.context import StepContext
from pharos_jobs.training import device
from pharos_jobs.training.trainer import ClassificationTrainer, Keeping

pytestmark = [
    pytest.mark.timeout(300),
    # torch's profiler of the graph and its tracer speak of their own future.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]
TOPICS = ("cs.AI", "cs.RO")
TRAIN = [sample(topic, n) for topic in TOPICS for n in range(16)]
VAL = [sample(topic, n) for topic in TOPICS for n in range(100, 108)]
STEPS_AN_EPOCH = 4
RATE = "3e-3"
PLAIN_SCALE, FAR_TOO_LARGE = 2.0**10, 2.0**40


class ScaledTrainer(ClassificationTrainer):
    """A trainer whose accelerator is set up as on a GPU that has no bf16."""

    scale = PLAIN_SCALE

    def _assembled(self, *given: Any) -> Any:
        trainer, writer = super()._assembled(*given)
        self.scaler = torch.amp.GradScaler("cpu", init_scale=self.scale)
        trainer.accelerator.native_amp = True
        trainer.accelerator.scaler = self.scaler
        return trainer, writer


def settings(epochs: int, rate: str = RATE) -> Hyperparameters:
    given = {"epochs": epochs, "batchSize": 8, "maxTokens": 64, "learningRate": rate}
    return Hyperparameters.model_validate({**given, "earlyStoppingPatience": 0, "warmupSteps": 1})


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


@pytest.fixture
def fp16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "settled_precision", lambda *_: Precision.FP16)


def weights(model: Any) -> torch.Tensor:
    return torch.cat([each.detach().flatten() for each in model.parameters()])


def scaled(base: Path, output: Path, epochs: int, scale: float = PLAIN_SCALE) -> Any:
    """A trainer after its training, and what that gave."""
    trainer = ScaledTrainer(base.as_uri(), str(output), Keeping(every_s=0.0))
    trainer.scale = scale
    return trainer, trainer.train(TRAIN, VAL, settings(epochs), StepContext(output))


@pytest.mark.usefixtures("fp16")
@pytest.mark.requirement("PRF-4", "TRN-12")
def test_scaled_gradients_lead_where_plain_ones_do(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, mixed = scaled(base, tmp_path / "mixed", epochs=2)
    monkeypatch.setattr(device, "settled_precision", lambda *_: Precision.FP32)
    plain, unmoved = (
        ClassificationTrainer(base.as_uri(), str(tmp_path / rate)).train(
            TRAIN, VAL, settings(2, rate), StepContext(tmp_path / rate)
        )
        for rate in (RATE, "1e-12")
    )
    assert (mixed.precision, plain.precision) == (Precision.FP16, Precision.FP32)
    apart, way = ((weights(plain.model) - weights(each.model)).norm() for each in (mixed, unmoved))
    assert 0 < apart < 0.1 * way


@pytest.mark.usefixtures("fp16")
@pytest.mark.requirement("PRF-4")
def test_a_scale_that_is_too_large_shrinks_and_spoils_no_weight(base: Path, tmp_path: Path) -> None:
    trainer, made = scaled(base, tmp_path, epochs=2, scale=FAR_TOO_LARGE)
    halvings = torch.log2(torch.tensor(FAR_TOO_LARGE / trainer.scaler.get_scale()))
    assert 1 <= halvings <= 2 * STEPS_AN_EPOCH
    assert torch.isfinite(weights(made.model)).all()


@pytest.mark.usefixtures("fp16")
@pytest.mark.requirement("PRF-4")
def test_a_restart_goes_on_with_the_scale_that_was_found(base: Path, tmp_path: Path) -> None:
    first, _ = scaled(base, tmp_path, epochs=2, scale=FAR_TOO_LARGE)
    found = first.scaler.get_scale()
    kept = torch.load(max(tmp_path.rglob("scaler.pt")), weights_only=True)
    assert kept["scale"] <= FAR_TOO_LARGE / 2
    second, _ = scaled(base, tmp_path, epochs=2, scale=FAR_TOO_LARGE)
    assert second.scaler.get_scale() == found
