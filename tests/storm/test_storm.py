"""Nothing is lost, nothing is doubled, nobody is let in, whatever dies meanwhile."""

from __future__ import annotations

import json
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
    _check_decided(outcome)
    _check_paid(outcome)
    for name, said in outcome.logs.items():
        assert "Traceback" not in said, f"{name}: {said[said.index('Traceback') :][:3000]}"
        assert "unforeseen" not in said, name
    assert set(outcome.exit_codes.values()) == {0}, outcome.exit_codes


def _check_told(outcome: Outcome) -> None:
    """Every event arrived, always with the same body; of each submission in order."""
    graded = outcome.rows["outbound"]
    assert len({submission for _, submission, _ in graded}) == outcome.size.events == len(graded)
    made = {name: (submission, number) for name, submission, number, *_ in (*graded, *outcome.rows["decided"])}
    assert outcome.receiver.unsigned == 0
    assert set(outcome.told) == set(made)
    assert len({(each.id, each.body) for each in outcome.receiver.told}) == len(made)
    first_taken: dict[str, list[int]] = {}
    seen: set[str] = set()
    for each in outcome.receiver.told:
        if each.outcome == "taken" and each.id not in seen:
            seen.add(each.id)
            first_taken.setdefault(each.submission, []).append(made[each.id][1])
    assert all(numbers == sorted(numbers) for numbers in first_taken.values())


def _check_decided(outcome: Outcome) -> None:
    """Whatever a page said is kept is in the log, and told of once, with the levels that were chosen."""
    reviewers = outcome.reviewers
    assert reviewers.wrong == []
    assert len(reviewers.kept) >= outcome.size.decisions
    answers = {item: (answer, needed) for item, answer, needed in outcome.rows["items"]}
    log = {(answer, version): action for answer, version, action in outcome.rows["log"]}
    events = {(answer, version): name for name, _, _, answer, version in outcome.rows["decided"]}
    assert len(events) == len(outcome.rows["decided"]), "one event for a decision"
    assert set(events) <= set(log), "and none without one"
    alone = {answer for answer, needed in answers.values() if needed == 1}
    # Of two who label apart, one settles nothing; where one is enough, each entry changes what stands.
    assert {each for each in log if each[0] in alone} == {each for each in events if each[0] in alone}
    told = {each.id: json.loads(each.body) for each in outcome.receiver.told}
    for each in reviewers.kept:
        place = (answers[each.item][0], each.version)
        assert log[place] == ("undone" if each.levels is None else "labelled")
        if each.state == "done" and place[0] in alone and each.levels is not None:
            said = told[events[place]]["data"]
            assert {one["id"]: one["level"] for one in said["answer"]["criteria"]} == each.levels
            assert (said["decision"]["state"], said["decision"]["by"]) == ("settled", [each.by])


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
