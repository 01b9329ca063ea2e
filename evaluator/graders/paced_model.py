"""A chat model whose requests keep the pace of its endpoint."""

from __future__ import annotations

from evaluator.core.pace import Ending
from evaluator.core.reply import FailureCode
from evaluator.graders.chat_model import ChatModel, Completion, ModelRequest, NoCompletionError
from evaluator.graders.pacer import EndpointDownError, Pacer
from evaluator.graders.wrapped_model import WrappedModel

# How a request that brought nothing counts. What is not named here was answered: the endpoint is well.
_ENDINGS: dict[FailureCode, Ending] = {
    "rate_limited": "rate_limited",
    "server_error": "failed",
    "timeout": "failed",
    "connection": "failed",
}


def _ending(error: NoCompletionError) -> Ending:
    # The page of a proxy or of a network's log-in, say: nobody is well there, whatever the status is.
    if error.code == "invalid_reply" and error.transient:
        return "failed"
    return _ENDINGS.get(error.code, "answered")


class PacedModel(WrappedModel):
    """`model`, asked when `pacer` says so. A request that waits to be tried again is not in line meanwhile.

    `urgent`: what others ask of the same endpoint waits behind.
    """

    def __init__(self, model: ChatModel, pacer: Pacer, *, urgent: bool = False) -> None:
        super().__init__(model)
        self._pacer = pacer
        self._urgent = urgent
        self._last_failure = ""

    async def complete(self, request: ModelRequest) -> Completion:
        """As the model does it; raises NoCompletionError with `endpoint_down` where the endpoint is left alone."""
        try:
            ticket = await self._pacer.enter(request.expected_tokens, urgent=self._urgent)
        except EndpointDownError as error:
            detail = f"{error.failures} failures in a row, the last: {self._last_failure}"
            raise NoCompletionError("endpoint_down", detail) from error
        ending: Ending = "given_up"
        said = used_tokens = None
        try:
            completion = await self._model.complete(request)
            usage = completion.usage
            ending, said = "answered", completion.limits
            if usage.input_tokens is not None and usage.output_tokens is not None:
                used_tokens = usage.input_tokens + usage.output_tokens
        except NoCompletionError as error:
            ending, said = _ending(error), error.limits
            if ending == "failed":
                self._last_failure = error.detail
            raise
        finally:
            self._pacer.leave(ticket, ending, said, used_tokens)
        return completion
