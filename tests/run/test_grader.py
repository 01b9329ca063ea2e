"""A grader in a program: how it is made and called, and what it says of what it cannot take; replies from a script."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evaluator import (
    Answer,
    Grade,
    Grader,
    GraderOptions,
    Identity,
    InputError,
    load_calibration,
    load_questionnaire,
    load_rubric,
    make_grader,
    open_answer_table,
    read_grades,
)
from evaluator.files.resources import shipped
from tests.conftest import level_reply

Scripted = Callable[..., Grader]


def test_many_answers_stream_through_with_few_in_flight(scripted: Scripted, answer: Answer) -> None:
    """A generator of answers is read only as fast as they are graded; each comes back once."""
    taken: list[int] = []

    async def source() -> Any:
        for number in range(50):
            taken.append(number)
            yield Answer(f"a{number}", f"c{number}", "degradation", answer.text)

    async def grade_all() -> list[Grade]:
        grades = []
        async for grade in scripted({"reply": level_reply(2)}).grade_many(source(), concurrency=4):
            grades.append(grade)
            assert len(taken) - len(grades) <= 4
        return grades

    grades = asyncio.run(grade_all())
    assert sorted(grade.answer_id for grade in grades) == sorted(f"a{number}" for number in range(50))


@pytest.mark.parametrize(("asked", "held"), [(None, 8), (3, 3)])
def test_a_grader_says_how_many_answers_it_holds_at_a_time(asked: int | None, held: int) -> None:
    """What was asked for, else what suits the grader."""
    assert make_grader("baseline", options=GraderOptions(concurrency=asked)).concurrency == held


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("I would look at the label.", "an Answer, not str"),
        (Answer("a", "c", "degradation", None), "Answer.text has to be a text, not NoneType"),  # type: ignore[arg-type]
        (Answer("a", 7, "degradation", "x"), "Answer.candidate_id has to be a text, not int"),  # type: ignore[arg-type]
        (Answer("a", "c", "degradation", "x", identity="Ada"), "has to be an Identity"),  # type: ignore[arg-type]
        (Answer("a", "c", "degredation", "x"), "'degredation' is not in questionnaire"),
    ],
)
def test_what_is_no_answer_is_said_to_be_none(scripted: Scripted, wrong: Any, said: str) -> None:
    """One by one and in a stream: an InputError that says what it should be, not an error from within."""
    grader = scripted({"reply": level_reply(2)})

    async def streamed() -> list[Grade]:
        return [grade async for grade in grader.grade_many([wrong])]

    for call in (lambda: grader.grade(wrong), streamed):
        with pytest.raises(InputError, match=said):
            asyncio.run(call())


def test_a_name_that_is_no_list_of_names_is_refused() -> None:
    """`Identity(names="Ada Example")` would be a list of letters, and no name would be taken out."""
    with pytest.raises(InputError, match="takes several texts"):
        Identity(names="Ada Example")  # type: ignore[arg-type]


def test_files_may_be_named_by_a_text(tmp_path: Path) -> None:
    """What reads a file takes its path as a Path or as a text."""
    rubric = shipped("rubrics") / "ml_engineer_core"
    assert load_rubric(str(rubric)) == load_rubric(rubric)
    questionnaire = load_questionnaire(str(rubric / "questionnaire.v1.yaml"))
    table = tmp_path / "a.csv"
    table.write_text("candidate_id,question_id,answer\nc1,degradation,some words\n", encoding="utf-8")
    assert open_answer_table(str(table), questionnaire.questions).count == 1
    for read in (load_calibration, lambda path: list(read_grades(path))):
        with pytest.raises(InputError, match="cannot be read"):
            read(str(tmp_path / "nope"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (GraderOptions(redact="al"), "redact='al' is not known"),  # type: ignore[arg-type]
        (GraderOptions(calls="every"), "calls='every' is not known"),  # type: ignore[arg-type]
        (GraderOptions(spotlight="mark"), "spotlight='mark' is not known"),  # type: ignore[arg-type]
        (GraderOptions(transport="httpx"), "transport='httpx' is not known"),  # type: ignore[arg-type]
        (GraderOptions(samples="3"), "samples='3' is no whole number"),  # type: ignore[arg-type]
        (GraderOptions(samples=0), "samples=0 is too few"),
        (GraderOptions(concurrency=0), "concurrency=0 is too few"),
        (GraderOptions(base_url="127.0.0.1:8080/v1"), "not a whole one"),
        (GraderOptions(base_url="localhost:8080/v1"), "not a whole one"),
        (GraderOptions(base_url="ftp://user:secret@127.0.0.1/v1"), "'127.0.0.1/v1' is not a whole one"),
        ({"redact": "all"}, "GraderOptions"),
    ],
)
def test_a_misspelt_option_is_said_and_never_passed_over(options: Any, said: str) -> None:
    """A redaction nobody asked for, an address without http://: before anything is made."""
    with pytest.raises(InputError, match=said) as raised:
        make_grader("openai:x", options=options)
    assert "secret" not in str(raised.value)


def test_a_call_for_code_that_is_not_async_says_so_in_a_notebook(scripted: Scripted, answer: Answer) -> None:
    """Where an event loop runs, `invoke` names what to write instead; nothing is left behind that never ran."""
    grader = scripted({"reply": level_reply(2)})

    async def in_a_loop() -> None:
        grader.invoke(answer)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match=r"await grader\.grade"):
            asyncio.run(in_a_loop())


def test_the_grader_is_a_runnable_of_langchain(scripted: Scripted, answer: Answer) -> None:
    """It can stand in a chain, and be called with and without async."""
    from langchain_core.runnables import RunnableLambda

    grader = scripted({"reply": level_reply(2)})
    assert grader.invoke(answer).score == 5.0
    chain = grader | RunnableLambda(lambda grade: grade.score)
    assert asyncio.run(chain.ainvoke(answer)) == 5.0
