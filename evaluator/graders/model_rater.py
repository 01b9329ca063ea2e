"""A rater that is a chat model behind a prompt: it renders, asks, asks again where that can help, and parses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from evaluator.core.asks import Ask, AskReply, ReplyMismatchError, parse_reply
from evaluator.core.echo import instructions_of, is_echo
from evaluator.core.ledger import KeptReply, Ledger
from evaluator.core.prompt import Calls, Message, Prompt
from evaluator.core.reading import unsupported
from evaluator.core.reply import NOT_SENT, NOTHING_USED, CriterionReply, Failure, FailureCode, Reply, Usage
from evaluator.core.rubric import Criterion
from evaluator.core.span import QuoteFinder
from evaluator.core.spotlight import without_marks
from evaluator.core.task import GradingTask, RaterIdentity
from evaluator.graders.chat_model import ChatModel, ModelRequest, NoCompletionError, Parameter
from evaluator.graders.prepared_ask import PreparedAsk, PreparedAsks, values_of
from evaluator.graders.request_fingerprint import request_fingerprint

_LIMITS = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is asked again. `transient`: attempts in all for what may pass (429, 5xx, a reset, a
    timeout). `unusable`: further attempts for a reply that is cut off or not what was asked for.
    """

    transient: int = 6
    limited: int = 20
    """Attempts in all that may end in a 429: the endpoint is well and has only asked for patience."""
    unusable: int = 2
    first_wait: float = 0.5
    """Seconds; doubled with each attempt, with full jitter, up to `longest_wait`."""
    longest_wait: float = 30.0


class ModelRater:
    """Reads answers with `model` by `prompt`. One owner of retries: the model itself never tries again.

    With a `ledger`, what was answered before is not asked again, and what is being asked is not asked twice. `sleep`
    waits between attempts, in seconds; it may end early where waiting has become pointless. `keeping` is entered, with
    no pause after a reply has come, for as long as that is being kept. `marks`: every word of an answer carries a mark,
    which quotes are freed from before they are looked up.
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
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        keeping: Callable[[], AbstractContextManager[None]] = nullcontext,
        marks: bool = False,
    ) -> None:
        self._model = model
        self._prompt = prompt
        self._identity = identity
        self._instructions = instructions_of(prompt)
        self._asks = PreparedAsks(prompt, calls, marks=marks)
        self._calls: Calls = calls
        self._sleep = sleep
        self._keeping = keeping
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
        asks = self._asks.of(task)
        tokens = sum(prepared.request(task, self._parameters).expected_tokens for prepared in asks)
        output = sum(prepared.output_tokens for prepared in asks)
        return Usage(input_tokens=tokens - output, output_tokens=output)

    async def rate(self, task: GradingTask) -> Reply | Failure:
        """The model's reply to one answer, all criteria, or why there is none."""
        asks = self._asks.of(task)
        if len(asks) == 1 and self._calls == "all":
            only = await self._ask(task, asks[0])
            if isinstance(only, Failure):
                return only
            return Reply(only.reply.criteria, only.reply.red_flags, only.model, only.usage, self._prompt.most_quotes)
        parts: list[AskReply] = []
        usage = Usage()
        model_name: str | None = None
        waiting: Failure | None = None
        for prepared in asks:
            outcome = await self._ask(task, prepared)
            usage = usage + outcome.usage
            if isinstance(outcome, Failure):
                where = "" if self._calls == "all" else f" ({prepared.ask.subject})"
                failure = Failure(outcome.code, outcome.detail + where, usage)
                if outcome.code != "waits_for_batch":
                    return failure
                waiting = failure  # the other asks can wait in the same batch
                continue
            parts.append(outcome.reply)
            model_name = outcome.model or model_name
        if waiting is not None:
            return replace(waiting, usage=usage)
        red_flags = tuple(flag for part in parts for flag in part.red_flags)
        return Reply(_joined(parts, task.criteria), red_flags, model_name, usage, self._prompt.most_quotes)

    async def _ask(self, task: GradingTask, prepared: PreparedAsk) -> _Answered | Failure:
        """One ask; once more where the quotes that its verdicts rest on are not in the answer."""
        ask = prepared.ask
        request = prepared.request(task, self._parameters)
        mark = prepared.mark(task)
        first = _unmarked(await self._reply_to(ask, request, task.candidate_id), mark)
        if isinstance(first, Failure) or not self._prompt.repair:
            return first
        finder = QuoteFinder(task.text)
        lost = unsupported(first.reply.criteria, task.criteria, finder)
        if not lost.verdicts:
            return first
        asking_again = self._prompt.render_repair(
            {
                **values_of(task, ask, mark),
                "unfound": [{"quote": quote} for quote in lost.quotes],
                "unsupported": [{"name": verdict} for verdict in lost.verdicts],
            }
        )
        messages = (*request.messages, Message("assistant", first.text), *asking_again)
        second = _unmarked(await self._reply_to(ask, replace(request, messages=messages), task.candidate_id), mark)
        usage = first.usage + second.usage
        if isinstance(second, Failure):
            return replace(second, usage=usage) if second.code in NOT_SENT else replace(first, usage=usage)
        still_lost = unsupported(second.reply.criteria, task.criteria, finder)
        return replace(second if len(still_lost.verdicts) <= len(lost.verdicts) else first, usage=usage)

    async def _reply_to(self, ask: Ask, request: ModelRequest, candidate_id: str | None) -> _Answered | Failure:
        """The reply out of the ledger, or of the same request in flight, or of a request of its own.

        `candidate_id`: for the ledger, which has to find again whose replies it keeps.
        """
        if self._ledger is None:
            return await self._complete(ask, request)
        name = request_fingerprint(self._identity.spec, self._model.address, self._model.name, request)
        while (leader := self._in_flight.get(name)) is not None:
            shared = await asyncio.shield(leader)
            if shared is not None:
                if isinstance(shared, _Answered) and candidate_id is not None:
                    await self._ledger.find(name, candidate_id)  # it is this candidate's reply too
                return replace(shared, usage=shared.usage.again)
        following: asyncio.Future[_Answered | Failure | None] = asyncio.get_running_loop().create_future()
        self._in_flight[name] = following
        outcome: _Answered | Failure | None = None
        try:
            outcome = await self._kept(ask, request, name, self._ledger, candidate_id)
            outcome = outcome or await self._ask_and_keep(ask, request, name, candidate_id)
        finally:
            # None, where this one was cancelled: whoever waits asks for itself.
            del self._in_flight[name]
            following.set_result(outcome)
        return outcome

    def _read(self, ask: Ask, request: ModelRequest, text: str) -> AskReply:
        """What a reply says. Raises ReplyMismatchError where it is not what was asked for, or only an echo of that."""
        reply = parse_reply(ask, text)
        if is_echo(text, self._instructions, request.messages):
            raise ReplyMismatchError("it repeats the fence or the instructions")
        return reply

    async def _kept(
        self, ask: Ask, request: ModelRequest, name: str, ledger: Ledger, candidate_id: str | None
    ) -> _Answered | None:
        """What the ledger holds under this name, if it can be read as a reply."""
        kept = await ledger.find(name, candidate_id)
        if kept is None:
            return None
        try:
            reply = self._read(ask, request, kept.text)
        except ReplyMismatchError:
            return None  # an imported reply, say, that is not what was asked for: it is asked for again
        return _Answered(reply, kept.text, kept.model, kept.usage.again)

    async def _ask_and_keep(
        self, ask: Ask, request: ModelRequest, name: str, candidate_id: str | None
    ) -> _Answered | Failure:
        outcome = await self._complete(ask, request)
        if isinstance(outcome, _Answered) and self._ledger is not None:
            with self._keeping():
                reply = KeptReply(outcome.text, outcome.model, outcome.usage)
                await self._ledger.keep(name, reply, candidate_id)
        return outcome

    async def _complete(self, ask: Ask, request: ModelRequest) -> _Answered | Failure:
        """One request with its retries."""
        so_far = _Attempts()
        try:
            try:
                return await self._attempt(ask, request, so_far)
            except _AskAgainError as error:
                return await self._ask_again(error, ask, request, so_far)
        except _AskAgainError as error:
            asked = f"{so_far.usage.requests} times" if so_far.usage.requests > 1 else "once"
            return Failure(error.code, f"{error.detail}; asked {asked}", so_far.usage)

    async def _ask_again(
        self, first: _AskAgainError, ask: Ask, request: ModelRequest, so_far: _Attempts
    ) -> _Answered | Failure:
        """The further attempts. Only the few requests that need them come here: counting retries has its price."""
        failed: list[_AskAgainError] = [first]
        rule = _RetryRule(self._retries)

        async def attempt() -> _Answered | Failure:
            if failed:
                raise failed.pop()  # the first attempt, which was made before and counts
            return await self._attempt(ask, request, so_far)

        retrying = AsyncRetrying(
            sleep=self._sleep,
            retry=retry_if_exception_type(_AskAgainError),
            stop=rule.enough,
            wait=rule.wait,
            reraise=True,
        )
        return await retrying(attempt)

    async def _attempt(self, ask: Ask, request: ModelRequest, so_far: _Attempts) -> _Answered | Failure:
        """One request. Raises _AskAgainError where another may do better."""
        try:
            # A reply that was cut off gets more room the next time: the same limit would cut it again.
            completion = await self._model.complete(_with_more_room(request, 2**so_far.cut_off))
        except NoCompletionError as error:
            if error.code not in NOT_SENT:
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
            reply = self._read(ask, request, completion.text)
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


@dataclass(slots=True)
class _Attempts:
    """The attempts of one request so far: what they took, and how many replies were cut off."""

    usage: Usage = NOTHING_USED
    cut_off: int = 0


class _RetryRule:
    """When to stop asking again, and how long to wait before (tenacity calls it)."""

    def __init__(self, retries: Retries) -> None:
        self._backoff = wait_random_exponential(multiplier=retries.first_wait, max=retries.longest_wait)
        self._failed = {"unusable": 0, "limited": 0, "transient": 0}
        self._most = {"unusable": retries.unusable + 1, "limited": retries.limited, "transient": retries.transient}

    def enough(self, state: RetryCallState) -> bool:
        """Whether the failure that just happened is the last of its kind."""
        error = self._error(state)
        kind = "unusable" if error.unusable else "limited" if error.code == "rate_limited" else "transient"
        self._failed[kind] += 1
        return self._failed[kind] >= self._most[kind]

    def wait(self, state: RetryCallState) -> float:
        """Seconds until the next attempt: what the endpoint asked for, else jittered exponential backoff."""
        error = self._error(state)
        if error.unusable:
            return 0.0
        backoff = float(self._backoff(state))
        if not error.retry_after:  # "now", or a date that is over, says no more than nothing does
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


def _unmarked(outcome: _Answered | Failure, mark: str) -> _Answered | Failure:
    """What was answered, its quotes as the candidate wrote them; `text` stays as the model wrote it."""
    if isinstance(outcome, Failure) or not mark:
        return outcome
    return replace(outcome, reply=without_marks(outcome.reply, mark))


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
