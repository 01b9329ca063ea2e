"""An ask made ready once for all answers to a question: its prompt filled in but for the answer, its schema built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from evaluator.core.asks import Ask, ReplySchema, asks_of, schema_of
from evaluator.core.examples import GradedExample
from evaluator.core.fence import fence_for
from evaluator.core.prompt import Calls, Prompt
from evaluator.core.rubric import Criterion
from evaluator.core.sentences import sentences
from evaluator.core.spliced_prompt import SplicedPrompt, spliced
from evaluator.core.spotlight import mark_for, marked
from evaluator.core.task import GradingTask
from evaluator.graders.chat_model import ModelRequest, Parameter

_CHARACTERS_A_TOKEN = 4  # English text, roughly; other scripts take more
_TOKENS_A_VERDICT = 90  # a quote or two, what is missing, why
_GRADED_BY = ("human", "model", "author", "unknown")
_MOST_KEPT = 64  # questions, or sets of examples, that are kept ready


@dataclass(frozen=True)
class PreparedAsk:
    """One ask about one question. `messages` and `schema` are None where they depend on more than the answer's text."""

    ask: Ask
    prompt: Prompt
    messages: SplicedPrompt | None
    schema: ReplySchema | None
    marks: bool = False
    """Whether the words of an answer carry a mark."""

    def request(self, task: GradingTask, parameters: Mapping[str, Parameter]) -> ModelRequest:
        """The request for one answer."""
        mark = self.mark(task)
        if self.messages is not None and self.schema is not None:
            messages = self.messages.render(marked(task.text, mark), fence_for(task.text), mark)
            schema = self.schema
        else:
            values = values_of(task, self.ask, mark)
            choices = [sentence.text for sentence in sentences(task.text)]
            messages = self.prompt.render(values)
            schema = schema_of(self.ask, choices if self.prompt.quotes_from == "sentences" else ())
        input_tokens = sum(len(message.content) for message in messages) // _CHARACTERS_A_TOKEN
        return ModelRequest(messages, schema, parameters, task.sample, input_tokens + self.output_tokens)

    def mark(self, task: GradingTask) -> str:
        """What the words of this answer carry; empty where they carry nothing."""
        return mark_for(task.text) if self.marks else ""

    @cached_property
    def output_tokens(self) -> int:
        """Tokens of a reply, from the number of verdicts that it holds."""
        ask = self.ask
        verdicts = [1 if ask.check or ask.asks_for == "levels" else len(each.checks) for each in ask.criteria]
        return (sum(verdicts) or 1) * _TOKENS_A_VERDICT


class PreparedAsks:
    """The asks of every question that was met, made ready once."""

    def __init__(self, prompt: Prompt, calls: Calls, *, marks: bool = False) -> None:
        self._prompt = prompt
        self._marks = marks
        self._calls: Calls = calls
        self._kept: dict[tuple[int, ...], tuple[tuple[PreparedAsk, ...], tuple[object, ...]]] = {}

    def of(self, task: GradingTask) -> tuple[PreparedAsk, ...]:
        """The asks that together cover this task."""
        # The records are compared by identity: a run uses the same ones, and comparing their texts would cost more
        # than it saves. They are kept with the asks, so that no identity is given to another meanwhile.
        parts = (task.question, task.rubric, task.criteria, task.examples)
        key = tuple(map(id, parts))
        kept = self._kept.pop(key, None)
        if kept is None:
            # What was used longest ago goes: a control reading's asks are its own, and push none of a question out.
            if len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            asks = asks_of(self._prompt, self._calls, task.criteria, task.rubric.red_flags)
            kept = (tuple(self._prepared(task, ask) for ask in asks), parts)
        self._kept[key] = kept
        return kept[0]

    def _prepared(self, task: GradingTask, ask: Ask) -> PreparedAsk:
        if self._prompt.quotes_from == "sentences":
            return PreparedAsk(ask, self._prompt, None, None, self._marks)
        messages = spliced(self._prompt, values_of(task, ask))
        return PreparedAsk(ask, self._prompt, messages, schema_of(ask), self._marks)


def values_of(task: GradingTask, ask: Ask, mark: str = "") -> dict[str, Any]:
    """What the places of the prompt are filled with for one ask; `mark` is on every word of the answer."""
    checks = {ask.check} if ask.check else None
    return {
        "rubric_title": task.rubric.title,
        "lowest": task.rubric.scale.lowest,
        "highest": task.rubric.scale.highest,
        "question": task.question.model_dump(exclude={"criteria", "min_words"}),
        "criteria": [_criterion_values(criterion, checks) for criterion in ask.criteria],
        "red_flags": [flag.model_dump() for flag in ask.red_flags],
        "examples": [_example_values(example, ask.criteria) for example in task.examples],
        "fence": fence_for(task.text),
        "answer": marked(task.text, mark),
        "mark": mark,
        "sentences": [
            {"number": number, "text": marked(sentence.text, mark)}
            for number, sentence in enumerate(sentences(task.text), start=1)
        ],
    }


def _criterion_values(criterion: Criterion, checks: set[str] | None) -> dict[str, Any]:
    return {
        "id": criterion.id,
        "name": criterion.name,
        "asks": criterion.asks,
        "levels": [{"level": level, "text": criterion.levels[level]} for level in sorted(criterion.levels)],
        "guidance": [{"text": text} for text in criterion.guidance],
        "checks": [
            {"id": check, "asks": asks} for check, asks in criterion.checks.items() if checks is None or check in checks
        ],
    }


def _example_values(example: GradedExample, criteria: Sequence[Criterion]) -> dict[str, Any]:
    return {
        "fence": fence_for(example.answer),
        "answer": example.answer,
        "grades": [
            {
                "criterion": criterion.id,
                "level": example.levels[criterion.id],
                "evidence": [{"quote": quote} for quote in example.evidence.get(criterion.id, ())],
            }
            for criterion in criteria
            if criterion.id in example.levels
        ],
        **{f"by_{kind}": (example.rater_kind or "unknown") == kind for kind in _GRADED_BY},
    }
