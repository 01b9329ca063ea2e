"""Traces: off until configured, one for each submission through all processes, and nothing of a candidate in them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.loopback import LoopbackHandler, LoopbackServer
from tests.model_server import ModelServer
from tests.service.conftest import service

WORD, WHO, KEY = "zanzibarwort", "cand-quetzal", "sk-schluessel4711"


class Receiver(LoopbackServer):
    """What collects traces: it keeps every byte that it was sent."""

    def __init__(self) -> None:
        super().__init__(_Collector)
        self.bodies: list[bytes] = []

    @property
    def address(self) -> str:
        return f"http://{self.host}"

    def spans(self) -> list[tuple[str, Any]]:
        """Who sent it, and the span."""
        found = []
        for body in self.bodies:
            for of in ExportTraceServiceRequest.FromString(body).resource_spans:
                who = next(each.value.string_value for each in of.resource.attributes if each.key == "service.name")
                found += [(who, span) for scope in of.scope_spans for span in scope.spans]
        return found


class _Collector(LoopbackHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.bodies.append(self.read_body())
        self.answer(200)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def facts(span: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def worker(store: str, model: str, **further: str) -> subprocess.Popen[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("EVALUATOR_", "OPENAI_"))}
    command = [
        sys.executable,
        "-m",
        "evaluator",
        "worker",
        "--store",
        store,
        "--grader",
        "openai:m",
        "--base-url",
        model,
    ]
    environment = {**plain, "OPENAI_API_KEY": KEY, **further}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def graded(running: Any) -> dict[str, Any]:
    """A submission handed in and graded."""
    text = f"I split by time, {WORD}: train on 2022 and test on 2023, as in case number 7."
    asked = {"candidate_id": WHO, "answers": [{"question_id": "fraud_framing", "text": text}]}
    client = running.client()
    made = client.post("/v1/submissions", json=asked).json()
    until = time.monotonic() + 240
    while (found := client.get(f"/v1/submissions/{made['id']}").json())["state"] != "complete":
        assert time.monotonic() < until, found
        time.sleep(0.2)
    return found


def test_a_submission_is_one_trace_through_all_processes(tmp_path: Path, receiver: Receiver) -> None:
    """Received, waited, graded, asked: under the span that it began with, with the names that OpenTelemetry has for
    generative AI; and neither a word of the answer, nor the candidate, nor a key.
    """
    store = str(tmp_path / "s.sqlite3")
    told = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.address}
    with ModelServer() as model:
        with service(store, **told) as running:
            working = worker(store, model.address, **told)
            found = graded(running)
            working.send_signal(signal.SIGTERM)
            _, said = working.communicate(timeout=60)
            assert working.returncode == 0, said
        port = int(model.address.split(":")[2].partition("/")[0])
    spans = receiver.spans()
    names = {span.name for _, span in spans}
    assert names == {"receive submission", "wait in queue", "grade batch", "chat m"}
    assert {span.trace_id for _, span in spans} == {spans[0][1].trace_id}
    by_name = {span.name: span for _, span in spans}
    first, batch, chat = by_name["receive submission"], by_name["grade batch"], by_name["chat m"]
    assert first.parent_span_id == b""
    assert by_name["wait in queue"].parent_span_id == batch.parent_span_id == first.span_id
    assert chat.parent_span_id == batch.span_id
    assert {who for who, span in spans if span is first} == {"evaluator-serve"}
    assert {who for who, span in spans if span is not first} == {"evaluator-worker"}
    assert facts(first)["evaluator.submission.id"] == facts(batch)["evaluator.submission.id"] == found["id"]
    said_of_chat = facts(chat)
    assert {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "gen_ai.response.model": "model-2026-01-01",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 100,
        "gen_ai.usage.cache_read.input_tokens": 800,
        "server.address": "127.0.0.1",
        "server.port": port,
    }.items() <= said_of_chat.items()
    assert chat.kind == 3  # CLIENT
    assert chat.end_time_unix_nano >= chat.start_time_unix_nano >= batch.start_time_unix_nano
    sent = b"".join(receiver.bodies)
    for planted in (WORD, WHO, KEY, "split by time", "fraud"):
        assert planted.encode() not in sent, planted


def test_a_collector_that_is_away_holds_nothing_up(tmp_path: Path) -> None:
    """Grading goes on, and both processes end well."""
    store = str(tmp_path / "s.sqlite3")
    told = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    with ModelServer() as model, service(store, **told) as running:
        working = worker(store, model.address, **told)
        graded(running)
        working.send_signal(signal.SIGTERM)
        _, said = working.communicate(timeout=90)
        assert working.returncode == 0, said
        assert KEY not in said
        assert WORD not in said


@pytest.mark.parametrize(
    "told", [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}]
)
def test_nothing_of_it_is_loaded_where_it_is_off(told: dict[str, str]) -> None:
    """Neither where no address is set, nor where it is turned off."""
    code = (
        "import sys\nfrom evaluator.settings import read_trace_settings\n"
        "from evaluator.wiring_traces import make_tracer\n"
        "made = make_tracer(read_trace_settings(), 'worker')\n"
        "print(made, [name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **told}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "None []\n"
