"""Workers on hosts of their own: one is cut off while it holds work, another takes it over, the first comes back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.server_process import MockServer
from evaluator.store.store import Store, open_store
from tests.durable.test_submissions import submission_of
from tests.storm.database_server import DatabaseServer
from tests.storm.fleet import Fleet, Supervised, free_port, plain_environment, wait_until
from tests.storm.hosts import Host, in_namespace, network, why_not
from tests.storm.service import ONE_REQUEST_EACH

_WITHIN = 180.0  # seconds
_SUBMISSIONS, _LATER, _ANSWERS = 12, 8, 5
_AT_ONCE = 8  # requests, of both workers together
_LATENCY = 1500  # milliseconds


def asked(host: Host, model: MockServer, what: str) -> int:
    """A count of the model's endpoint, which only this host reaches."""
    program = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=30).read().decode())"
    command = [*in_namespace(host.name), sys.executable, "-c", program, f"{model.root}/stats"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(json.loads(done.stdout)[what])


def submit(store: Store, first: int, count: int) -> None:
    for number in range(first, first + count):
        store.submissions.submit(submission_of(f"c{number}"))


def test_what_a_worker_behind_a_cut_cable_held_is_graded_once(tmp_path: Path) -> None:
    """Its model still answers it, its database does not: another host's worker takes over within half a minute. When
    the cable is mended it goes on by itself, and what it had graded meanwhile doubles nothing.
    """
    if (reason := why_not()) is not None:
        pytest.skip(reason)
    port = free_port()
    with network(2) as net:
        near, far = net.hosts
        addresses = [each.server_address for each in net.hosts]
        with (
            DatabaseServer(addresses=addresses, prefix=in_namespace(net.server)) as database,
            MockServer(prefix=in_namespace(near.name), port=port, latency_ms=_LATENCY) as near_model,
            MockServer(prefix=in_namespace(far.name), port=port, latency_ms=_LATENCY) as far_model,
            open_store(database.url) as store,
        ):
            grading = ("--grader", "openai:mock", "--base-url", near_model.base_url, *ONE_REQUEST_EACH)
            options = ("worker", *grading, "--concurrency", str(_AT_ONCE))
            workers = [
                Supervised(
                    host.name, options, plain_environment(EVALUATOR_STORE=database.url_at(host.server_address)),
                    tmp_path, host.prefix,
                )
                for host in net.hosts
            ]  # fmt: skip

            def complete(count: int) -> bool:
                return database.query("SELECT count(*) FROM submissions WHERE state = 'complete'") == [(count,)]

            def hosts_on_the_roll() -> set[str]:
                return {each.host.split()[0] for each in store.workers.all()}

            models = {net.hosts[0].name: near_model, net.hosts[1].name: far_model}

            found: list[Host] = []

            def one_holds_work() -> bool:
                found[:] = [host for host in net.hosts if asked(host, models[host.name], "in_flight") >= 3]
                return bool(found)

            with Fleet(workers) as fleet:
                wait_until("both are there", lambda: len(hosts_on_the_roll()) == 2, _WITHIN)
                submit(store, 0, _SUBMISSIONS)
                wait_until("one of them holds work", one_holds_work, _WITHIN)
                cut = found[0]
                (other,) = set(net.hosts) - {cut}
                cut.cut()
                wait_until("it is struck off the roll", lambda: hosts_on_the_roll() == {other.name}, _WITHIN)
                wait_until("the other one finishes all", lambda: complete(_SUBMISSIONS), _WITHIN)
                cut.mend()
                wait_until("it comes back by itself", lambda: len(hosts_on_the_roll()) == 2, _WITHIN)
                submit(store, _SUBMISSIONS, _LATER)
                wait_until("all are graded", lambda: complete(_SUBMISSIONS + _LATER), _WITHIN)
                paid = sum(asked(host, models[host.name], "paid") for host in net.hosts)
            assert [each.ended_by_itself for each in workers] == [[], []]
            assert set(fleet.exit_codes.values()) == {0}
            answers = (_SUBMISSIONS + _LATER) * _ANSWERS
            assert database.query("SELECT count(*), count(DISTINCT answer_id) FROM grades") == [(answers, answers)]
            assert database.query("SELECT count(*) FROM grades WHERE status <> 'graded'") == [(0,)]
            told = database.query("SELECT count(*), count(DISTINCT submission) FROM outbound")
            assert told == [(_SUBMISSIONS + _LATER,) * 2]
            # Of the cut one: half of the limit in flight, and answers that it had looked up before, about to be asked.
            assert paid <= answers + _AT_ONCE // 2 + _AT_ONCE
