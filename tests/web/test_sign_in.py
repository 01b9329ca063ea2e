"""How people come in: links that work once, passwords, sessions that can be ended, guesses that do not help."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import text

from evaluator.core.account import User
from evaluator.errors import NotThereError, UsageError
from evaluator.store.store import Store, open_store
from evaluator.web.accounts import Accounts, WaitError, WrongPasswordError
from evaluator.web.passwords import Passwords, check_new_password
from tests.web.conftest import PASSWORD, QUICK, Served


class Clock:
    """A time that goes on only where a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 26, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    with open_store(address) as opened:
        yield opened


@pytest.fixture
def accounts(store: Store, clock: Clock) -> Accounts:
    return Accounts(store, Passwords(QUICK), clock)


@pytest.fixture
def ann(accounts: Accounts) -> User:
    user, token = accounts.add_user("", "Ann", "reviewer")
    accounts.use_link(token, PASSWORD)
    return user


def test_the_first_administrator_gets_a_link_until_one_has_a_password(accounts: Accounts) -> None:
    """A new link each time, the earlier one ends; once somebody chose a password there is none."""
    first = accounts.first_administrator()
    again = accounts.first_administrator()
    assert first is not None
    assert again is not None
    assert first[0].name == again[0].name == "administrator"
    assert accounts.link_user(first[1]) is None
    accounts.use_link(again[1], PASSWORD)
    assert accounts.first_administrator() is None


def test_a_link_works_once_and_not_for_ever(accounts: Accounts, clock: Clock) -> None:
    """Looking at it does not use it up; a day later it is gone."""
    _, token = accounts.add_user("", "ann", "reviewer")
    assert accounts.link_user(token) is not None
    with pytest.raises(UsageError, match="11 characters"):
        accounts.use_link(token, "short words")
    accounts.use_link(token, PASSWORD)
    with pytest.raises(NotThereError, match="used already"):
        accounts.use_link(token, PASSWORD)
    _, late = accounts.add_user("", "ben", "reviewer")
    clock.now += timedelta(hours=25)
    assert accounts.link_user(late) is None


def test_nothing_that_lets_anybody_in_can_be_read_in_the_store(store: Store, accounts: Accounts) -> None:
    """Passwords, links, sessions and devices are there as hashes alone."""
    _, link = accounts.add_user("", "ann", "reviewer")
    made = accounts.use_link(link, PASSWORD)
    with store.reviews.database.reading() as connection:
        held = ""
        for table in ("users", "sign_in_links", "sign_in_sessions", "sign_in_devices", "audit_log"):
            held += repr(connection.execute(text(f"SELECT * FROM {table}")).all())
    for secret in (PASSWORD, link, made.token, made.device):
        assert secret not in held
    assert "argon2id" in held


def test_a_real_password_is_hashed_as_recommended() -> None:
    """Argon2id with 64 MB, three passes: what a stolen store would have to be guessed against."""
    kept = Passwords().hash("x" * 12)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert isinstance(Argon2Hasher(), Argon2Hasher)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("elevenchars", "11 characters"),
        ("aaaaaaaaaaaaaaa", "easy to guess"),
        ("ann loves the sea", "easy to guess"),
        ("my password is long", "easy to guess"),
        ("x1y2z3" * 200, "more than 1,024"),
    ],
)
def test_a_password_that_anybody_would_try_is_refused(password: str, why: str) -> None:
    """With what to do instead."""
    with pytest.raises(UsageError, match=why):
        check_new_password(password, "Ann")


def test_name_and_password_sign_in_and_it_is_not_said_which_was_wrong(accounts: Accounts, ann: User) -> None:
    """Names without regard to case; an unknown name, a wrong password and a disabled user get the same words."""
    assert accounts.sign_in(" ANN ", PASSWORD, "10.0.0.1", None).user.id == ann.id
    said = set()
    for name, password in (("ann", "wrong"), ("nobody", PASSWORD)):
        with pytest.raises(WrongPasswordError) as raised:
            accounts.sign_in(name, password, "10.0.0.1", None)
        said.add(str(raised.value))
    accounts.disable("", ann.id)
    with pytest.raises(WrongPasswordError) as raised:
        accounts.sign_in("ann", PASSWORD, "10.0.0.1", None)
    assert said == {str(raised.value)}


class CountingHasher(Argon2Hasher):
    """The hasher, which says how often it looked at a password."""

    looked = 0

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:
        self.looked += 1
        return super().verify(password, hash)


def test_a_name_that_nobody_has_costs_as_much_as_one_that_somebody_has(store: Store, clock: Clock) -> None:
    """The same work is done for both: how long it takes does not tell which names there are."""
    hasher = CountingHasher(time_cost=1, memory_cost=8, parallelism=1)
    accounts = Accounts(store, Passwords(hasher), clock)
    _, link = accounts.add_user("", "ann", "reviewer")
    accounts.use_link(link, PASSWORD)
    for times, name in enumerate(("ann", "nobody"), start=1):
        with pytest.raises(WrongPasswordError):
            accounts.sign_in(name, "a wrong password", "10.0.0.1", None)
        assert hasher.looked == times


def guess(accounts: Accounts, address: str, times: int, name: str = "ann") -> int:
    """Wrong passwords; how many of them were looked at."""
    looked_at = 0
    for _ in range(times):
        try:
            accounts.sign_in(name, "a wrong guess", address, None)
        except WaitError:
            continue
        except WrongPasswordError:
            looked_at += 1
    return looked_at


def test_guessing_gets_slower_and_slower(accounts: Accounts, ann: User, clock: Clock) -> None:
    """Five guesses cost nothing, then a second, two, four … to a quarter of an hour; the right password waits too."""
    assert guess(accounts, "10.0.0.1", 20) == 5
    with pytest.raises(WaitError) as raised:
        accounts.sign_in("ann", PASSWORD, "10.0.0.1", None)
    assert raised.value.seconds == 1
    for expected in (1, 2, 4, 8):
        clock.now += timedelta(seconds=expected)
        assert guess(accounts, "10.0.0.1", 5) == 1
    clock.now += timedelta(hours=1, minutes=1)
    assert accounts.sign_in("ann", PASSWORD, "10.0.0.1", None).user.id == ann.id


def test_nobody_can_lock_another_out(accounts: Accounts, ann: User) -> None:
    """Whatever strangers do to her name: from another address, or her own browser, she comes in; a link always."""
    known = accounts.sign_in("ann", PASSWORD, "10.0.0.1", None)
    assert guess(accounts, "6.6.6.6", 100) == 5
    assert accounts.sign_in("ann", PASSWORD, "10.0.0.2", None).user.id == ann.id
    for n in range(40):
        guess(accounts, f"6.6.7.{n}", 3)
    with pytest.raises(WaitError):
        accounts.sign_in("ann", PASSWORD, "10.0.0.3", None)
    assert accounts.sign_in("ann", PASSWORD, "10.0.0.3", known.device).user.id == ann.id
    assert accounts.use_link(accounts.new_link("", ann.id), PASSWORD + " again").user.id == ann.id


def test_a_session_ends_when_it_is_ended_or_idle_or_old(accounts: Accounts, ann: User, clock: Clock) -> None:
    """By its owner, by an administrator, after twelve hours without a sign of life, after a week whatever happens."""
    first, second = (accounts.sign_in("ann", PASSWORD, "10.0.0.1", None) for _ in range(2))
    accounts.sign_out(first.session.id)
    assert accounts.session(first.token) is None
    assert accounts.session(second.token) is not None
    accounts.end_sessions("", ann.id)
    assert accounts.session(second.token) is None
    idle = accounts.sign_in("ann", PASSWORD, "10.0.0.1", None)
    clock.now += timedelta(hours=13)
    assert accounts.session(idle.token) is None
    busy = accounts.sign_in("ann", PASSWORD, "10.0.0.1", None)
    for _ in range(20):
        clock.now += timedelta(hours=8)
        assert accounts.session(busy.token) is not None
    clock.now += timedelta(hours=9)
    assert accounts.session(busy.token) is None


def test_a_new_password_and_a_disabled_user_end_every_session(accounts: Accounts, ann: User) -> None:
    """Also those that somebody else may have begun."""
    stolen = accounts.sign_in("ann", PASSWORD, "10.0.0.1", None)
    fresh = accounts.use_link(accounts.new_link("", ann.id), PASSWORD)
    assert accounts.session(stolen.token) is None
    accounts.disable("", ann.id)
    assert accounts.session(fresh.token) is None
    accounts.enable("", ann.id)
    assert accounts.session(fresh.token) is None


def test_the_last_administrator_cannot_be_lost(accounts: Accounts) -> None:
    """Neither by another role nor by disabling; with a second one both go."""
    first = accounts.first_administrator()
    assert first is not None
    for change in (lambda: accounts.set_role("", first[0].id, "reviewer"), lambda: accounts.disable("", first[0].id)):
        with pytest.raises(UsageError, match="last administrator"):
            change()
    second, _ = accounts.add_user("", "second", "administrator")
    accounts.set_role("", first[0].id, "reviewer")
    with pytest.raises(UsageError, match="last administrator"):
        accounts.disable("", second.id)


def test_who_let_whom_in_is_on_record(store: Store, accounts: Accounts, ann: User) -> None:
    """Ids and the program's own words; never a password, never what somebody typed as a name."""
    accounts.set_role("someone", ann.id, "administrator")
    guess(accounts, "10.0.0.1", 1, name="typed my password here")
    from evaluator.store.audit_log import AuditFilter

    actions = [entry.action for entry in store.audit.search(AuditFilter())]
    assert actions == ["sign-in failed", "role changed", "password set", "link made", "user added"]
    assert [entry.detail for entry in store.audit.search(AuditFilter(text="role"))] == ["reviewer to administrator"]
    assert store.audit.search(AuditFilter(text="typed")) == []


def test_a_browser_signs_in_and_out(served: Served) -> None:
    """By link, then by password; cookies that no script reads; signed out, the session is over on the server too."""
    _, link = served.site.accounts.add_user("", "ann", "reviewer")
    page = {"origin": served.url, "accept": "text/html"}
    with httpx.Client(base_url=served.url, headers=page) as browser:
        wanted = browser.get("/review/1")
        assert (wanted.status_code, wanted.headers["location"]) == (303, "/sign-in?next=%2Freview%2F1")
        assert browser.get(f"/link/{link}").status_code == 200
        differ = browser.post(f"/link/{link}", data={"password": PASSWORD, "again": "another one of them"})
        assert (differ.status_code, "differ" in differ.text) == (422, True)
        chosen = browser.post(f"/link/{link}", data={"password": PASSWORD, "again": PASSWORD})
        assert chosen.status_code == 303
        cookie = next(each for each in chosen.headers.get_list("set-cookie") if "session" in each).lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert browser.get(f"/link/{link}").status_code == 404
        token = browser.cookies["evaluator-session"]
        assert served.site.accounts.session(token) is not None
        browser.cookies.delete("evaluator-session")
        signed_in = browser.post("/sign-in", data={"name": "ann", "password": PASSWORD, "next": "/password"})
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/password")
        form = browser.get("/password").text
        csrf = form.split('name="csrf_token" value="')[1].split('"')[0]
        session = browser.cookies["evaluator-session"]
        assert browser.post("/sign-out", data={"csrf_token": csrf}).status_code == 303
    assert served.site.accounts.session(session) is None


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/a\nb"]
)
def test_signing_in_leads_to_no_other_site(served: Served, wanted: str) -> None:
    """A link to the sign-in page cannot be made to send people elsewhere."""
    served.person("ann")
    with httpx.Client(base_url=served.url, headers={"origin": served.url}) as browser:
        reply = browser.post("/sign-in", data={"name": "ann", "password": PASSWORD, "next": wanted})
    assert (reply.status_code, reply.headers["location"]) == (303, "/")


def test_a_page_says_how_long_to_wait(served: Served) -> None:
    """With the header that machines read, and the name that was typed still in the form."""
    with httpx.Client(base_url=served.url, headers={"origin": served.url}) as browser:
        tried = {"name": "<b>ann</b>", "password": "wrong"}
        replies = [browser.post("/sign-in", data=tried) for _ in range(5)]
        assert [reply.status_code for reply in replies] == [401] * 5
        # The first wait is a second, which a busy machine may take by itself; each further failure doubles it.
        while replies[-1].status_code != 429:
            assert len(replies) < 20
            replies.append(browser.post("/sign-in", data=tried))
    assert int(replies[-1].headers["retry-after"]) >= 1
    assert "&lt;b&gt;ann" in replies[0].text
