"""Data frames that are graded: what they gain, and which are refused; replies from a script."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable

import pandas as pd
import pytest

from evaluator import Answer, Grader, InputError
from tests.conftest import level_reply

Scripted = Callable[..., Grader]


def test_a_data_frame_gains_scores_and_keeps_its_rows(scripted: Scripted, answer: Answer) -> None:
    """Missing is missing, not 0; index and order stay."""
    frame = pd.DataFrame(
        {"candidate_id": ["c1", "c2"], "question_id": "degradation", "answer": [answer.text, None], "team": ["x", "y"]},
        index=[7, 3],
    )
    graded = asyncio.run(scripted({"reply": level_reply(2)}).grade_frame(frame))
    assert list(graded.index) == [7, 3]
    assert list(graded["status"]) == ["graded", "not_answered"]
    assert graded["score"].isna().tolist() == [False, True]
    assert graded["level_leakage_awareness"].tolist()[0] == 2
    assert list(graded["team"]) == ["x", "y"]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame({"candidate_id": ["c"], "answer": ["x"]}), "missing column question"),
        (pd.DataFrame({"candidate_id": ["c", "c"], "question_id": "degradation", "answer": "x y"}), "repeat an answer"),
        (pd.DataFrame({"candidate_id": ["c"], "question_id": ["what"], "answer": ["x y"]}), "unknown question 'what'"),
    ],
)
def test_a_data_frame_that_does_not_fit_is_refused_whole(scripted: Scripted, frame: pd.DataFrame, said: str) -> None:
    """Before anything is asked."""
    with pytest.raises(InputError, match=said):
        asyncio.run(scripted({"reply": level_reply(2)}).grade_frame(frame))


def test_a_data_frame_tells_what_it_read_otherwise_than_it_stands(scripted: Scripted, answer: Answer) -> None:
    """A question's name that is nearly one of the questionnaire's; a frame in order warns of nothing."""
    frame = pd.DataFrame({"candidate_id": ["c"], "question_id": ["degredation"], "answer": [answer.text]})
    grader = scripted({"reply": level_reply(2)})
    with pytest.warns(UserWarning, match="'degredation' read as question 'degradation'"):
        asyncio.run(grader.grade_frame(frame))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(grader.grade_frame(frame.assign(question_id="degradation")))


def test_what_is_no_data_frame_is_said_to_be_none(scripted: Scripted) -> None:
    """A series, or the name of a file."""
    for wrong in (pd.Series(["x"]), "answers.csv"):
        with pytest.raises(InputError, match="A data frame is graded, not"):
            asyncio.run(scripted({"reply": level_reply(2)}).grade_frame(wrong))
