"""Any chat model of langchain-core can grade; what it does badly is told apart as with any other endpoint."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from evaluator import Answer, Grade, GraderOptions, SetupError, make_grader
from tests.conftest import NO_WAITING, level_reply


def made_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: BaseChatModel) -> str:
    """The specification of a factory in a module of its own that returns `model`."""
    name = f"factory_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text("model = None\n\ndef make():\n    return model\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    __import__(name)
    sys.modules[name].model = model
    return f"langchain:{name}:make"


def grade(spec: str, answer: Answer) -> Grade:
    grader = make_grader(spec, options=GraderOptions(prompt="levels", retries=NO_WAITING))
    return asyncio.run(grader.grade(answer))


def replies(*texts: str, **metadata: Any) -> GenericFakeChatModel:
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    messages = [AIMessage(text, usage_metadata=usage, response_metadata=metadata) for text in texts]
    return GenericFakeChatModel(messages=iter(messages))


class FailingModel(BaseChatModel):
    """A provider's model that raises an error of its own kind."""

    error: Any

    @property
    def _llm_type(self) -> str:
        return "failing"

    def _generate(self, messages: list[BaseMessage], *arguments: Any, **options: Any) -> ChatResult:
        raise self.error


class ToolCallingModel(FailingModel):
    """A model with structured output, as most providers have: the reply comes as a tool call."""

    error: Any = None
    reply: dict[str, Any]

    def bind_tools(self, tools: Any, **options: Any) -> Any:
        return self.bind(tools=tools)

    def _generate(self, messages: list[BaseMessage], *arguments: Any, **options: Any) -> ChatResult:
        call = {"name": options["tools"][0]["title"], "args": self.reply, "id": "1"}
        return ChatResult(generations=[ChatGeneration(message=AIMessage("", tool_calls=[call]))])


@pytest.mark.parametrize("wrapped", ["{}", "```json\n{}\n```", "```\n{}\n```  "])
def test_json_is_read_from_a_plain_models_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, wrapped: str
) -> None:
    """A model without structured output may fence its JSON, as models do."""
    text = wrapped.replace("{}", json.dumps(level_reply(2)))
    made = grade(made_by(tmp_path, monkeypatch, replies(text)), answer)
    assert (made.status, made.score) == ("graded", 5.0)
    assert (made.provenance.input_tokens, made.provenance.output_tokens) == (10, 5)


def test_structured_output_is_used_where_a_model_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    """The reply of a tool call is checked like any other."""
    made = grade(made_by(tmp_path, monkeypatch, ToolCallingModel(reply=level_reply(3))), answer)
    assert (made.status, made.score) == ("graded", 7.5)


class ProviderError(Exception):
    """What a provider's package raises: an error with a status and no common base."""

    def __init__(self, status_code: int | None = None) -> None:
        super().__init__("secret words of the answer")
        self.status_code = status_code


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ProviderError(401), "wrong_key"),
        (ProviderError(404), "unknown_model"),
        (ProviderError(429), "rate_limited"),
        (ProviderError(503), "server_error"),
        (ConnectionResetError(), "connection"),
        (ProviderError(), "bad_request"),
    ],
)
def test_a_providers_errors_become_reasons_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, error: Exception, reason: str
) -> None:
    """An error message may repeat the request; only its kind is kept."""
    made = grade(made_by(tmp_path, monkeypatch, FailingModel(error=error)), answer)
    assert made.reason is not None
    assert made.reason.startswith(f"{reason}:")
    assert "secret" not in made.model_dump_json()


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [({"finish_reason": "length"}, "cut_off"), ({"stop_reason": "max_tokens"}, "cut_off"),
     ({"finish_reason": "SAFETY"}, "refused")],
)  # fmt: skip
def test_cut_off_and_refused_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer, metadata: dict[str, str], reason: str
) -> None:
    """Providers name the ends differently."""
    made = grade(made_by(tmp_path, monkeypatch, replies(*["{"] * 3, **metadata)), answer)
    assert (made.reason or "").startswith(f"{reason}:")


def test_a_factory_that_fails_is_said_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is not set shows when the grader is made, not in the middle of a run."""
    (tmp_path / "broken_factory.py").write_text("def make():\n    raise KeyError('NO_KEY')\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(SetupError, match="KeyError: 'NO_KEY'"):
        make_grader("langchain:broken_factory:make", options=GraderOptions(prompt="levels"))
