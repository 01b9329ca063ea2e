"""People who decide on answers while it storms: through the pages, some twice, some take back what they said."""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import httpx2

from evaluator.store.store import open_store
from evaluator.web.accounts import Accounts
from evaluator.web.passwords import Passwords
from evaluator.web.signed_in import csrf_token_of

_AGAIN, _UNDONE = 0.3, 0.15  # shares of decisions that are made a second time, and taken back
_PAUSE = 0.3  # seconds until a person presses again
_TIMEOUT = 30.0
_VERSION = re.compile(r'<form id="review"[^>]* data-version="(\d+)"')
_CLOSED = re.compile(r'<form id="review"[^>]* data-closed')
_CRITERION = re.compile(r'data-criterion="([^"]+)"')
_LEVEL = re.compile(r'name="level-([^"]+)" value="(\d+)"')


@dataclass(frozen=True)
class Decided:
    """One decision that a page said is kept. `levels`: None where it takes back; `state`: the item's after it."""

    item: int
    version: int
    by: str
    levels: dict[str, int] | None
    state: str


class Reviewers:
    """A context in which so many people decide, at any of the web servers, until `count` decisions are kept. `share`:
    of them, how many are due by now, so that people decide for as long as it storms.
    """

    def __init__(
        self, store: str, urls: Sequence[str], *, people: int, count: int, share: Callable[[], float], seed: int
    ) -> None:
        self.kept: list[Decided] = []
        self.wrong: list[str] = []
        self.tries_again: Counter[str] = Counter()
        self.conflicts = 0
        self._count = count
        self._share = share
        self._ended = threading.Event()
        self._noting = threading.Lock()
        self._people = [
            _Person(self, user, token, urls, random.Random(seed + number))
            for number, (user, token) in enumerate(_signed_in(store, people))
        ]

    @property
    def are_done(self) -> bool:
        """Whether as many decisions are kept as were to be made, or something is wrong."""
        return len(self.kept) >= self._count or bool(self.wrong)

    @property
    def are_ahead(self) -> bool:
        """Whether no further decision is due yet."""
        return len(self.kept) >= self._count * self._share()

    @property
    def are_over(self) -> bool:
        """Whether nobody has to decide any more."""
        return self._ended.is_set() or self.are_done

    def note(self, decided: Decided) -> None:
        """A page said that this is kept."""
        with self._noting:
            self.kept.append(decided)

    def __enter__(self) -> Self:
        for person in self._people:
            person.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        for person in self._people:
            person.thread.join()


def _signed_in(store: str, people: int) -> list[tuple[str, str]]:
    """The ids of new reviewers, each with the token of a session."""
    with open_store(store) as opened:
        accounts = Accounts(opened, Passwords(), lambda: datetime.now(UTC))
        links = [accounts.add_user("", f"reviewer {number}", "reviewer")[1] for number in range(people)]
        made = [accounts.use_link(link, "four words that nobody guesses") for link in links]
    return [(each.user.id, each.token) for each in made]


class _Person:
    def __init__(self, all_of_them: Reviewers, user: str, token: str, urls: Sequence[str], draw: random.Random) -> None:
        self._all, self._user, self._urls, self._draw = all_of_them, user, urls, draw
        self._client = httpx2.Client(timeout=_TIMEOUT, trust_env=False)
        self._client.cookies.set("evaluator-session", token)
        self._csrf = csrf_token_of(token)
        self.thread = threading.Thread(target=self._work, name=f"reviewer {user}")

    def _work(self) -> None:
        try:
            while not self._all.are_over:
                self._decide_on_one()
        except Exception as error:  # a thread's border: the storm's end shows it
            self._all.wrong.append(f"{type(error).__name__}: {error}")
            raise

    def _decide_on_one(self) -> None:
        found = None if self._all.are_ahead else self._ask("POST", "/review/next", {})
        item: int | None = None if found is None else found.json()["item"]
        page = None if item is None else self._ask("GET", f"/review/{item}")
        if item is None or page is None:
            time.sleep(_PAUSE)
            return
        version = _VERSION.search(page.text)
        if version is None or _CLOSED.search(page.text):
            return  # a colleague was quicker
        choices: dict[str, list[int]] = {name: [] for name in _CRITERION.findall(page.text)}
        for name, level in _LEVEL.findall(page.text):
            choices[name].append(int(level))
        made = self._save(item, int(version[1]), choices)
        if made is not None and self._draw.random() < _AGAIN:
            made = self._save(item, made, choices)
        if made is not None and self._draw.random() < _UNDONE:
            self._take_back(item)

    def _save(self, item: int, version: int, choices: dict[str, list[int]]) -> int | None:
        """The version that it made; None where a colleague was quicker."""
        levels = {name: self._draw.choice(possible) for name, possible in choices.items()}
        body = {"version": version, "levels": levels, "reason": "too_strict"}
        answer = self._ask("POST", f"/review/{item}/save", body)
        return None if answer is None else self._note(item, levels, answer)

    def _take_back(self, item: int) -> None:
        answer = self._ask("POST", f"/review/{item}/undo", {})
        if answer is not None:
            self._note(item, None, answer)

    def _note(self, item: int, levels: dict[str, int] | None, answer: httpx2.Response) -> int:
        said = answer.json()
        self._all.note(Decided(item, said["version"], self._user, levels, said["state"]))
        return int(said["version"])

    def _ask(self, method: str, path: str, body: object = None) -> httpx2.Response | None:
        """What a page answers; pressed again while no server does. None where somebody else acted meanwhile."""
        while not self._all.are_over:
            url = self._draw.choice(self._urls)
            headers = {"origin": url, "x-csrf-token": self._csrf}
            try:
                answer = self._client.request(method, url + path, json=body, headers=headers)
            except httpx2.TransportError as error:
                self._all.tries_again[type(error).__name__] += 1
            else:
                if answer.status_code == 200:
                    return answer
                if answer.status_code in (403, 409):
                    self._all.conflicts += 1
                    return None
                if answer.status_code != 503:
                    self._all.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
                    return None
                self._all.tries_again["HTTP 503"] += 1
            time.sleep(_PAUSE)
        return None
