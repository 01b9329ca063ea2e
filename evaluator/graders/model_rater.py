"""A rater that is a chat model behind a prompt: it renders, asks, asks again where that can help, and parses."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from evaluator.core.asks import Ask, AskReply, ReplyMismatchError, asks_of, parse_reply, schema_of
from evaluator.core.examples import GradedExample
from evaluator.core.fence import fence_for
from evaluator.core.ledger import KeptReply, Ledger
from evaluator.core.prompt import Calls, Message, Prompt
from evaluator.core.reading import unsupported
from evaluator.core.reply import CriterionReply, Failure, FailureCode, Reply, Usage
from evaluator.core.rubric import Criterion
from evaluator.core.sentences import sentences
from evaluator.core.span import QuoteFinder
from evaluator.core.task import GradingTask, RaterIdentity
from evaluator.graders.chat_model import ChatModel, ModelRequest, NoCompletionError, Parameter
from evaluator.graders.request_fingerprint import request_fingerprint

_CHARACTERS_A_TOKEN = 4  # English text, roughly; other scripts take more
_TOKENS_A_VERDICT = 90  # a quote or two, what is missing, why
_LIMITS = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is asked again. `transient`: attempts in all for what may pass (429, 5xx, a reset, a
    timeout). `unusable`: further attempts for a reply that is cut off or not what was asked for.
    """

    transient: int = 6
    unusable: int = 2
    first_wait: float = 0.5
    """Seconds; doubled with each attempt, with full jitter, up to `longest_wait`."""
    longest_wait: float = 30.0


class ModelRater:
    """Reads answers with `model` by `prompt`. One owner of retries: the model itself never tries again.

    With a `ledger`, what was answered before is not asked again, and what is being asked is not asked twice.
    """

    def __init__(
        self,
        model: ChatModel,
        prompt: Prompt,
        identity: RaterIdentity,
        *,
        calls: Calls,
        parameters: Mapping[str, Parameter],
        retries: Retries,
        ledger: Ledger | None = None,
    ) -> None:
        self._model = model
        self._prompt = prompt
        self._identity = identity
        self._calls: Calls = calls
        self._parameters = dict(parameters)
        self._retries = retries
        self._ledger = ledger
        self._in_flight: dict[str, asyncio.Future[_Answered | Failure | None]] = {}

    @property
    def identity(self) -> RaterIdentity:
        return self._identity

    @property
    def keeps_replies(self) -> bool:
        """Whether it looks into a ledger before it asks."""
        return self._ledger is not None

    async def check(self) -> None:
        """Raises GraderSetupError where no request could go through."""
        await self._model.check()

    async def close(self) -> None:
        """Lets go of the model's connections."""
        await self._model.close()

    def expected_usage(self, task: GradingTask) -> Usage:
        """Tokens for one reading, from the length of the messages and the number of verdicts asked for."""
        characters = verdicts = 0
        for ask in asks_of(self._prompt, self._calls, task.criteria, task.rubric.red_flags):
            characters += sum(len(message.content) for message in self._prompt.render(_values(task, ask)))
            per_criterion = [1 if ask.check or ask.asks_for == "levels" else len(each.checks) for each in ask.criteria]
            verdicts += sum(per_criterion) or 1
        return Usage(input_tokens=characters // _CHARACTERS_A_TOKEN, output_tokens=verdicts * _TOKENS_A_VERDICT)

    async def rate(self, task: GradingTask) -> Reply | Failure:
        """The model's reply to one answer, all criteria, or why there is none."""
        parts: list[AskReply] = []
        usage = Usage()
        model_name: str | None = None
        for ask in asks_of(self._prompt, self._calls, task.criteria, task.rubric.red_flags):
            outcome = await self._ask(task, ask)
            usage = usage + outcome.usage
            if isinstance(outcome, Failure):
                where = "" if self._calls == "all" else f" ({ask.subject})"
                return Failure(outcome.code, outcome.detail + where, usage)
            parts.append(outcome.reply)
            model_name = outcome.model or model_name
        red_flags = tuple(flag for part in parts for flag in part.red_flags)
        return Reply(_joined(parts, task.criteria), red_flags, model_name, usage)

    async def _ask(self, task: GradingTask, ask: Ask) -> _Answered | Failure:
        """One ask; once more where the quotes that its verdicts rest on are not in the answer."""
        values = _values(task, ask)
        choices = [sentence["text"] for sentence in values["sentences"]]
        schema = schema_of(ask, choices if self._prompt.quotes_from == "sentences" else ())
        request = ModelRequest(self._prompt.render(values), schema, self._parameters, task.sample)
        first = await self._reply_to(ask, request)
        if isinstance(first, Failure) or not self._prompt.repair:
            return first
        finder = QuoteFinder(task.text)
        lost = unsupported(first.reply.criteria, task.criteria, finder)
        if not lost.verdicts:
            return first
        asking_again = self._prompt.render_repair(
            {
                **values,
                "unfound": [{"quote": quote} for quote in lost.quotes],
                "unsupported": [{"name": verdict} for verdict in lost.verdicts],
            }
        )
        messages = (*request.messages, Message("assistant", first.text), *asking_again)
        second = await self._reply_to(ask, replace(request, messages=messages))
        usage = first.usage + second.usage
        if isinstance(second, Failure):
            return replace(first, usage=usage)
        still_lost = unsupported(second.reply.criteria, task.criteria, finder)
        return replace(second if len(still_lost.verdicts) <= len(lost.verdicts) else first, usage=usage)

    async def _reply_to(self, ask: Ask, request: ModelRequest) -> _Answered | Failure:
        """The reply out of the ledger, or of the same request in flight, or of a request of its own."""
        if self._ledger is None:
            return await self._complete(ask, request)
        name = request_fingerprint(self._identity.spec, self._model.address, self._model.name, request)
        while (leader := self._in_flight.get(name)) is not None:
            shared = await asyncio.shield(leader)
            if shared is not None:
                return replace(shared, usage=shared.usage.again)
        following: asyncio.Future[_Answered | Failure | None] = asyncio.get_running_loop().create_future()
        self._in_flight[name] = following
        outcome: _Answered | Failure | None = None
        try:
            outcome = await self._kept(ask, name, self._ledger) or await self._ask_and_keep(ask, request, name)
        finally:
            # None, where this one was cancelled: whoever waits asks for itself.
            del self._in_flight[name]
            following.set_result(outcome)
        return outcome

    async def _kept(self, ask: Ask, name: str, ledger: Ledger) -> _Answered | None:
        """What the ledger holds under this name, if it can be read as a reply."""
        kept = await ledger.find(name)
        if kept is None:
            return None
        try:
            reply = parse_reply(ask, kept.text)
        except ReplyMismatchError:
            return None  # an imported reply, say, that is not what was asked for: it is asked for again
        return _Answered(reply, kept.text, kept.model, kept.usage.again)

    async def _ask_and_keep(self, ask: Ask, request: ModelRequest, name: str) -> _Answered | Failure:
        outcome = await self._complete(ask, request)
        if isinstance(outcome, _Answered) and self._ledger is not None:
            await self._ledger.keep(name, KeptReply(outcome.text, outcome.model, outcome.usage))
        return outcome

    async def _complete(self, ask: Ask, request: ModelRequest) -> _Answered | Failure:
        """One request with its retries."""
        so_far = _Attempts(self._retries)
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_AskAgainError), stop=so_far.enough, wait=so_far.wait, reraise=True
        )
        try:
            return await retrying(self._attempt, ask, request, so_far)
        except _AskAgainError as error:
            asked = f"{so_far.usage.requests} times" if so_far.usage.requests > 1 else "once"
            return Failure(error.code, f"{error.detail}; asked {asked}", so_far.usage)

    async def _attempt(self, ask: Ask, request: ModelRequest, so_far: _Attempts) -> _Answered | Failure:
        """One request. Raises _AskAgainError where another may do better."""
        try:
            # A reply that was cut off gets more room the next time: the same limit would cut it again.
            completion = await self._model.complete(_with_more_room(request, 2**so_far.cut_off))
        except NoCompletionError as error:
            so_far.usage += Usage(requests=1)
            if error.transient:
                raise _AskAgainError(error.code, error.detail, retry_after=error.retry_after) from error
            return Failure(error.code, error.detail, so_far.usage)
        so_far.usage += completion.usage
        if completion.finish == "refusal":
            return Failure("refused", "the model declined to grade this answer", so_far.usage)
        if completion.finish == "length":
            so_far.cut_off += 1
            raise _AskAgainError("cut_off", "the reply was cut off at the limit of tokens", unusable=True)
        try:
            reply = parse_reply(ask, completion.text)
        except ReplyMismatchError as error:
            detail = f"the reply is not what was asked for: {error}"
            raise _AskAgainError("invalid_reply", detail, unusable=True) from error
        return _Answered(reply, completion.text, completion.model, so_far.usage)


@dataclass(frozen=True, slots=True)
class _Answered:
    """An ask's reply, with the text it was read from (a repair shows it to the model again)."""

    reply: AskReply
    text: str
    model: str | None
    usage: Usage


class _AskAgainError(Exception):
    """An attempt that failed in a way that another may not. `unusable`: the endpoint did answer."""

    def __init__(
        self, code: FailureCode, detail: str, *, retry_after: float | None = None, unusable: bool = False
    ) -> None:
        super().__init__(detail)
        self.code: FailureCode = code
        self.detail = detail
        self.retry_after = retry_after
        self.unusable = unusable


class _Attempts:
    """The attempts of one request so far, and the rule of when to stop and how long to wait (tenacity calls it)."""

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._backoff = wait_random_exponential(multiplier=retries.first_wait, max=retries.longest_wait)
        self._failed = {False: 0, True: 0}
        self.cut_off = 0
        self.usage = Usage()

    def enough(self, state: RetryCallState) -> bool:
        """Whether the failure that just happened is the last of its kind."""
        unusable = self._error(state).unusable
        self._failed[unusable] += 1
        return self._failed[unusable] > (self._retries.unusable if unusable else self._retries.transient - 1)

    def wait(self, state: RetryCallState) -> float:
        """Seconds until the next attempt: what the endpoint asked for, else jittered exponential backoff."""
        error = self._error(state)
        if error.unusable:
            return 0.0
        backoff = float(self._backoff(state))
        if error.retry_after is None:
            return backoff
        # A little of the jitter stays: requests told to wait alike must not come back all at once.
        return error.retry_after + min(backoff, 1.0) * 0.25

    def _error(self, state: RetryCallState) -> _AskAgainError:
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, _AskAgainError):
            raise TypeError("only failed attempts are asked about")
        return error


def _with_more_room(request: ModelRequest, factor: int) -> ModelRequest:
    if factor == 1:
        return request
    limits = {name: int(value) * factor for name, value in request.parameters.items() if name in _LIMITS}
    return replace(request, parameters={**request.parameters, **limits})


def _joined(parts: Sequence[AskReply], criteria: Sequence[Criterion]) -> tuple[CriterionReply, ...]:
    """One reply a criterion, where its checks were spread over several asks."""
    said: dict[str, list[CriterionReply]] = {}
    for part in parts:
        for reply in part.criteria:
            said.setdefault(reply.id, []).append(reply)
    return tuple(
        replace(said[criterion.id][0], checks=tuple(check for each in said[criterion.id] for check in each.checks))
        for criterion in criteria
    )


def _values(task: GradingTask, ask: Ask) -> dict[str, Any]:
    """What the places of the prompt are filled with for one ask."""
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
        "answer": task.text,
        "sentences": [
            {"number": number, "text": sentence.text} for number, sentence in enumerate(sentences(task.text), start=1)
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
    }
