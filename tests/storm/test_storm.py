"""Nothing is lost, nothing is doubled, nobody is let in, whatever dies meanwhile."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.storm.storm import ANSWERS_EACH, SMALL, WHOLE, Outcome, storm


def check(outcome: Outcome) -> None:
    """What has to hold after any storm."""
    size, plan, rows = outcome.size, outcome.plan, outcome.rows
    assert outcome.acknowledged.wrong == []
    assert outcome.acknowledged.refused == plan.forged
    assert rows["inbox"] == [("mapped", None, plan.events)], "every true event was kept once, and nothing else"
    assert dict(rows["candidates"]) == dict.fromkeys(plan.candidates, 1), "one submission each, none of a forger"
    assert rows["submissions"] == [("complete", size.events)]
    assert dict(rows["graded"]) == dict.fromkeys(plan.candidates, ANSWERS_EACH)
    assert rows["doubles"] == rows["left"] == rows["dead"] == []
    assert sum(count for _, count in rows["grades"]) == size.events * ANSWERS_EACH
    assert rows["reasons"] == []
    _check_told(outcome)
    _check_paid(outcome)
    for name, said in outcome.logs.items():
        assert "Traceback" not in said, f"{name}: {said[said.index('Traceback') :][:3000]}"
        assert "unforeseen" not in said, name
    assert set(outcome.exit_codes.values()) == {0}, outcome.exit_codes


def _check_told(outcome: Outcome) -> None:
    """Every event arrived, always with the same body; of each submission in order."""
    made = {name: (submission, number) for name, submission, number in outcome.rows["outbound"]}
    assert outcome.receiver.unsigned == 0
    assert set(outcome.told) == set(made)
    assert len({submission for submission, _ in made.values()}) == outcome.size.events == len(made)
    assert len({(each.id, each.body) for each in outcome.receiver.told}) == len(made)
    first_taken: dict[str, list[int]] = {}
    seen: set[str] = set()
    for each in outcome.receiver.told:
        if each.outcome == "taken" and each.id not in seen:
            seen.add(each.id)
            first_taken.setdefault(each.submission, []).append(made[each.id][1])
    assert all(numbers == sorted(numbers) for numbers in first_taken.values())


def _check_paid(outcome: Outcome) -> None:
    """No reply is paid for again but those that a killed worker had in flight."""
    # While one of three is away, each of the others has half of all requests.
    in_flight = math.ceil(outcome.size.concurrency / (outcome.size.workers - 1))
    assert outcome.model["paid_unique"] == outcome.size.events * ANSWERS_EACH
    assert outcome.repaid <= outcome.kills["worker"] * in_flight


def test_a_storm_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """200 deliveries of 60 events of six sources, 5% of them forged; workers and a web server killed, PostgreSQL
    crashed, the model's endpoint and the receiver fail: each candidate is graded once and told of under one id.
    """
    check(storm(SMALL, tmp_path, seed=1))


@pytest.mark.soak
def test_a_whole_storm_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """10,000 deliveries of 3,000 events; twelve kills of workers, six of web servers."""
    outcome = storm(WHOLE, tmp_path, seed=1)
    print(outcome.table())
    check(outcome)
