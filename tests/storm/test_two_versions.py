"""Two versions of this program side by side on one PostgreSQL: an older one, out of the history, and this one."""

from __future__ import annotations

import io
import subprocess
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from benchmarks.server_process import MockServer
from evaluator.store.migrations import NEWEST
from tests.ats.signing import SECRETS
from tests.storm.database_server import DatabaseServer
from tests.storm.deliveries import Delivery
from tests.storm.fleet import Supervised, free_port, plain_environment, wait_until
from tests.storm.receiver import FailingReceiver
from tests.storm.service import ONE_REQUEST_EACH, is_ready

ROOT = Path(__file__).parents[2]
_FEWER = 2  # migrations that the older program does not know
_WITHIN = 240.0  # seconds
_SOURCES = ("greenhouse", "ashby", "workable", "standard")  # whose events hold the answers
_EACH = 40  # events in each of three parts: before, while, and after both versions are there
_AT_ONCE = 8  # requests


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


def older_program(folder: Path) -> Path:
    """The program as it was before the last migrations came to the main line; skips where nobody knows any more."""
    added = f"evaluator/store/migrations/m{NEWEST - _FEWER + 1:04}_*.py"
    try:
        came = git("log", "--first-parent", "-m", "--diff-filter=A", "--format=%H", "-1", "--", added).decode().strip()
        if not came:
            pytest.skip("the history does not say how the last migrations came")
        archive = git("archive", f"{came}^1")
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"there is no history to take an older version from: {error}")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    known = list((folder / "evaluator/store/migrations").glob("m0*.py"))
    assert len(known) == NEWEST - _FEWER
    return folder


def ring(url: str, number: int) -> None:
    """One candidate's answers; the web server has to keep them."""
    delivery = Delivery(_SOURCES[number % len(_SOURCES)], 100_000 + number, f"event-{number}")
    sent = delivery.sent(*[datetime.now(UTC)] * 2)
    address = f"{url}/webhooks/{sent.source}"
    answer = httpx2.post(address, headers=sent.headers, content=sent.body, timeout=60, trust_env=False)
    assert answer.status_code in (200, 202), answer.text


@pytest.mark.soak
def test_an_older_and_this_version_work_side_by_side(tmp_path: Path) -> None:
    """A rolling upgrade while work is queued: an older web server and worker have begun; this version's come and bring
    the tables up to date; both take deliveries in and grade; the older ones are told to end, and drain. Each answer is
    graded once, each event told once under one id, nothing is lost, and nobody stumbles.
    """
    old = older_program(tmp_path / "old")
    urls = {name: f"http://127.0.0.1:{free_port()}" for name in ("old", "new")}
    secrets = {f"EVALUATOR_{name.upper()}_SECRETS": secret for name, secret in SECRETS.items()}
    with DatabaseServer() as database, MockServer(latency_ms=400) as model, FailingReceiver() as receiver:
        environment = plain_environment(EVALUATOR_STORE=database.url, **secrets, **receiver.environment)
        grading = ("--grader", "openai:mock", "--base-url", model.base_url, "--concurrency", str(_AT_ONCE))

        def process(version: str, kind: str, *options: str) -> Supervised:
            own = {"PYTHONPATH": str(old)} if version == "old" else {}
            # The older one knows of no second request.
            once = ONE_REQUEST_EACH if (version, kind) == ("new", "worker") else ()
            return Supervised(f"{version}-{kind}", (kind, *options, *once), environment | own, tmp_path)

        def both(version: str) -> list[Supervised]:
            port = urls[version].rpartition(":")[2]
            made = [process(version, "serve", "--port", port), process(version, "worker", *grading)]
            for each in made:
                each.start()
            return made

        def version_of_store() -> int:
            ((found,),) = database.query("SELECT max(number) FROM store_migrations")
            return int(str(found))

        running = older = both("old")
        try:
            wait_until("the older one is ready", lambda: is_ready(urls["old"]), _WITHIN)
            assert version_of_store() == NEWEST - _FEWER
            for number in range(_EACH):
                ring(urls["old"], number)
            wait_until("it grades", lambda: model.stats()["paid"] >= _AT_ONCE, _WITHIN)
            newer = both("new")
            running = [*older, *newer]
            wait_until("this one is ready", lambda: is_ready(urls["new"]), _WITHIN)
            assert version_of_store() == NEWEST
            on_the_roll = "SELECT count(*) FROM workers"
            wait_until("both workers are there", lambda: database.query(on_the_roll) == [(2,)], _WITHIN)
            for number in range(_EACH, 2 * _EACH):
                ring(urls["old" if number % 2 else "new"], number)
            for number in range(0, 2 * _EACH, 7):
                ring(urls["new" if number % 2 else "old"], number)  # again, at the other one
            assert [each.stop() for each in older] == [0, 0]
            refused = process("old", "worker", *grading)
            refused.start()
            wait_until("an older one that starts is refused", lambda: "newer program" in refused.said(), _WITHIN)
            refused.stop()
            for number in range(2 * _EACH, 3 * _EACH):
                ring(urls["new"], number)
            events = 3 * _EACH
            done = "SELECT count(*) FROM submissions WHERE state = 'complete'"
            wait_until("all are graded", lambda: database.query(done) == [(events,)], _WITHIN)
            told = "SELECT count(*) FROM deliveries WHERE state = 'delivered'"
            wait_until("all are told", lambda: database.query(told) == [(events,)], _WITHIN)
            assert [each.stop() for each in newer] == [0, 0]
        finally:
            for each in running:
                each.stop()
        assert database.query("SELECT state, count(*) FROM inbox GROUP BY state") == [("mapped", events)]
        assert database.query("SELECT count(*) FROM submissions") == [(events,)]
        grades = database.query("SELECT count(*), count(DISTINCT answer_id) FROM grades WHERE status = 'graded'")
        assert grades == [(2 * events, 2 * events)]
        assert database.query("SELECT id FROM work_chunks WHERE state <> 'done'") == []
        assert (model.stats()["paid"], model.stats()["paid_unique"]) == (2 * events, 2 * events)
    assert receiver.unsigned == 0
    assert len({each.id for each in receiver.told}) == len({each.submission for each in receiver.told}) == events
    for each in running:
        said = each.said()
        assert "Traceback" not in said, f"{each.name}: {said[said.index('Traceback') :][:3000]}"
        assert "unforeseen" not in said, each.name
