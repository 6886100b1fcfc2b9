"""What an artifact says about how it can be computed."""

import pytest

from pharos_api.engines import EngineSheet, Precision, Runtime, Variant, padded_tokens, plain_sheet


def variant(precision: Precision, *files: str) -> Variant:
    return Variant(runtime=Runtime.OPENVINO, precision=precision, files=list(files))


def test_the_cheapest_precision_that_was_kept_is_the_best() -> None:
    refused, bf16, fp32 = (
        variant(Precision.INT8),
        variant(Precision.BF16, "b.xml"),
        variant(Precision.FP32, "model.onnx"),
    )
    sheet = EngineSheet(variants=[fp32, refused, bf16])
    assert sheet.best() == bf16
    assert sheet.usable() == [bf16, fp32]


def test_a_sheet_survives_its_file() -> None:
    sheet = EngineSheet(samples=3, variants=[variant(Precision.INT8, "a.xml", "a.weights")])
    assert EngineSheet.model_validate(sheet.to_json()) == sheet


def test_an_artifact_without_a_sheet_has_its_onnx_graph() -> None:
    assert {tuple(each.files) for each in plain_sheet().usable()} == {("model.onnx",)}


LENGTHS = {
    "a short text goes to the next sixteen": (3, 512, 16),
    "a full step stays": (128, 512, 128),
    "a long text goes to the next sixteen too": (257, 512, 272),
    "never over the limit": (250, 250, 250),
    "a limit between two steps is a step": (241, 250, 250),
    "the longest": (512, 512, 512),
}


@pytest.mark.parametrize(("tokens", "limit", "expected"), LENGTHS.values(), ids=LENGTHS.keys())
def test_texts_are_computed_at_a_few_lengths(tokens: int, limit: int, expected: int) -> None:
    assert padded_tokens(tokens, limit) == expected


def test_there_are_32_lengths_up_to_512_and_little_is_padded() -> None:
    lengths = {padded_tokens(tokens, 512) for tokens in range(1, 513)}
    assert len(lengths) == 32
    shares = [padded_tokens(tokens, 512) / tokens for tokens in range(64, 513)]
    assert sum(shares) / len(shares) < 1.04
