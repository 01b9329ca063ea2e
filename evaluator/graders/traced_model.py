"""A chat model whose requests are spans, named as OpenTelemetry's conventions for generative AI name them."""

from __future__ import annotations

from urllib.parse import urlsplit

from evaluator.core.tracing import Fact, Tracer
from evaluator.graders.chat_model import ChatModel, Completion, ModelRequest, NoCompletionError
from evaluator.graders.wrapped_model import WrappedModel

_FINISH = {"stop": "stop", "length": "length", "refusal": "content_filter"}
_SENT = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "seed": "gen_ai.request.seed",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
}


class TracedModel(WrappedModel):
    """`model`, each of whose requests is a span. Neither what is asked nor what is answered goes into it."""

    def __init__(self, model: ChatModel, tracer: Tracer, provider: str) -> None:
        super().__init__(model)
        self._tracer = tracer
        parts = urlsplit(model.address or "")
        self._facts: dict[str, Fact | None] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model.name,
            "gen_ai.output.type": "json",
            "server.address": parts.hostname,
            "server.port": parts.port or {"https": 443, "http": 80}.get(parts.scheme),
        }

    async def complete(self, request: ModelRequest) -> Completion:
        """As the model does it."""
        sent = {_SENT[name]: value for name, value in request.parameters.items() if name in _SENT}
        with self._tracer.span(f"chat {self._model.name}", {**self._facts, **sent}, kind="client") as span:
            try:
                completion = await self._model.complete(request)
            except NoCompletionError as error:
                span.failed(error.code)
                raise
            usage = completion.usage
            span.note(
                {
                    "gen_ai.response.model": completion.model,
                    "gen_ai.response.finish_reasons": [_FINISH[completion.finish]],
                    "gen_ai.usage.input_tokens": usage.input_tokens,
                    "gen_ai.usage.output_tokens": usage.output_tokens,
                    "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
                    "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_tokens,
                }
            )
        return completion
