"""A server answers from whatever parts the artifact holds: encoder, linear model, or both."""

from pathlib import Path

import pytest
from builders_serving import add_linear_part, build_linear_model, build_tiny_model, write_manifest

from pharos_serving.assembling import build_classifier
from pharos_serving.dataplane import Classifier
from pharos_serving.errors import ModelRejected, RejectionReason
from pharos_serving.loading import ModelSource, load_verified
from pharos_serving.settings import Settings


def classifier(folder: Path, sha256: str, settings: Settings, tmp_path: Path) -> Classifier:
    model = load_verified(ModelSource(folder.as_uri(), sha256), tmp_path / "loaded")
    return build_classifier(model, settings)


def test_a_linear_model_answers_without_tokenizer_and_engine(
    settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "linear"
    made = classifier(folder, build_linear_model(folder), settings, tmp_path)
    first, nothing = made.predict_batch(["a word1", "not known"])
    assert first.label == "cs.CL"
    assert sum(first.scores.values()) == pytest.approx(1, abs=1e-6)
    assert nothing.confidence == pytest.approx(1 / 3, abs=1e-6)
    assert made.scorer.name == "pharos_linear"
    assert (made.engine, made.texts_per_s) == ("Linear", None)


def test_a_blend_pools_both_parts_as_its_scoring_says(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "blend"
    build_tiny_model(folder)
    made = classifier(folder, add_linear_part(folder), settings, tmp_path)
    assert [p.label for p in made.predict_batch(["word2", "word0"])] == ["cs.CV", "cs.AI"]
    assert made.scorer.name == "onnxruntime_onnx+pharos_linear"


BROKEN = {
    "a scoring that names a part which is not there": (
        "scoring.json",
        b'{"factors": {"encoder": 1, "linear": 1}}',
        "names the parts",
    ),
    "a scoring with a factor below zero": (
        "scoring.json",
        b'{"factors": {"linear": -1}}',
        "positive",
    ),
    "a linear part that is no safetensors file": ("linear.safetensors", b"pickle", "cannot be"),
}


@pytest.mark.parametrize(("file", "content", "sentence"), BROKEN.values(), ids=BROKEN)
def test_a_broken_part_is_refused(
    settings: Settings, tmp_path: Path, file: str, content: bytes, sentence: str
) -> None:

    folder = tmp_path / "linear"
    build_linear_model(folder)
    (folder / file).write_bytes(content)
    with pytest.raises(ModelRejected, match=sentence) as refused:
        classifier(folder, write_manifest(folder), settings, tmp_path)
    assert refused.value.reason is RejectionReason.UNLOADABLE
