"""The child process that holds a local model: llama.cpp's server on loopback, alive no longer than its parent.

Run as a script by `evaluator.graders.local_server`; it imports nothing of this package. It reads one line of
JSON from standard input (so that the key is in no process list), writes one line of JSON to standard output
when the server answers, and ends when standard input closes: a parent that is killed outright closes it too.
Everything the model's engine prints goes to standard error.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import threading
import time
from typing import Any
from urllib.parse import urlsplit

NOT_INSTALLED = 64  # exit codes that the parent turns into a sentence
NOT_LOADED = 65

PARENT_CHECK_SECONDS = 1.0
ANSWER_SECONDS = 30.0


def main() -> None:
    """Read the settings, serve, and wait for the parent to go."""
    ready = _take_standard_output()
    settings = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    try:
        import xllamacpp
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NOT_INSTALLED)
    try:
        server = xllamacpp.Server(_parameters(xllamacpp, settings))
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NOT_LOADED)
    _ask_for_models(server.listening_address, settings["api_key"])
    with os.fdopen(ready, "w", encoding="utf-8") as answer:
        answer.write(json.dumps({"base_url": f"{server.listening_address}/v1"}) + "\n")
    sys.stdin.buffer.read()
    _end()


def _take_standard_output() -> int:
    """A private copy of standard output for our one line; the engine's own prints go to standard error."""
    ready = os.dup(1)
    os.dup2(2, 1)
    return ready


def _parameters(xllamacpp: Any, settings: dict[str, Any]) -> Any:
    """llama.cpp's parameters; its documentation names them as the options of `llama-server`."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings["gguf"]
    parameters.model_alias = {settings["model"]}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [settings["api_key"]]
    # llama.cpp shares the context out among the slots; ours is what one request may hold.
    parameters.n_ctx = settings["context"] * settings["slots"]
    parameters.n_parallel = settings["slots"]
    parameters.cpuparams.n_threads = settings["threads"]
    parameters.cpuparams_batch.n_threads = settings["threads"]
    # Grading asks many short questions about one text: what they share is read once.
    parameters.cache_prompt = True
    parameters.cache_ram_mib = settings["cache_mib"]
    # Fitting a model to a graphics card reads it twice; the prebuilt wheels run on the processor.
    parameters.fit_params = False
    parameters.warmup = False
    parameters.offline = True
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.verbosity = 2  # warnings and errors
    return parameters


def _ask_for_models(address: str, api_key: str) -> None:
    """Return once the server answers an HTTP request."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {api_key}"})
        status = connection.getresponse().status
    finally:
        connection.close()
    if status != http.client.OK:
        sys.stderr.write(f"the server answers its own process with status {status}\n")
        sys.exit(NOT_LOADED)


def _end_with_parent(parent: int) -> None:
    """End when the parent is gone, also while the model loads or another process holds our input open."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    _end()


def _end() -> None:
    # The engine's threads may be in the middle of a token; there is nothing to save, so do not wait for them.
    os._exit(0)


if __name__ == "__main__":
    main()
