"""PostgreSQL goes away in the middle of work and comes back: nothing is started anew, nothing is paid twice."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from benchmarks.server_process import MockServer
from tests.storm.ats_api import AtsApis
from tests.storm.database_server import DatabaseServer
from tests.storm.deliveries import SOURCES, Delivery
from tests.storm.fleet import Supervised, free_port, plain_environment, wait_until
from tests.storm.service import is_ready, whole_service

_WITHIN = 180.0  # seconds
_COMMANDS = {"serve": ("serve", "--port", "0"), "worker": ("worker", "--grader", "baseline")}
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


def answers(url: str) -> bool:
    """Whether a web server lives, whatever its store does."""
    try:
        return httpx2.get(f"{url}/healthz", trust_env=False, timeout=60).status_code == 200
    except httpx2.TransportError:
        return False


def test_service_that_is_started_before_its_database_waits_for_it(tmp_path: Path) -> None:
    """As after a power cut: the web server lives, is not ready and asks for deliveries to come again; when the database
    is there, the same processes work.
    """
    url = f"http://127.0.0.1:{(port := free_port())}"
    with DatabaseServer() as database:
        environment = plain_environment(
            EVALUATOR_STORE=database.url, EVALUATOR_GREENHOUSE_SECRETS="greenhouse-secret-one"
        )
        database.stop()
        web = Supervised("web", ("serve", "--port", str(port)), environment, tmp_path)
        worker = Supervised("worker", _COMMANDS["worker"], environment, tmp_path)
        for each in (web, worker):
            each.start()
        try:
            wait_until("it lives", lambda: answers(url), _WITHIN)
            ready = httpx2.get(f"{url}/readyz", trust_env=False, timeout=60)
            assert (ready.status_code, ready.json()) == (503, {"store": "away"})
            refused = ring(url, 0)
            assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
            for each in (web, worker):
                wait_until(f"{each.name} says so", lambda each=each: "Waiting for it" in each.said(), _WITHIN)
                assert "cannot be reached" in each.said()
            database.start()
            wait_until("it is ready", lambda: is_ready(url), _WITHIN)
            assert ring(url, 0).is_success
            done = "SELECT count(*) FROM submissions WHERE state = 'complete'"
            wait_until("it is graded", lambda: database.query(done) == [(1,)], _WITHIN)
        finally:
            codes = [each.stop() for each in (web, worker)]
        assert codes == [0, 0], web.said() + worker.said()
    for each in (web, worker):
        assert "Traceback" not in each.said(), each.said()
    assert "There is no administrator" in web.said()


@pytest.mark.parametrize("command", _COMMANDS)
def test_a_wrong_address_is_said_at_once(command: str) -> None:
    """Waiting helps nobody where the server answers and refuses, or its name is none: exit 2, and what is wrong."""
    with DatabaseServer() as database:
        wrong = {
            "no such database": database.url.replace("/storm?", "/nothing?"),
            "no such user": database.url.replace("//postgres@", "//nobody@"),
            "no such host": "postgresql://postgres@nowhere.invalid/storm",
            "no such folder of sockets": "postgresql://postgres@/storm?host=/nowhere",
        }
        for what, address in wrong.items():
            done = run(command, EVALUATOR_STORE=address)
            assert (what, done.returncode) == (what, 2), done.stderr
            assert "Waiting" not in done.stderr
            assert "Traceback" not in done.stderr
            assert str(address).partition("://")[2].partition("?")[0].partition("@")[0] in done.stderr


@pytest.mark.parametrize("command", _COMMANDS)
def test_waiting_for_a_database_has_an_end(command: str) -> None:
    """For as long as the settings say; with 0 it is not waited for."""
    with DatabaseServer() as database:
        database.stop()
        for seconds, says_so in (("2", True), ("0", False)):
            done = run(command, EVALUATOR_STORE=database.url, EVALUATOR_STORE_WAIT=seconds)
            assert (done.returncode, "Waiting for it, for 2 s" in done.stderr) == (2, says_so), done.stderr
            assert "cannot be reached" in done.stderr


@pytest.mark.parametrize("command", _COMMANDS)
def test_who_waits_for_a_database_may_be_stopped(command: str, tmp_path: Path) -> None:
    """SIGTERM ends it as it ends one that works."""
    with DatabaseServer() as database:
        database.stop()
        waiting = Supervised(command, _COMMANDS[command], plain_environment(EVALUATOR_STORE=database.url), tmp_path)
        waiting.start()
        wait_until("it waits", lambda: "Waiting for it" in waiting.said(), _WITHIN)
        assert waiting.stop() == 0, waiting.said()
        assert "Traceback" not in waiting.said()


def run(command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    program = [sys.executable, "-m", "evaluator", *_COMMANDS[command]]
    environment = plain_environment(**settings)
    return subprocess.run(program, env=environment, capture_output=True, text=True, timeout=_WITHIN, check=False)
