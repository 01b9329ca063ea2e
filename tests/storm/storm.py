"""A storm: deliveries, forgeries and kills on a whole service, and what is there when it is over."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.server_process import MockServer
from tests.storm.ats_api import AtsApis
from tests.storm.database_server import DatabaseServer
from tests.storm.deliveries import Plan, planned
from tests.storm.fleet import wait_until
from tests.storm.receiver import FailingReceiver
from tests.storm.reviewers import Reviewers
from tests.storm.sender import Acknowledgements, Sender, percentiles
from tests.storm.service import whole_service
from tests.storm.weather import Weather, Window

ANSWERS_EACH = 2


@dataclass(frozen=True)
class Size:
    """How large a storm is. `concurrency`: requests at the model's endpoint, of all workers together; `patience`:
    seconds from the last delivery until all has to be done.
    """

    events: int
    deliveries: int
    rate: float
    worker_kills: int
    web_kills: int
    concurrency: int
    latency_ms: float
    patience: float
    decisions: int
    """Decisions of people, at the pages, while it rages."""
    audit_share: float
    """Of the answers that nothing is wrong with, those that people look at all the same."""
    faults: dict[str, float] = field(default_factory=dict)
    webs: int = 2
    workers: int = 3
    reviewers: int = 3
    away: float = 2.0
    """Seconds that PostgreSQL is away, once, in the middle."""
    fsync: bool = False

    def cut_to(self, events: int) -> Size:
        """The same with so many submissions, and the rest in proportion."""
        share = events / self.events
        cut = {
            name: max(1, round(getattr(self, name) * share))
            for name in ("deliveries", "worker_kills", "web_kills", "decisions")
        }
        return replace(self, events=events, **cut)


FAULTS = {"share_429": 0.05, "share_500": 0.02, "share_truncated": 0.01, "share_reset": 0.005, "retry_after": 0.2}
SMALL = Size(
    events=60, deliveries=200, rate=25, worker_kills=2, web_kills=1, concurrency=9, latency_ms=300, patience=300,
    decisions=24, audit_share=0.3, faults=FAULTS,
)  # fmt: skip
WHOLE = Size(
    events=3_000, deliveries=10_000, rate=30, worker_kills=12, web_kills=6, concurrency=48, latency_ms=300,
    patience=2_400, decisions=600, audit_share=0.1, faults=FAULTS | {"share_hung": 0.001}, away=5.0, fsync=True,
)  # fmt: skip


@dataclass
class Outcome:
    """What was there in the end."""

    size: Size
    plan: Plan
    acknowledged: Acknowledgements
    kills: Counter[str]
    ended_by_itself: dict[str, list[int]]
    exit_codes: dict[str, int]
    model: dict[str, Any]
    receiver: FailingReceiver
    reviewers: Reviewers
    windows: list[Window]
    rows: dict[str, list[tuple[Any, ...]]]
    logs: dict[str, str]
    wall: float
    load: tuple[float, float]

    @property
    def repaid(self) -> int:
        """Replies that were paid for again though the first one was good."""
        return int(self.model["paid_duplicates"] - self.model.get("fate_truncated", 0))

    @property
    def told(self) -> Counter[str]:
        """How often each outbound event was answered with 2xx."""
        return Counter(each.id for each in self.receiver.told if each.outcome == "taken")

    def table(self) -> str:
        """For people."""
        grades, got = dict(self.rows["grades"]), self.acknowledged
        states = dict(self.rows["submissions"])
        arrivals = len(self.receiver.told)
        whole = got.outside(self.windows)
        away = sum(each.ended - each.begun for each in self.windows)
        lines = [
            ("deliveries", f"{len(self.plan.deliveries):,} at {self.size.rate:g} a second"),
            ("events", f"{self.size.events:,} submissions; {self.plan.events:,} events by their ids"),
            ("repeated", f"{self.plan.repeated:,}"),
            ("forged / refused", f"{self.plan.forged:,} / {got.refused:,}"),
            ("killed with kill -9", f"workers {self.kills['worker']}, web {self.kills['web']}"),
            ("PostgreSQL", f"stopped as by a crash {self.kills['database']} time, away {self.size.away:g} s"),
            ("tried again by senders", ", ".join(f"{name} {n}" for name, n in got.tries_again.items()) or "none"),
            ("submissions", ", ".join(f"{name} {n:,}" for name, n in states.items())),
            ("grades", ", ".join(f"{name} {n:,}" for name, n in grades.items())),
            ("why not graded", "; ".join(str(reason) for (reason,) in self.rows["reasons"]) or "none"),
            ("graded twice", f"{len(self.rows['doubles'])}"),
            ("replies paid", f"{self.model['paid']:,} for {self.model['paid_unique']:,} prompts"),
            ("of them cut off / repaid", f"{self.model.get('fate_truncated', 0):,} / {self.repaid}"),
            ("outbound events", f"{len(self.rows['outbound']):,} of grades, {len(self.rows['decided']):,} of "
             f"decisions; arrived {arrivals:,} times, of these taken "
             f"{sum(self.told.values()):,}, repeated {sum(self.told.values()) - len(self.told)}"),
            ("dead letters", f"{len(self.rows['dead'])}"),
            ("decided by people", self._decided()),
            ("acknowledged in ms", f"p50 / p95 / p99 {percentiles(got.kept)} (of {len(got.kept):,})"),
            ("  by a whole service", f"{percentiles(whole)} (of {len(whole):,}; {len(got.kept) - len(whole):,} fell in "
             f"the {away:.0f} s of {len(self.windows)} interruptions)"),
            ("wall", f"{self.wall:.0f} s; load before and after {self.load[0]:.1f}, {self.load[1]:.1f}"),
        ]  # fmt: skip
        return "\n".join(f"{name:26}{said}" for name, said in lines)

    def _decided(self) -> str:
        kept = self.reviewers.kept
        items = Counter(each.item for each in kept)
        back = sum(each.levels is None for each in kept)
        twice = sum(count > 1 for count in items.values())
        return f"{len(kept):,} times on {len(items):,} answers, {twice:,} of them again, {back:,} taken back"


def storm(size: Size, folder: Path, *, seed: int) -> Outcome:
    """Lets it rage, waits until all is done, and looks at what is there."""
    plan = planned(seed, events=size.events, deliveries=size.deliveries)
    begun, load = time.monotonic(), os.getloadavg()[0]
    with (
        DatabaseServer(fsync=size.fsync) as database,
        MockServer(seed=seed, latency_ms=size.latency_ms, **size.faults) as model,
        AtsApis() as apis,
        FailingReceiver() as receiver,
    ):
        with whole_service(
            database.url, model.base_url, folder, webs=size.webs, workers=size.workers, concurrency=size.concurrency,
            serving=("--audit-share", str(size.audit_share)), **apis.environment, **receiver.environment,
        ) as service:  # fmt: skip
            sender = Sender(plan, service.urls, rate=size.rate, seed=seed)

            def far() -> dict[str, float]:
                paid = model.stats()["paid_unique"] / (size.events * ANSWERS_EACH)
                return {"paid": paid, "settled": sender.share}

            weather = Weather(
                seed, service, database, far,
                worker_kills=size.worker_kills, web_kills=size.web_kills, away=size.away,
            )  # fmt: skip
            reviewers = Reviewers(
                database.url, service.urls, people=size.reviewers, count=size.decisions, share=lambda: sender.share,
                seed=seed,
            )  # fmt: skip
            with reviewers:
                weather.thread.start()
                asyncio.run(sender.send_all())
                weather.thread.join()
                wait_until("people have decided", lambda: reviewers.are_done, size.patience)
            _wait_until_done(database, size)
        wall = time.monotonic() - begun
        return Outcome(
            size=size,
            plan=plan,
            acknowledged=sender.got,
            kills=Counter(
                worker=sum(each.kills for each in service.workers),
                web=sum(each.kills for each in service.webs),
                database=weather.restarts,
            ),
            ended_by_itself={each.name: each.ended_by_itself for each in service.fleet.processes},
            exit_codes=service.fleet.exit_codes,
            model=model.stats(),
            receiver=receiver,
            reviewers=reviewers,
            windows=weather.windows,
            rows={name: database.query(sql) for name, sql in _WHAT_IS_THERE.items()},
            logs={each.name: each.said() for each in service.fleet.processes},
            wall=wall,
            load=(load, os.getloadavg()[0]),
        )  # fmt: skip


def _wait_until_done(database: DatabaseServer, size: Size) -> None:
    try:
        wait_until("everything is done", lambda: _is_done(database, size.events), size.patience)
    except AssertionError as error:
        for name, sql in (_WHAT_IS_THERE | _WHAT_IS_LEFT).items():
            error.add_note(f"{name}: {str(database.query(sql))[:2000]}")
        raise


def _is_done(database: DatabaseServer, events: int) -> bool:
    ((complete,),) = database.query("SELECT count(*) FROM submissions WHERE state IN ('complete', 'set_aside')")
    ((untold,),) = database.query(
        "SELECT (SELECT count(*) FROM outbound WHERE state = 'made')"
        " + (SELECT count(*) FROM deliveries WHERE state = 'waiting')"
    )
    ((waiting,),) = database.query("SELECT count(*) FROM inbox WHERE state = 'received'")
    # More of them than there should be are for the check to say.
    return complete >= events and untold == waiting == 0


_WHAT_IS_THERE = {
    "inbox": "SELECT state, reason, count(*) FROM inbox GROUP BY state, reason",
    "candidates": "SELECT candidate_id, count(*) FROM submissions GROUP BY candidate_id",
    "submissions": "SELECT state, count(*) FROM submissions GROUP BY state",
    "grades": "SELECT status, count(*) FROM grades GROUP BY status",
    "reasons": "SELECT convert_from(body, 'UTF8')::json ->> 'reason' FROM grades WHERE status <> 'graded'",
    "graded": "SELECT s.candidate_id, count(DISTINCT g.answer_id) FROM submissions s JOIN grades g"
    " ON g.run = s.run AND g.number / 1000 = s.number GROUP BY s.candidate_id",
    "doubles": "SELECT answer_id FROM grades GROUP BY answer_id HAVING count(*) > 1",
    "left": "SELECT id, state FROM work_chunks WHERE state <> 'done'",
    "outbound": "SELECT id, submission, number FROM outbound WHERE kind <> 'review.decided' ORDER BY number",
    "decided": "SELECT id, submission, number, answer_id, version FROM outbound WHERE kind = 'review.decided'"
    " ORDER BY number",
    "items": "SELECT id, answer_id, needed FROM review_items",
    "log": "SELECT answer_id, version, action FROM review_log",
    "dead": "SELECT event, reason FROM deliveries WHERE state = 'dead'",
}
_WHAT_IS_LEFT = {
    "workers": "SELECT id, state FROM workers",
    "chunks": "SELECT id, state, owner, turn, deaths, reason FROM work_chunks WHERE state <> 'done'",
    "events": "SELECT id, state, attempts, reason FROM inbox WHERE state <> 'mapped'",
    "deliveries": "SELECT event, tries, due_at, reason FROM deliveries WHERE state <> 'delivered'",
    "queue": "SELECT workflow_uuid, status, executor_id FROM evaluator_work.workflow_status WHERE status <> 'SUCCESS'",
}
