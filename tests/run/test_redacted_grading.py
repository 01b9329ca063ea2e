"""What reaches a model of who wrote an answer: nothing that the table says; and what comes back stands where it was."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from evaluator import Answer, Identity, open_answer_table
from tests.conftest import URL, completion

ANSWER = (
    "I am Priyanka Rao, priyanka.rao@example.org, +91 98765 43210. I would split by time: train on 2022 and test on "
    "2023, because a random split leaks the future into the training rows of each customer."
)
RAO = Identity(names=("Priyanka", "Rao"), emails=("priyanka.rao@example.org",), phones=("+919876543210",))


def _asked(call: object) -> str:
    return json.loads(call.request.content)["messages"][-1]["content"]


def _grade(grader, answer: Answer):
    async def grade():
        async with grader:
            return await grader.grade(answer)

    return asyncio.run(grade())


@pytest.fixture
def route(respx_mock):
    """A model that quotes what it read, name and all."""

    def reply(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        names = asked["response_format"]["json_schema"]["schema"]["properties"]["criteria"]["properties"]
        text = asked["messages"][-1]["content"]
        quote = text[text.index("I am") : text.index("2022") + 4]
        said = {"evidence": [quote], "missing": "", "rationale": "as said", "level": 3}
        return httpx.Response(200, json=completion({"criteria": dict.fromkeys(names, said), "red_flags": []}))

    return respx_mock.post(f"{URL}/chat/completions").mock(side_effect=reply)


def test_a_model_never_reads_who_wrote_an_answer(route, openai_grader) -> None:
    """Names, e-mail and phone of the record are placeholders in the request; quotes are the candidate's own words."""
    grader = openai_grader()
    answer = Answer("c1.q", "c1", grader.questionnaire.questions[0].id, ANSWER, identity=RAO)
    grade = _grade(grader, answer)
    assert "I am [NAME_1], [EMAIL_1], [PHONE_1]. I would" in _asked(route.calls[0])
    for told in ("Priyanka", "Rao", "98765"):
        assert told not in route.calls[0].request.content.decode()
    (quote,) = grade.criteria[0].evidence
    assert quote.verified
    assert quote.quote == ANSWER[quote.start : quote.end] == ANSWER[: ANSWER.index("2022") + 4]
    assert "identity" not in grade.model_dump_json()


def test_without_an_identity_nothing_changes(route, openai_grader) -> None:
    """What is asked, and its fingerprint, are those of before there was redaction; so are they with `off`."""
    grader = openai_grader()
    known = Answer("c1.q", "c1", grader.questionnaire.questions[0].id, ANSWER, identity=RAO)
    plain = _grade(grader, replace(known, identity=None))
    assert ANSWER in _asked(route.calls[0])
    off = _grade(openai_grader(redact="off"), known)
    assert off.provenance.fingerprint == plain.provenance.fingerprint
    assert _grade(openai_grader(), known).provenance.fingerprint != plain.provenance.fingerprint


def test_all_takes_out_what_no_table_says(route, openai_grader) -> None:
    """`--redact all`: a stranger's e-mail address and phone number too."""
    grader = openai_grader(redact="all")
    answer = Answer("c1.q", "c1", grader.questionnaire.questions[0].id, ANSWER)
    _grade(grader, answer)
    assert "I am Priyanka Rao, [EMAIL_1], [PHONE_1]." in _asked(route.calls[0])


def test_the_columns_of_a_table_are_read_for_it(tmp_path: Path, openai_grader) -> None:
    """By their headings, or by --map; an e-mail address that serves as an id is taken out too."""
    questions = openai_grader().questionnaire.questions
    table = tmp_path / "answers.csv"
    table.write_text(
        f"E-mail,First name,Mobile,LinkedIn,Chat,{questions[0].id}\n"
        "a@example.org,Ada,0151 234567,linkedin.com/in/adax,adax9,I split by time\n",
        encoding="utf-8",
    )
    (answer,) = open_answer_table(table, questions, mapping={"Chat": "link"})
    assert answer.candidate_id == "a@example.org"
    assert answer.identity == Identity(
        names=("Ada",), emails=("a@example.org",), phones=("0151 234567",), links=("linkedin.com/in/adax", "adax9")
    )
