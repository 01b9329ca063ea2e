"""What machines ask of the service: whether it lives, whether it can work, and how much waits."""

from __future__ import annotations

import hmac
from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from evaluator.errors import StoreError
from evaluator.store.work_status import WorkStatus
from evaluator.web.access import EVERYONE, OWN_KEY, rule
from evaluator.web.site import Site


def operations_router(metrics_token: str | None) -> APIRouter:
    """`/healthz`, `/readyz`, and `/metrics` for whoever has the token; without one there are no metrics."""
    router = APIRouter()

    @router.get("/healthz")
    @rule(EVERYONE)
    def healthz() -> Response:
        """The process answers; nothing else is looked at."""
        return PlainTextResponse("ok")

    @router.get("/readyz")
    @rule(EVERYONE)
    def readyz(request: Request) -> Response:
        """The store can be reached: requests may come."""
        site: Site = request.app.state.site
        try:
            site.store.workers.all()
        except StoreError:
            return JSONResponse({"store": "away"}, status_code=503)
        return JSONResponse({"store": "ready"})

    @router.get("/metrics")
    @rule(OWN_KEY)
    def metrics(request: Request) -> Response:
        """Counts for Prometheus: no ids, no names."""
        if metrics_token is None:
            return PlainTextResponse("There are no metrics: EVALUATOR_METRICS_TOKEN is not set.", status_code=404)
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), metrics_token.encode()):
            return PlainTextResponse("The token is wrong.", status_code=401, headers={"WWW-Authenticate": "Bearer"})
        site: Site = request.app.state.site
        return Response(exposition(site.store.status(site.now())), media_type=CONTENT_TYPE_LATEST)

    return router


def exposition(status: WorkStatus) -> bytes:
    """How the work stands, as Prometheus reads it."""
    registry = CollectorRegistry()

    def gauge(name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"evaluator_{name}", about, labels, registry=registry)

    waiting = gauge("answers_waiting", "Answers that are not graded yet.", "lane")
    oldest = gauge("oldest_waiting_seconds", "Since the oldest of them was handed in.", "lane")
    done = gauge("answers_done_last_minute", "Answers whose chunk was done in the last minute.", "lane")
    for lane in status.lanes:
        waiting.labels(lane.lane).set(lane.waiting)
        oldest.labels(lane.lane).set(lane.oldest_seconds or 0.0)
        done.labels(lane.lane).set(lane.done_last_minute)
    gauge("workers", "Workers on the roll.").set(len(status.workers))
    gauge("chunks_handed_back", "Chunks that wait after a failure.").set(sum(each.chunks for each in status.failing))
    for name, about, counts in (
        ("submissions", "Submissions by state.", status.submissions),
        ("events", "Events of the inbox by state.", status.events),
        ("deliveries", "Outbound deliveries by state.", status.deliveries),
    ):
        by_state = gauge(name, about, "state")
        for state, count in counts.items():
            by_state.labels(state).set(count)
    attention = gauge(
        "scheduled_needs_attention", "1 where the last time failed, or found that something drifted.", "job"
    )
    ended = gauge("scheduled_last_ended_seconds", "When the last time ended, in seconds since 1970.", "job")
    for job in status.scheduled:
        if job.last is not None and job.last.ended_at is not None:
            attention.labels(job.name).set(job.last.state != "done")
            ended.labels(job.name).set(datetime.fromisoformat(job.last.ended_at).timestamp())
    return generate_latest(registry)
