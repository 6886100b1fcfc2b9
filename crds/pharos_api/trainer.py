"""How a model is trained: recipe, base model and hyperparameters."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from pharos_api.meta import DecimalString, Spec, decimal_rule, rules


class Recipe(StrEnum):
    """How the model is trained. Blend pools a fine-tuned encoder with a linear model.

    Cascade is a Blend that asks the encoder only where the linear model is not sure. FewShot fits
    a head to a sentence encoder that stays as it is. Distil is a FineTune that learns from a linear
    model's probabilities too.
    """

    FINE_TUNE = "FineTune"
    LINEAR = "Linear"
    BLEND = "Blend"
    CASCADE = "Cascade"
    FEW_SHOT = "FewShot"
    DISTIL = "Distil"


# These take no steps: there is nothing to search for, to share out or to go on from.
AT_ONCE = frozenset({Recipe.LINEAR, Recipe.FEW_SHOT})


class Precision(StrEnum):
    """Auto: bf16 where the device does it, else fp16 with a scaler on CUDA, else fp32."""

    AUTO = "Auto"
    BF16 = "BF16"
    FP16 = "FP16"
    FP32 = "FP32"


class Hyperparameters(Spec):
    """The recipes' knobs with the requirement's defaults (rows TRN-10, TRN-11).

    ``regularisation`` is the C of a linear model's SVMs; the other knobs are the encoder's.
    """

    model_config = rules(
        (
            decimal_rule("learningRate", "> 0.0"),
            "learningRate must be greater than 0, for example 2e-5",
        ),
        (
            decimal_rule("regularisation", "> 0.0"),
            "regularisation must be greater than 0, for example 0.5",
        ),
    )

    epochs: int = Field(3, ge=1, le=1000)
    batch_size: int = Field(16, ge=1, le=4096)
    learning_rate: DecimalString = "2e-5"
    head_learning_rate: DecimalString | None = None
    warmup_steps: int = Field(500, ge=0, le=1_000_000)
    weight_decay: DecimalString = "0.01"
    max_tokens: int = Field(512, ge=8, le=8192)
    early_stopping_patience: int = Field(2, ge=0, le=1000)
    label_smoothing: DecimalString = "0"
    adaptive_pretraining_epochs: int = Field(0, ge=0, le=1000)
    regularisation: DecimalString = "0.5"
    gradient_checkpointing: bool = False
    precision: Precision = Precision.AUTO
    seed: int = Field(42, ge=0, le=2**31 - 1)


class Trainer(Spec):
    """Recipe, base model, hyperparameters, and how many processes train together.

    ``nodes`` pods share the training of one model, with a process for each of their GPUs, or
    ``processesPerNode``.
    """

    model_config = rules(
        (
            "self.hyperparameters.adaptivePretrainingEpochs == 0 || "
            "!(self.recipe in ['Linear', 'FewShot'])",
            "adaptivePretrainingEpochs needs a recipe that fine-tunes an encoder: FineTune, "
            "Distil, Blend or Cascade",
        ),
    )

    recipe: Recipe = Recipe.FINE_TUNE
    base_model: Annotated[str, StringConstraints(min_length=1, max_length=512)] = (
        "distilbert-base-uncased"
    )
    hyperparameters: Hyperparameters = Hyperparameters()
    nodes: int = Field(1, ge=1, le=64)
    processes_per_node: int | None = Field(None, ge=1, le=16)

    @model_validator(mode="after")
    def _pretrains_what_is_trained(self) -> Self:
        if self.hyperparameters.adaptive_pretraining_epochs and self.recipe in AT_ONCE:
            raise ValueError(
                f"adaptivePretrainingEpochs needs a recipe that fine-tunes an encoder: "
                f"{self.recipe} does not"
            )
        return self
