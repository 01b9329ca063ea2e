"""Where chat models are built: the client of an endpoint, the local server, a script, a model of langchain's."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator.errors import GraderSetupError, UsageError
from evaluator.files.local_model import find_default_model
from evaluator.graders.chat_model import ChatModel
from evaluator.graders.light_openai import hold_back_records
from evaluator.graders.spec import RaterSpec
from evaluator.wiring_options import GraderOptions, Transport

if TYPE_CHECKING:
    import httpx2

    from evaluator.graders.openai_compatible import OpenAICompatibleModel

_CONNECT_TIMEOUT = 10.0  # seconds; a server that is up takes a connection at once


def make_model(spec: RaterSpec, options: GraderOptions) -> ChatModel:
    """The chat model of a specification; each kind is imported only where it is used."""
    hold_back_records()
    if options.sink is not None:
        if spec.kind != "openai":
            raise UsageError(
                f"'{spec}' cannot wait for a batch.", hint="Batches are for openai:MODEL, alone or in a panel."
            )
        from evaluator.graders.collecting_model import CollectingModel

        return CollectingModel(_openai_model(spec, options), str(spec), options.sink, trial=options.trial)
    if spec.kind == "scripted":
        from evaluator.graders.scripted import ScriptedModel, read_script

        return ScriptedModel(read_script(Path(spec.name)), Path(spec.name).name)
    if spec.kind == "langchain":
        from evaluator.graders.langchain_chat import LangchainModel, model_from_factory

        return LangchainModel(model_from_factory(spec.name), spec.name, deadline=options.timeout or 120.0)
    if spec.kind == "local":
        return _local_model(options)
    return _openai_model(spec, options)


def _openai_model(spec: RaterSpec, options: GraderOptions) -> OpenAICompatibleModel:
    from evaluator.graders.openai_compatible import EndpointClient, OpenAICompatibleModel

    deadline = options.timeout or 120.0
    key = options.api_key
    is_asked = options.sink is None or options.trial
    if key is None and options.base_url is None and is_asked:
        raise GraderSetupError(
            f"The grader {spec} needs a key, and there is none.",
            hint="Set OPENAI_API_KEY, or give --base-url for a server of your own that needs no key.",
        )
    if key is not None and not (key.isascii() and key.isprintable()):
        # It would end up in a header, where a line end begins another one.
        raise GraderSetupError(
            "The key holds a character that no key has: a line end, or a letter outside ASCII.",
            hint="Copy it again, without what stands around it.",
        )
    client = EndpointClient(
        # A server of one's own takes any key; the client insists on one.
        api_key=key or "none",
        base_url=options.base_url,
        max_retries=0,
        timeout=deadline,
        http_client=_http_client(options.transport),
    )
    return OpenAICompatibleModel(client, spec.name, deadline=deadline)


def _http_client(transport: Transport | None) -> httpx2.AsyncClient:
    """What the openai client sends through. Neither follows a redirect: an answer goes to no other address."""
    if transport == "httpx2" or (transport is None and find_spec("pyreqwest") is None):
        from openai import DefaultAsyncHttpxClient

        return DefaultAsyncHttpxClient(follow_redirects=False)
    from evaluator.graders.openai_compatible import LARGEST_REPLY
    from evaluator.graders.pyreqwest_client import PyreqwestClient

    return PyreqwestClient(connect_timeout=_CONNECT_TIMEOUT, largest_reply=LARGEST_REPLY)


def _local_model(options: GraderOptions) -> ChatModel:
    from evaluator.graders.local_chat import LocalModel
    from evaluator.graders.local_server import MODEL_INSTALL_HINT, LocalServerSettings

    path = options.gguf or (find_default_model(options.cache) if options.cache else None)
    if path is None:
        raise GraderSetupError(
            "The grader 'local' has no model yet.",
            hint=f"{MODEL_INSTALL_HINT}\nOr grade without a model, by matching words: --grader baseline.",
        )
    settings = LocalServerSettings(gguf=path, threads=options.threads or 2)
    return LocalModel(settings, deadline=options.timeout or 600.0)
