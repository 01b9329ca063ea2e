"""A running site: a real server on loopback over a real store, and people who are signed in to it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from pwdlib.hashers.argon2 import Argon2Hasher

from evaluator.core.account import Role, User, Who
from evaluator.core.review_draw import DrawShares
from evaluator.store.store import Store, open_store
from evaluator.web.accounts import SignedInAs
from evaluator.web.app import create_app
from evaluator.web.passwords import Passwords
from evaluator.web.signed_in import csrf_token_of
from evaluator.web.site import ExportRun, Site, WebSettings, make_site
from tests.graded_run import QUESTIONS, Given, put_run
from tests.store.conftest import address, postgresql  # noqa: F401 fixtures

PASSWORD = "four words that nobody guesses"
NO_DRAWS = DrawShares(0, 0, 0)
# The real one takes 64 MB and a second of this machine; that it is the one which is used, another test says.
QUICK = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass(slots=True)
class Served:
    """A site that answers at `url`."""

    site: Site
    url: str
    people: dict[str, tuple[User, SignedInAs]] = field(default_factory=dict)

    def sign_in(self, name: str, role: Role = "reviewer") -> httpx.Client:
        """A client signed in as this person, who is made where they are not there; each is a browser of its own."""
        made = self.person(name, role)
        client = httpx.Client(base_url=self.url, headers={"origin": self.url}, timeout=30)
        client.cookies.set("evaluator-session", made.token)
        client.headers["x-csrf-token"] = csrf_token_of(made.token)
        return client

    def person(self, name: str, role: Role = "reviewer") -> SignedInAs:
        """A new session of this person."""
        user = self.site.store.users.named(name)
        if user is None:
            _, link = self.site.accounts.add_user("", name, role)
            return self.site.accounts.use_link(link, PASSWORD)
        return self.site.accounts.sign_in(name, PASSWORD, "127.0.0.1", None)

    def who(self, name: str, role: Role = "reviewer") -> Who:
        """A person in a new session."""
        made = self.person(name, role)
        return Who(made.user.id, made.user.role, made.session.id)


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a file."""
    with open_store(str(tmp_path / "pages.sqlite3")) as store:
        yield store


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Serves a store; each is stopped at the end."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(store: Store, shares: DrawShares = NO_DRAWS, export_run: ExportRun | None = None) -> Served:
        bound = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        site = make_site(
            store,
            WebSettings((url,), secure=False),
            shares=shares,
            passwords=Passwords(QUICK),
            export_run=export_run,
        )
        config = uvicorn.Config(create_app(site), log_config=None, access_log=False, ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        running.append((server, thread))
        return Served(site, url)

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(timeout=20)


@pytest.fixture
def some_answers() -> list[Given]:
    """Five answers of three candidates each, most of which need a person."""
    flags = (("near_bar",), ("injection_suspected",), (), ("graders_disagree", "near_bar"), ("red_flag",))
    return [
        Given(f"c{number}", question, levels=(2, 1, number % 4), flags=flags[place], score=5.0 + number)
        for number in range(3)
        for place, question in enumerate(QUESTIONS)
    ]


@pytest.fixture
def served(serve: Callable[..., Served], sqlite_store: Store, some_answers: list[Given], tmp_path: Path) -> Served:
    """A site with one graded run, all of it taken in, nothing drawn."""
    put_run(sqlite_store, some_answers, str(tmp_path))
    made = serve(sqlite_store)
    made.site.upkeep.catch_up()
    return made


@pytest.fixture
def open_desk(browser, serve, sqlite_store: Store, tmp_path) -> Iterator[Callable[..., Any]]:
    """Makes a `Desk` of these answers."""
    from tests.web.review_desk import Desk  # here: it is made of what stands above

    made: list[Desk] = []

    def open_it(given: list[Given], shares: DrawShares = NO_DRAWS, store: Store | None = None) -> Desk:
        # In a thread of its own: the browser's driver has this one's event loop.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(put_run, store or sqlite_store, given, str(tmp_path)).result()
        desk = Desk(serve(store or sqlite_store, shares), browser)
        desk.served.site.upkeep.catch_up()
        made.append(desk)
        return desk

    yield open_it
    for desk in made:
        for context in desk.contexts:
            context.close()
