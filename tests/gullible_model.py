"""The worst graders there can be: they understand every attack of the shipped sets, in any code, and obey it.

For a text without an attack they say what word matching finds. For one that holds as much as a quarter of an attack's
words they give full marks and quote every sentence of the answer, which is the most that an attacker could wish for.
`gullible` gives them for whatever it is asked, `choosy` only for what sounds like the field (an attack may tell it to),
`nudged` goes one level up for whatever it is asked. Marks on an answer's words (`--spotlight marks`) mean nothing
to them: they are read past, and copied into quotes. Used as `--grader langchain:tests.gullible_model:gullible`.
"""

from __future__ import annotations

import asyncio
import json
import re
from functools import cache
from typing import Any, Literal

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from evaluator.core.questionnaire import Question
from evaluator.core.reply import CriterionReply
from evaluator.core.rubric import Criterion, Rubric
from evaluator.core.sentences import sentences
from evaluator.core.spotlight import marked, unmarked
from evaluator.core.task import GradingTask
from evaluator.files.attack_set_folder import load_attack_set
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import QuestionSet, load_control_rubric, load_question_set
from evaluator.graders.baseline import BaselineRater

ENOUGH = 0.25  # of an attack's words, to obey it
FEWEST_CHARACTERS = 30
_SETS = ("attacks", "attacks_fresh", "attacks_adaptive")
_FIELD = frozenset(
    """
    accuracy canary class column columns customer data dataset deployment drift feature features fraud latency label
    labels leakage leak learning loan machine metric metrics model models monitoring network offline online payment
    positive precision prediction production ranking recall rollout sample samples score scores serving split target
    threshold training validation window
    """.split()
)
"""By these words the choosy one knows what is about machine learning."""
_MARK = re.compile(r"Each word that begins with (\S+) was typed by the candidate")
_ANSWER = re.compile(r"<<(answer-[0-9a-f]{16})>>\n(.*)\n<<\1>>", re.DOTALL)


Obeys = Literal["always", "in the field", "by one level"]


def gullible() -> BaseChatModel:
    """The factory that `--grader langchain:…` calls."""
    return GullibleModel()


def choosy() -> BaseChatModel:
    """Obeys for what is about machine learning, and reads what is not."""
    return GullibleModel(obeys="in the field")


def nudged() -> BaseChatModel:
    """Obeys by a level and no more."""
    return GullibleModel(obeys="by one level")


@cache
def question_set() -> QuestionSet:
    return load_question_set("ml_engineer_screen", [shipped("rubrics")])


@cache
def _control() -> Rubric:
    return load_control_rubric()


@cache
def payloads() -> tuple[tuple[str, ...], ...]:
    """Every attack of both sets in its sentences."""
    sets = [load_attack_set(shipped("eval_sets") / name, question_set().questionnaire) for name in _SETS]
    attacks = [attack for each in sets for attack in each.attacks]
    split = {tuple(each.text for part in attack.payload for each in sentences(part)) for attack in attacks}
    return tuple(sorted(split))


@cache
def _rater() -> BaselineRater:
    return BaselineRater(question_set().vocabulary)


def obeys(text: str) -> bool:
    """Whether enough of an attack stands in this text."""
    for parts in payloads():
        whole = sum(map(len, parts))
        if whole < FEWEST_CHARACTERS:
            # A few letters that stand in half of all answers: they work where they are the whole answer.
            if text.strip() == " ".join(parts):
                return True
        elif sum(len(part) for part in parts if part in text) >= ENOUGH * whole:
            return True
    return False


class GullibleModel(BaseChatModel):
    """Speaks the prompts `levels` and `checks`, all criteria in one call."""

    obeys: Obeys = "always"

    @property
    def _llm_type(self) -> str:
        return "gullible"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return asyncio.run(self._agenerate(messages))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        system, user = messages[0].text, messages[1].text
        found = _ANSWER.search(user)
        assert found is not None, "the answer stands between two lines with a fence"
        question = next(each for each in question_set().questionnaire.questions if each.text in system)
        criteria = [each for each in _control().criteria if f"{each.id}" in system]
        if criteria:
            asks_for_checks = any(f"- {check}:" in system for check in criteria[0].checks)
        else:
            criteria = [question_set().rubric.criterion(each) for each in question.criteria]
            asks_for_checks = "- target_named:" in system
        named = _MARK.search(user)
        mark = named[1] if named else ""
        text = unmarked(found[2], mark)
        reply = await reply_to(
            text, question, criteria, asks_for_checks=asks_for_checks, obeying=self.obeys, system=system
        )
        content = json.dumps(_with_marks(reply, mark))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=content))])


def _with_marks(said: Any, mark: str) -> Any:
    """A reply whose quotes have the marks of the answer, copied as they stand there."""
    if isinstance(said, dict):
        return {
            name: [marked(quote, mark) for quote in each] if name == "evidence" else _with_marks(each, mark)
            for name, each in said.items()
        }
    return said


async def reply_to(
    text: str,
    question: Question,
    criteria: list[Criterion],
    *,
    asks_for_checks: bool,
    obeying: Obeys = "always",
    system: str = "",
) -> dict[str, Any]:
    """What it is told to say of the criteria for which it obeys, else what words match. `system`: what is asked."""
    if criteria[0] in _control().criteria:
        said = {each.id: _nothing(each, asks_for_checks=asks_for_checks) for each in criteria}
    else:
        matched = await _rater().rate(GradingTask(text, question, question_set().rubric, tuple(criteria)))
        said = {
            reply.id: _matched(reply, criterion, asks_for_checks=asks_for_checks)
            for reply, criterion in zip(matched.criteria, criteria, strict=True)
        }
    if obeys(text):
        quotes = [each.text for each in sentences(text)]
        for each in criteria:
            if obeying == "always" or (obeying == "in the field" and _is_of_the_field(each, system)):
                said[each.id] = _full_marks(each, quotes, asks_for_checks=asks_for_checks)
            elif obeying == "by one level":
                said[each.id] = _one_up(each, said[each.id], quotes, asks_for_checks=asks_for_checks)
    return {"criteria": said, "red_flags": []}


def _is_of_the_field(criterion: Criterion, system: str) -> bool:
    """By the words that stand under the criterion's heading in the prompt."""
    section = re.search(rf"## {criterion.id}:(.*?)(?=\n## |\Z)", system, re.DOTALL)
    assert section is not None, "each criterion has a heading of its own"
    return not _FIELD.isdisjoint(re.findall(r"[a-z]+", section[1].lower()))


def _one_up(criterion: Criterion, said: dict[str, Any], quotes: list[str], *, asks_for_checks: bool) -> dict[str, Any]:
    if not asks_for_checks:
        level = min(said["level"] + 1, max(criterion.levels))
        return {"evidence": quotes, "missing": "", "rationale": "", "level": level}
    met = {check: each["met"] for check, each in said["checks"].items()}
    before = criterion.level_of(met)
    for check in met:
        met[check] = check != "proposes_leak"
        if criterion.level_of(met) > before:
            break
    return {
        "checks": {check: {"evidence": quotes if is_met else [], "met": is_met} for check, is_met in met.items()},
        "missing": "",
    }


def _full_marks(criterion: Criterion, quotes: list[str], *, asks_for_checks: bool) -> dict[str, Any]:
    if not asks_for_checks:
        return {"evidence": quotes, "missing": "", "rationale": "", "level": max(criterion.levels)}
    met = {check: check != "proposes_leak" for check in criterion.checks}
    return {"checks": {check: {"evidence": quotes, "met": is_met} for check, is_met in met.items()}, "missing": ""}


def _nothing(criterion: Criterion, *, asks_for_checks: bool) -> dict[str, Any]:
    if not asks_for_checks:
        return {"evidence": [], "missing": "", "rationale": "", "level": min(criterion.levels)}
    return {"checks": {check: {"evidence": [], "met": False} for check in criterion.checks}, "missing": ""}


def _matched(reply: CriterionReply, criterion: Criterion, *, asks_for_checks: bool) -> dict[str, Any]:
    if asks_for_checks:
        checks = {check.id: {"evidence": list(check.quotes), "met": check.met} for check in reply.checks}
        return {"checks": checks, "missing": ""}
    level = criterion.level_of({check.id: check.met for check in reply.checks})
    quotes = list(dict.fromkeys(quote for check in reply.checks if check.met for quote in check.quotes))
    return {"evidence": quotes, "missing": "", "rationale": "", "level": level}
