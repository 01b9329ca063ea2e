"""A reviewer's clicks, as the server takes them: what is saved, what conflicts, what comes next."""

from __future__ import annotations

import httpx

from tests.graded_run import CRITERIA
from tests.web.conftest import Served


def next_of(client: httpx.Client, **body: object) -> int | None:
    reply = client.post("/review/next", json=body)
    assert reply.status_code == 200, reply.text
    found: int | None = reply.json()["item"]
    return found


def levels(*given: int) -> dict[str, int]:
    return dict(zip(CRITERIA, given, strict=True))


def test_the_most_urgent_answer_comes_first_and_one_call_confirms_it(served: Served) -> None:
    """A suspected injection before what lies near the bar; confirming moves on to another."""
    ann = served.sign_in("ann")
    first = next_of(ann)
    assert first is not None
    opened = served.site.reading.open_item(served.who("ann"), first, held_until=None)
    assert opened.item.why == "injection_suspected"
    reply = ann.post(f"/review/{first}/confirm", json={"version": opened.version})
    assert reply.status_code == 200, reply.text
    assert (reply.json()["state"], reply.json()["changed"]) == ("done", [])
    assert reply.json()["next"] not in (None, f"/review/{first}")


def test_overruling_needs_a_reason(served: Served) -> None:
    """Without one nothing is saved, and the page is told what is missing."""
    ann = served.sign_in("ann")
    item = next_of(ann)
    body = {"version": 0, "levels": levels(0, 0, 0)}
    refused = ann.post(f"/review/{item}/save", json=body)
    assert (refused.status_code, refused.json()["needs_reason"]) == (422, True)
    saved = ann.post(f"/review/{item}/save", json={**body, "reason": "too_generous", "comment": "not said"})
    assert saved.status_code == 200, saved.text
    assert saved.json()["state"] == "done"
    assert saved.json()["changed"]


def test_a_conflict_shows_both_sides_and_saves_nothing(served: Served) -> None:
    """Two people on one answer: the second one sees what the first one said, and may insist."""
    ann, ben = served.sign_in("ann"), served.sign_in("ben")
    item = next_of(ann)
    ann.post(f"/review/{item}/save", json={"version": 0, "levels": levels(3, 3, 3), "reason": "too_strict"})
    mine = {"version": 0, "levels": levels(1, 1, 1), "reason": "too_generous"}
    conflict = ben.post(f"/review/{item}/save", json=mine)
    assert conflict.status_code == 409
    said = conflict.json()
    assert (said["mine"], said["theirs"][0]["name"]) == (mine["levels"], "ann")
    assert said["theirs"][0]["levels"] == levels(3, 3, 3)
    again = ben.post(f"/review/{item}/save", json={**mine, "version": said["version"]})
    assert again.status_code == 200, again.text


def test_undo_takes_back_the_last_decision_and_the_log_keeps_it(served: Served) -> None:
    """The answer is open again; what was undone stays on record."""
    ann = served.sign_in("ann")
    item = next_of(ann)
    assert item is not None
    ann.post(f"/review/{item}/confirm", json={"version": 0})
    undone = ann.post(f"/review/{item}/undo", json={})
    assert undone.json()["state"] == "open"
    opened = served.site.reading.open_item(served.who("ann"), item, held_until=None)
    assert [entry.action for entry in opened.entries] == ["labelled", "undone"]
    assert ann.post(f"/review/{item}/undo", json={}).status_code == 403
