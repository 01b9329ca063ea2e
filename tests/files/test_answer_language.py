"""The language of an answer: told where it can be, and said where it cannot."""

from __future__ import annotations

import pytest

from evaluator.files.answer_language import CANNOT_TELL, language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("We split by time, and keep every customer on one side of the split.", "en"),
        ("Wir teilen nach der Zeit, und jeder Kunde steht nur auf einer Seite.", "de"),
        ("Separamos por fecha y cada cliente queda en un solo lado de la división.", "es"),
        ("Nous coupons par date, et chaque client reste d'un seul côté.", "fr"),
        ("我们按时间划分数据，每个客户只出现在一侧，这样就不会泄漏未来的信息。", "zh"),
        ("", CANNOT_TELL),
        ("Random split 80/20", CANNOT_TELL),
        ("AUC, F1, precision, recall", CANNOT_TELL),
        ("12345 67890 12345 67890 12345 67890", CANNOT_TELL),
    ],
)
def test_the_language_of_an_answer(text: str, language: str) -> None:
    """Sentences are told; a few terms or numbers are not guessed at."""
    assert language_of(text) == language
