"""A worker's spans: what waited, what was graded, what an event became; ids and counts only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from evaluator.core.tracing import Fact, Span, Tracer
from evaluator.core.work import Lane, WorkBatch
from evaluator.run.durable.batch_grading import BatchResult
from evaluator.run.intake import Settled


@contextmanager
def traced_batch(tracer: Tracer | None, batch: WorkBatch, lane: Lane, worker: str) -> Iterator[Span | None]:
    """The span of a batch's grading, after that of its waiting; None where there are no traces."""
    if tracer is None:
        yield None
        return
    # An answer of a submission is named after it; of a run's answers the ids are a table's, and stay here.
    of = batch.items[0].answer.answer_id.partition(".")[0] if lane == "webhook" and batch.items else None
    facts: dict[str, Fact | None] = {
        "evaluator.work.id": batch.id,
        "evaluator.lane": lane,
        "evaluator.run.number": batch.run,
        "evaluator.submission.id": of,
        "evaluator.worker.id": worker,
        "evaluator.answers": len(batch.items),
    }
    if batch.made_at is not None:
        begun = min(datetime.fromisoformat(batch.made_at).timestamp(), time.time())
        with tracer.span("wait in queue", facts, of=of, begun=begun):
            pass  # it ends now
    with tracer.span("grade batch", facts, kind="consumer", of=of) as span:
        yield span


def note_result(span: Span, result: BatchResult) -> None:
    """How a batch ended. Its reason is told by its code: what an endpoint said stays out."""
    span.note({"evaluator.graded": result.graded, "evaluator.failed": len(result.failed)})
    if result.reason is not None:
        code = result.reason.partition(":")[0]
        span.failed(code if code.isidentifier() else "handed_back")


def note_settled(tracer: Tracer | None, event_id: str, settled: Settled, begun: float) -> None:
    """An event of an ATS became a submission, with which a trace begins."""
    if tracer is None or settled.state != "mapped" or settled.submission_id is None:
        return
    facts: dict[str, Fact | None] = {
        "evaluator.event.id": event_id,
        "evaluator.submission.id": settled.submission_id,
    }
    of = settled.submission_id
    with tracer.span("receive submission", facts, kind="consumer", of=of, is_first=True, begun=begun):
        pass  # its id is known only now that it is kept
