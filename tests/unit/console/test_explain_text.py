"""What `pharos explain-text` shows of an explanation."""

import pytest

from pharos_console.cli.attributions import explained, shown
from pharos_console.errors import UsageError

EXPLANATION = {
    "label": "cs.CL",
    "probability": 0.93,
    "version": "v1.0.0",
    "attributions": [
        {"text": "the", "weight": 0.01},
        {"text": "translation", "weight": 2.0},
        {"text": "robot", "weight": -1.0},
    ],
}


@pytest.mark.requirement("FUT-12")
def test_the_weightiest_words_come_first_with_their_sign() -> None:
    assert shown(EXPLANATION, 2) == [
        "cs.CL 0.930 (v1.0.0)",
        "   +2.00  ++++++++++++++++++++  translation",
        "   -1.00  ----------            robot",
    ]


def test_a_text_without_parts_shows_its_label() -> None:
    assert shown({**EXPLANATION, "attributions": []}, 5) == ["cs.CL 0.930 (v1.0.0)"]


def test_a_server_away_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="does not answer"):
        explained("http://127.0.0.1:9/models/default/news/v1/explain", {"text": "a"})
