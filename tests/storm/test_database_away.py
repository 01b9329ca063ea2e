"""PostgreSQL goes away in the middle of work and comes back: nothing is started anew, nothing is paid twice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx2

from benchmarks.server_process import MockServer
from tests.storm.ats_api import AtsApis
from tests.storm.database_server import DatabaseServer
from tests.storm.deliveries import SOURCES, Delivery
from tests.storm.fleet import wait_until
from tests.storm.service import is_ready, whole_service

_WITHIN = 180.0  # seconds
_FIRST, _AWAY, _LATER = range(24), 24, range(25, 37)


def ring(url: str, number: int) -> httpx2.Response:
    """One candidate's answers, from one source after the other."""
    sent = Delivery(SOURCES[number % len(SOURCES)], 100_000 + number, f"event-{number}").sent(*[datetime.now(UTC)] * 2)
    return httpx2.post(
        f"{url}/webhooks/{sent.source}", headers=sent.headers, content=sent.body, timeout=60, trust_env=False
    )


def test_service_goes_on_by_itself_when_its_database_is_back(tmp_path: Path) -> None:
    """While it is away, deliveries are answered 503 with Retry-After and the process stays healthy; when it is back,
    the same processes take deliveries in again and finish what they had begun, and pay for no reply again.
    """
    with (
        DatabaseServer() as database,
        MockServer(latency_ms=400) as model,
        AtsApis() as apis,
        whole_service(database.url, model.base_url, tmp_path, workers=2, **apis.environment) as service,
    ):
        (url,) = service.urls
        # One that starts while it is away says so and ends, for whoever looks after it to start it again.
        wait_until("both work", lambda: database.query("SELECT count(*) FROM workers") == [(2,)], _WITHIN)
        assert {ring(url, number).is_success for number in _FIRST} == {True}
        wait_until("grading has begun", lambda: model.stats()["paid"] >= 8, _WITHIN)
        database.stop("fast")
        refused = ring(url, _AWAY)
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        assert httpx2.get(f"{url}/readyz", trust_env=False, timeout=60).status_code == 503
        assert httpx2.get(f"{url}/healthz", trust_env=False, timeout=60).status_code == 200
        wait_until("nothing is asked any more", lambda: model.stats()["in_flight"] == 0, _WITHIN)
        database.start()
        wait_until("it is ready again", lambda: is_ready(url), _WITHIN)
        assert {ring(url, number).is_success for number in (_AWAY, *_LATER)} == {True}
        events = _LATER.stop
        done = "SELECT count(*) FROM submissions WHERE state = 'complete'"
        wait_until("all are graded", lambda: database.query(done) == [(events,)], _WITHIN)
        assert database.query("SELECT state, count(*) FROM inbox GROUP BY state") == [("mapped", events)]
        assert database.query("SELECT status, count(*) FROM grades GROUP BY status") == [("graded", 2 * events)]
        assert (model.stats()["paid"], model.stats()["paid_unique"]) == (2 * events, 2 * events)
    assert {name: code for name, code in service.fleet.exit_codes.items() if code} == {}
    for each in service.fleet.processes:
        assert (each.ended_by_itself, "Traceback" in each.said()) == ([], False), each.said()
