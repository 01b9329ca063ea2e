"""Any chat model of langchain-core (Anthropic, Gemini, Bedrock …), made by a factory that the user names."""

from __future__ import annotations

import asyncio
import importlib
import json
import re
import time
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable

from evaluator.core.prompt import Message
from evaluator.core.reply import Usage
from evaluator.errors import GraderSetupError
from evaluator.graders.chat_model import Completion, Finish, ModelRequest, NoCompletionError

_FENCED = re.compile(r"^\s*```(?:json)?\s*(?P<inside>.*?)\s*```\s*$", re.DOTALL)
_MESSAGES = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}


def model_from_factory(path: str) -> BaseChatModel:
    """The model that `package.module:factory` makes. Raises GraderSetupError, saying which part is wrong."""
    module_name, _, factory_name = path.partition(":")
    if not module_name or not factory_name:
        raise GraderSetupError(
            f"'langchain:{path}' does not name a factory.", hint="Write langchain:package.module:factory."
        )
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise GraderSetupError(
            f"The module '{module_name}' cannot be imported: {error}.",
            hint="Install the package that holds it, or check the spelling.",
        ) from error
    factory = getattr(module, factory_name, None)
    if not callable(factory):
        raise GraderSetupError(f"'{module_name}' has no callable '{factory_name}'.")
    try:
        model = factory()
    # The factory is the user's code and may fail in any way: a key that is not set, a wrong argument.
    except Exception as error:
        raise GraderSetupError(f"{path} failed with {type(error).__name__}: {error}") from error
    if not isinstance(model, BaseChatModel):
        raise GraderSetupError(
            f"{path} returned a {type(model).__name__}.", hint="It has to return a langchain-core BaseChatModel."
        )
    return model


class LangchainModel:
    """A langchain-core chat model. Its structured output is used where it has it, else JSON is read from its text.

    Parameters of the prompt are not passed on: a chat model is configured where it is made, in the factory.
    """

    def __init__(self, model: BaseChatModel, name: str, *, deadline: float) -> None:
        self._model = model
        self._name = name
        self._deadline = deadline

    @property
    def name(self) -> str:
        return self._name

    @property
    def address(self) -> None:
        return None

    async def check(self) -> None:
        """Nothing to check for free: a chat model of langchain-core has no such call."""

    async def close(self) -> None:
        """Nothing is held open here: the model owns its connections."""

    async def complete(self, request: ModelRequest) -> Completion:
        """One reply. Raises NoCompletionError."""
        started = time.perf_counter()
        messages = [_message(message) for message in request.messages]
        structured = self._structured(request)
        try:
            async with asyncio.timeout(self._deadline):
                if structured is None:
                    raw: Any = await self._model.ainvoke(messages)
                    text = _json_in(raw.text)
                else:
                    replied = await structured.ainvoke(messages)
                    raw = replied["raw"]
                    parsed = replied["parsed"]
                    text = json.dumps(parsed) if parsed is not None else _json_in(raw.text)
        except TimeoutError as error:
            raise NoCompletionError("timeout", f"no reply within {self._deadline:g} s", transient=True) from error
        # Each provider has exceptions of its own and langchain-core has no common one: this is the border.
        except Exception as error:
            raise _translated(error) from error
        return Completion(text, _finish(raw), _model_of(raw), _usage(raw, (time.perf_counter() - started) * 1000))

    def _structured(self, request: ModelRequest) -> Runnable[Any, Any] | None:
        if type(self._model).with_structured_output is BaseChatModel.with_structured_output and (
            type(self._model).bind_tools is BaseChatModel.bind_tools
        ):
            return None
        schema = {"title": "grade", "description": "The grade of one answer.", **request.schema}
        return self._model.with_structured_output(schema, include_raw=True)


def _message(message: Message) -> BaseMessage:
    made: BaseMessage = _MESSAGES[message.role](content=message.content)
    return made


def _json_in(text: str) -> str:
    fenced = _FENCED.match(text)
    return fenced["inside"] if fenced else text


def _finish(raw: BaseMessage) -> Finish:
    reason = str(raw.response_metadata.get("finish_reason") or raw.response_metadata.get("stop_reason") or "stop")
    if reason.lower() in ("length", "max_tokens"):
        return "length"
    return "refusal" if reason.lower() in ("content_filter", "refusal", "safety") else "stop"


def _model_of(raw: BaseMessage) -> str | None:
    name = raw.response_metadata.get("model_name") or raw.response_metadata.get("model")
    return str(name) if name else None


def _usage(raw: BaseMessage, latency_ms: float) -> Usage:
    told = raw.usage_metadata if isinstance(raw, AIMessage) else None
    if told is None:
        return Usage(latency_ms=latency_ms, requests=1)
    return Usage(
        input_tokens=told["input_tokens"],
        output_tokens=told["output_tokens"],
        cached_tokens=told.get("input_token_details", {}).get("cache_read"),
        latency_ms=latency_ms,
        requests=1,
    )


def _translated(error: Exception) -> NoCompletionError:
    status = getattr(error, "status_code", None)
    kind = type(error).__name__
    if status in (401, 403):
        return NoCompletionError("wrong_key", f"the provider refuses the key (HTTP {status})")
    if status == 404:
        return NoCompletionError("unknown_model", "the provider knows no such model (HTTP 404)")
    if status == 429:
        return NoCompletionError("rate_limited", "the provider limits the rate (HTTP 429)", transient=True)
    if isinstance(status, int) and status >= 500:
        return NoCompletionError("server_error", f"HTTP {status} from the provider", transient=True)
    if isinstance(error, OSError) or "connect" in kind.lower() or "timeout" in kind.lower():
        return NoCompletionError("connection", f"the connection failed ({kind})", transient=True)
    return NoCompletionError("bad_request", f"the chat model failed with {kind}")
