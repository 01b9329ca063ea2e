"""Where traces are built: OpenTelemetry, sent by OTLP over HTTP; nothing of it is imported where it is off."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from evaluator.core.tracing import Fact, Kind, Tracer
from evaluator.errors import SetupError
from evaluator.settings import TraceSettings

if TYPE_CHECKING:
    from opentelemetry.trace import Span as OpenSpan


def make_tracer(settings: TraceSettings, role: str) -> Tracer | None:
    """What begins spans; None where no setting names a place to send them to. `role`: `serve` or `worker`.

    Raises SetupError where OpenTelemetry is not installed.
    """
    if not settings.is_on:
        return None
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter") is None:
        raise SetupError(
            "Traces are to be sent, and what sends them is not installed.",
            hint="pip install 'screening-answer-evaluator[service]', or unset OTEL_EXPORTER_OTLP_ENDPOINT.",
        )
    return _OpenTelemetry(role)


class _OpenTelemetry:
    """OpenTelemetry's own SDK, which reads the rest of its settings (headers, sampling, names) from OTEL_… itself."""

    def __init__(self, role: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import SpanKind

        own = version("screening-answer-evaluator")
        # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say comes before this.
        resource = Resource({"service.name": f"evaluator-{role}", "service.version": own}).merge(_named())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False, id_generator=_id_generator())
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("screening-answer-evaluator", own)
        self._kinds: Mapping[Kind, SpanKind] = {
            "internal": SpanKind.INTERNAL,
            "server": SpanKind.SERVER,
            "consumer": SpanKind.CONSUMER,
            "client": SpanKind.CLIENT,
        }

    @contextmanager
    def span(
        self,
        name: str,
        facts: Mapping[str, Fact | None],
        *,
        kind: Kind = "internal",
        of: str | None = None,
        is_first: bool = False,
        begun: float | None = None,
    ) -> Iterator[_Span]:
        """As `Tracer.span`."""
        with self._tracer.start_as_current_span(
            name,
            context=self._context(of, is_first=is_first),
            kind=self._kinds[kind],
            attributes=_told(facts),
            start_time=None if begun is None else int(begun * 1e9),
            # An exception's message may say what a candidate wrote.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            made = _Span(span)
            try:
                yield made
            except BaseException as error:
                made.broke(type(error).__name__)
                raise

    def _context(self, of: str | None, *, is_first: bool) -> Any:
        """What a span hangs under. The ids of a trace follow from what it is of: nothing has to be handed on."""
        from opentelemetry.context import Context
        from opentelemetry.sdk.trace.sampling import Decision
        from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

        if of is None:
            return None
        ids = _ids_of(of)
        if is_first:
            _NEXT.set(ids)
            return Context()
        # Kept or dropped as the first span was, which another process began.
        decision = self._provider.sampler.should_sample(None, ids[0], "").decision
        is_kept = decision == Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(TraceFlags.SAMPLED if is_kept else TraceFlags.DEFAULT)
        return set_span_in_context(NonRecordingSpan(SpanContext(*ids, is_remote=True, trace_flags=flags)), Context())

    def close(self) -> None:
        """Sends what was not sent yet."""
        self._provider.shutdown()


class _Span:
    def __init__(self, span: OpenSpan) -> None:
        self._span = span
        self._has_failed = False

    def note(self, facts: Mapping[str, Fact | None]) -> None:
        self._span.set_attributes(_told(facts))

    def failed(self, code: str) -> None:
        from opentelemetry.trace import Status, StatusCode

        self._has_failed = True
        self._span.set_attribute("error.type", code)
        self._span.set_status(Status(StatusCode.ERROR))

    def broke(self, kind: str) -> None:
        """It ended by an exception; what was said of it before stands."""
        if not self._has_failed:
            self.failed(kind)


def _told(facts: Mapping[str, Fact | None]) -> dict[str, Any]:
    return {name: fact for name, fact in facts.items() if fact is not None}


def _named() -> Any:
    from opentelemetry.sdk.resources import OTELResourceDetector

    return OTELResourceDetector().detect()


def _ids_of(what: str) -> tuple[int, int]:
    digest = hashlib.sha256(f"trace of {what}".encode()).digest()
    return int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:24], "big")


_NEXT: ContextVar[tuple[int, int] | None] = ContextVar("ids of the next span", default=None)


def _id_generator() -> Any:
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class GivenOrRandom(RandomIdGenerator):
        """The ids that were set for the next span, or random ones. A trace's id is asked for first, then the span's."""

        def generate_trace_id(self) -> int:
            given = _NEXT.get()
            return super().generate_trace_id() if given is None else given[0]

        def generate_span_id(self) -> int:
            given = _NEXT.get()
            _NEXT.set(None)
            return super().generate_span_id() if given is None else given[1]

    return GivenOrRandom()
