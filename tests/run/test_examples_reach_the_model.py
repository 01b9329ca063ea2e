"""Graded examples of a calibration in the requests of the real openai client: never one's own, and cache-friendly."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import httpx

from evaluator.run.calibrating import CalibrationPlan, calibrate
from evaluator.run.calibration_data import fit_data
from evaluator.run.stability import grade_all
from tests.conftest import URL, completion, level_reply
from tests.run.calibration_case import calibrated
from tests.run.evaluation_case import QUESTION, eval_set

# The set is labelled by a model, and the prompt says so.
SHOWN = "An answer graded by a language model"


def _case():
    """24 calibration answers of 12 candidates, whose text says the level."""
    made = eval_set(24, lambda number, *_: float(number % 5), text=_text)
    return replace(made, answers=tuple(replace(each, split="calibration") for each in made.answers))


def _text(number: int) -> str:
    return f"Case{number:03d}, " + " ".join(f"thing{number}of{place}" for place in range(12)) + "."


def _sent(call) -> tuple[str, str]:
    """The system message and the answer's case in a request."""
    messages = json.loads(call.request.content)["messages"]
    asked = messages[-1]["content"]
    return messages[0]["content"], asked[asked.index("Case") :][:7]


def test_examples_reach_the_model_and_never_the_candidates_own(respx_mock, openai_grader) -> None:
    """While folds are compared: four examples of the question in each request, none by the candidate of the answer.

    Without examples every answer gets level 0, with them the level that its text stands for: they are kept.
    """

    def reply(request: httpx.Request) -> httpx.Response:
        messages = json.loads(request.content)["messages"]
        asked = messages[-1]["content"]
        case = asked[asked.index("Case") :][:7]
        level = int(case[4:]) % 5 if SHOWN in messages[0]["content"] else 0
        return httpx.Response(200, json=completion(level_reply(level, case)))

    route = respx_mock.post(f"{URL}/chat/completions").mock(side_effect=reply)
    case = _case()
    data = fit_data(case)
    grader = openai_grader(control=False)  # as `evaluator calibrate` makes it
    plan = CalibrationPlan(4, True, 0.05, 0.95)
    found = asyncio.run(calibrate(data, grader, plan)).calibration
    sent = [_sent(call) for call in route.calls]
    shown = [(system, own) for system, own in sent if SHOWN in system]
    assert len(shown) == len(sent) // 2 == len(data.answers)
    candidate = {each.answer.text[:7]: each.answer.candidate_id for each in case.answers}
    for system, own in shown:
        cases = [part[:7] for part in system.split("\n") if part.startswith("Case")]
        assert len(cases) == 4
        assert candidate[own] not in {candidate[each] for each in cases}
    assert next(each for each in found.tried if each.name == "shown").kept
    assert [each.question_id for each in found.examples] == [QUESTION] * 4

    # In use: what stands before the answer is the same for everybody else, so that a prompt cache is hit.
    before = len(route.calls)
    later = [replace(each.answer, answer_id=f"later{n}", candidate_id=f"new{n}") for n, each in enumerate(case.answers)]
    strangers = [answer for answer in later if answer.text not in {each.answer for each in found.examples}]
    asyncio.run(grade_all(calibrated(grader.pipeline, found), strangers, lambda: None))
    assert len({_sent(call)[0] for call in route.calls[before:]}) == 1
    assert len(route.calls) - before == len(strangers)
