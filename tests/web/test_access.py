"""Who gets in where: every route of the site, tried by everybody; deny by default."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from evaluator.core.account import ROLES
from evaluator.web.access import Rule, rule_of
from tests.web.conftest import Served

REFUSED = 403


def routes_of(served: Served) -> list[APIRoute]:
    from evaluator.web.app import create_app

    return flat(create_app(served.site).routes)


def flat(routes: list[BaseRoute]) -> list[APIRoute]:
    found = []
    for route in routes:
        if isinstance(route, APIRoute):
            found.append(route)
        elif hasattr(route, "original_router"):
            found += flat(route.original_router.routes)
    return found


def filled(path: str) -> str:
    """The path with something in each of its places."""
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: "1" if found[1] in ("item", "item_id") else "x", path)


def tried(client: httpx.Client, method: str, path: str) -> httpx.Response:
    return client.request(method, path, headers={"accept": "application/json"})


def test_every_route_says_who_may_use_it(served: Served) -> None:
    """One that does not is closed to everybody, and is a mistake."""
    routes = routes_of(served)
    assert len(routes) > 20
    unstated = [f"{sorted(route.methods)} {route.path}" for route in routes if rule_of(route.endpoint) is None]
    assert unstated == []


@pytest.mark.parametrize("role", [None, *ROLES])
def test_every_route_is_open_to_the_roles_that_it_names_and_to_no_other(served: Served, role: str | None) -> None:
    """Nobody who is not signed in sees more than the sign-in; a role sees what it is named for."""
    if role is None:
        client = httpx.Client(base_url=served.url, headers={"origin": served.url}, timeout=30)
    else:
        client = served.sign_in(f"the-{role}", role)  # type: ignore[arg-type]
    for route in routes_of(served):
        rule: Rule | None = rule_of(route.endpoint)
        assert rule is not None
        if rule.is_public or rule.has_own_key or route.path == "/sign-out":
            continue
        for method in sorted(route.methods - {"HEAD"}):
            status = tried(client, method, filled(route.path)).status_code
            place = f"{method} {route.path} as {role}"
            if role is None:
                assert status == 401, place
            elif role in rule.roles:
                assert status not in (401, REFUSED) or "undo" in route.path, place
            else:
                assert status == REFUSED, place


def test_a_route_without_a_rule_is_closed_to_an_administrator_too(served: Served) -> None:
    """Deny by default: what nobody thought about is not open."""
    from fastapi.testclient import TestClient

    from evaluator.web.app import create_app

    app = create_app(served.site)

    @app.get("/forgotten")
    def forgotten() -> str:
        return "secret"

    made = served.person("root", "administrator")
    with TestClient(app, base_url=served.url) as client:
        client.cookies.set("evaluator-session", made.token)
        reply = client.get("/forgotten")
    assert reply.status_code == REFUSED
    assert "secret" not in reply.text


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"origin": "https://evil.example"}, "another site's page"),
        ({"origin": "null"}, "a sandboxed frame"),
        ({"origin": "null", "sec-fetch-site": "cross-site"}, "another site's form"),
        ({"origin": ""}, "no page at all"),
        ({"x-csrf-token": "0" * 64}, "a token of another session"),
        ({"x-csrf-token": ""}, "no token"),
    ],
)
def test_a_change_is_only_taken_from_our_own_pages(served: Served, headers: dict[str, str], why: str) -> None:
    """A signed-in person's browser can be sent here by anybody: cookies alone change nothing."""
    client = served.sign_in("ann")
    reply = client.post("/review/next", json={}, headers=headers)
    assert reply.status_code == REFUSED, why


def test_a_form_of_our_own_page_is_taken_although_its_origin_is_hidden(served: Served) -> None:
    """Under no-referrer browsers send Origin null with a form; Sec-Fetch-Site, which no page can set, tells."""
    client = served.sign_in("root", "administrator")
    token = client.headers.pop("x-csrf-token")
    reply = client.post(
        "/administration/users",
        data={"name": "new one", "role": "reviewer", "csrf_token": token},
        headers={"origin": "null", "sec-fetch-site": "same-origin", "accept": "text/html"},
    )
    assert reply.status_code == 200, reply.text
    assert "/link/" in reply.text


def test_a_recruiter_sees_the_runs_that_are_shared_with_them_and_is_not_told_of_others(served: Served) -> None:
    """Another run is answered as one that is not there."""
    rita, root = served.sign_in("rita", "recruiter"), served.sign_in("root", "administrator")
    decision = "/runs/0a1b2c3d/candidates/YzE/decision"
    hidden = rita.post(decision, data={"decision": "hold"})
    nowhere = rita.post("/runs/nowhere/candidates/YzE/decision", data={"decision": "hold"})
    assert (hidden.status_code, hidden.text) == (404, nowhere.text)
    user = served.site.store.users.named("rita")
    assert user is not None
    root.post("/runs/0a1b2c3d/access", data={"user": user.id, "allow": "yes"})
    assert rita.post(decision, data={"decision": "hold", "note": "ask again"}).status_code == 303
    decided = served.site.store.decisions.of(1, "c1")
    assert [(each.decision, each.note) for each in decided] == [("hold", "ask again")]
    root.post("/runs/0a1b2c3d/access", data={"user": user.id, "allow": "no"})
    assert rita.post(decision, data={"decision": "advance"}).status_code == 404


def test_nobody_is_rejected(served: Served) -> None:
    """There are three decisions, and none of them is no."""
    ann = served.sign_in("ann")
    refused = ann.post("/runs/0a1b2c3d/candidates/YzE/decision", data={"decision": "reject"})
    assert refused.status_code == 422
    assert "advance, hold, talk_again" in refused.json()["hint"]


def test_every_reply_carries_the_headers_that_browsers_obey(served: Served) -> None:
    """Pages, errors and files alike; nothing that a candidate wrote can run, frame or be cached."""
    with httpx.Client(base_url=served.url) as client:
        for path in ("/sign-in", "/nowhere", "/queue", "/static/x/app.css"):
            headers = client.get(path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
            assert headers["cache-control"] == "no-store"


def test_a_foreign_host_and_a_body_that_is_too_large_are_refused(served: Served) -> None:
    """A name that somebody else owns cannot be pointed here; a page's form is small."""
    with httpx.Client(base_url=served.url) as client:
        assert client.get("/sign-in", headers={"host": "evil.example"}).status_code == 421
        assert client.post("/sign-in", content=b"x" * 300_000).status_code == 413

        def endless():
            for _ in range(400):
                yield b"x" * 1000

        try:
            status = client.post("/sign-in", content=endless(), headers={"origin": served.url}).status_code
        except httpx.HTTPError:
            status = 400
        assert status in (400, 413, 422)
