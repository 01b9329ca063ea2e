"""The order of work of accounts: made, let in, kept out. Whatever lets somebody in is known here for a moment only."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from evaluator.core.account import ROLES, Role, User, Who
from evaluator.errors import NotThereError, UsageError
from evaluator.store.sign_in_shelf import Session
from evaluator.store.store import Store
from evaluator.web.passwords import Passwords, check_new_password
from evaluator.web.throttle import Throttle

_LINK_LASTS = timedelta(hours=24)
_IDLE = timedelta(hours=12)
_LONGEST = timedelta(days=7)
_NOTED_EVERY = timedelta(minutes=1)
_FIRST_NAME = "administrator"
_COMMAND_LINE = ""
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class SignedInAs:
    """A new session: its token, for a cookie, and the browser's, so that it is known the next time."""

    user: User
    session: Session
    token: str
    device: str


class WrongPasswordError(UsageError):
    """Name and password do not fit; it is not said which."""


class WaitError(UsageError):
    """Too many tries failed from here: the next one counts in so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            "Signing in failed too often.", hint=f"Try again in {seconds} s, or ask an administrator for a link."
        )
        self.seconds = seconds


class Accounts:
    """Users and how they get in. `now` gives the time in UTC."""

    def __init__(self, store: Store, passwords: Passwords, now: Callable[[], datetime]) -> None:
        self._store = store
        self._passwords = passwords
        self._now = now
        self._throttle = Throttle(store.failures, now)

    def users(self) -> list[User]:
        """Every user, by name."""
        return self._store.users.all()

    def sessions(self) -> list[Session]:
        """Every session that lives, the one last seen first."""
        return self._store.sign_ins.sessions(self._time())

    def add_user(self, by: str, name: str, role: str) -> tuple[User, str]:
        """A new user, and the token of the link by which they choose their password. Raises UsageError."""
        name = name.strip()
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            raise UsageError(f"A name has 1 to {_LONGEST_NAME} characters that can be printed.")
        user = self._store.users.add(secrets.token_hex(8), name, _role(role), self._time())
        self._store.audit.append(self._time(), by, "user added", user.id, role)
        return user, self.new_link(by, user.id)

    def new_link(self, by: str, user_id: str) -> str:
        """The token of a new one-time link for a user; earlier ones end. The password holds until it is used."""
        user = self._user(user_id)
        if user.is_disabled:
            raise UsageError(f"'{user.name}' is disabled.", hint="Enable them first.")
        token = _token()
        expires_at = (self._now() + _LINK_LASTS).isoformat(timespec="seconds")
        self._store.sign_ins.add_link(hash_of(token), user_id, by, self._time(), expires_at)
        self._store.audit.append(self._time(), by, "link made", user_id)
        return token

    def first_administrator(self) -> tuple[User, str] | None:
        """Where no administrator has a password yet: one, and a link for them."""
        administrators = [user for user in self.users() if user.role == "administrator" and not user.is_disabled]
        if any(user.has_password for user in administrators):
            return None
        if administrators:
            return administrators[0], self.new_link(_COMMAND_LINE, administrators[0].id)
        return self.add_user(_COMMAND_LINE, self._free_name(), "administrator")

    def link_user(self, token: str) -> User | None:
        """Whose link this is, where it can still be used."""
        user_id = self._store.sign_ins.link_user(hash_of(token), self._time())
        return self._store.users.get(user_id) if user_id else None

    def use_link(self, token: str, password: str) -> SignedInAs:
        """Sets the password, ends the user's other sessions, signs them in. Raises UsageError."""
        user = self.link_user(token)
        if user is None:
            raise NotThereError(
                "This link was used already, or is too old.", hint="Ask an administrator for a new one."
            )
        check_new_password(password, user.name)
        kept = self._passwords.hash(password)
        if not self._store.sign_ins.use_link(hash_of(token), self._time()):
            raise NotThereError("This link was used already.", hint="Ask an administrator for a new one.")
        self._store.users.set_password(user.id, kept)
        self._store.sign_ins.end_sessions(user.id, self._time())
        self._store.sign_ins.forget_devices(user.id)
        self._store.audit.append(self._time(), user.id, "password set", user.id, "by link")
        return self._begin(user)

    def sign_in(self, name: str, password: str, address: str, device: str | None) -> SignedInAs:
        """Signs in. `device`: the token that this browser got when somebody signed in with it before.

        Raises WrongPasswordError and WaitError.
        """
        user = self._store.users.named(name.strip())
        known = bool(user and device and self._store.sign_ins.knows_device(hash_of(device), user.id))
        tries = self._throttle.begin(name, address, hash_of(device) if known and device else None)
        if tries.wait:
            raise WaitError(tries.wait)
        kept = self._store.users.password_hash(user.id) if user and not user.is_disabled else None
        # Asked even for a name that nobody has: an answer that comes at once would tell which names there are.
        fits = self._passwords.fits(password, kept)
        if user is None or not fits:
            about = user.id if user else ""
            self._store.audit.append(self._time(), "", "sign-in failed", about)
            raise WrongPasswordError("Name and password do not fit.", hint="Try again, or ask an administrator.")
        self._throttle.succeeded(tries)
        self._store.audit.append(self._time(), user.id, "signed in", user.id)
        return self._begin(user)

    def change_password(self, who: Who, old: str, new: str) -> None:
        """Sets another password and ends the user's other sessions. Raises UsageError."""
        user = self._user(who.user_id)
        tries = self._throttle.begin(user.name, f"session {who.session_id}", None)
        if tries.wait:
            raise WaitError(tries.wait)
        if not self._passwords.fits(old, self._store.users.password_hash(user.id)):
            raise WrongPasswordError("The present password is another one.")
        self._throttle.succeeded(tries)
        check_new_password(new, user.name)
        self._store.users.set_password(user.id, self._passwords.hash(new))
        self._store.sign_ins.end_sessions(user.id, self._time(), but=who.session_id)
        self._store.audit.append(self._time(), user.id, "password set", user.id, "by its owner")

    def session(self, token: str) -> tuple[User, Session] | None:
        """Who is signed in with this token; None where nobody is."""
        session = self._store.sign_ins.session(hash_of(token), self._time())
        user = self._store.users.get(session.user_id) if session else None
        if session is None or user is None:
            return None
        now = self._now()
        if now - datetime.fromisoformat(session.seen_at) > _NOTED_EVERY:
            self._store.sign_ins.seen(session.id, self._time(), self._expires(now, session.made_at))
        return user, session

    def sign_out(self, session_id: str) -> None:
        """Ends one's own session."""
        user_id = self._store.sign_ins.end_session(session_id, self._time())
        if user_id is not None:
            self._store.audit.append(self._time(), user_id, "signed out", user_id)

    def end_session(self, by: str, session_id: str) -> None:
        """Ends somebody's session."""
        user_id = self._store.sign_ins.end_session(session_id, self._time())
        if user_id is not None:
            self._store.audit.append(self._time(), by, "session ended", user_id)

    def end_sessions(self, by: str, user_id: str) -> int:
        """Ends every session of a user; how many."""
        ended = self._store.sign_ins.end_sessions(self._user(user_id).id, self._time())
        self._store.audit.append(self._time(), by, "sessions ended", user_id, str(ended))
        return ended

    def set_role(self, by: str, user_id: str, role: str) -> None:
        """Gives a user another role. Raises UsageError for the last administrator."""
        user = self._user(user_id)
        self._store.users.set_role(user_id, _role(role))
        self._store.audit.append(self._time(), by, "role changed", user_id, f"{user.role} to {role}")

    def disable(self, by: str, user_id: str) -> None:
        """Keeps a user out from now on, wherever they are signed in. Raises UsageError for the last administrator."""
        self._store.users.set_disabled(self._user(user_id).id, self._time())
        self._store.sign_ins.end_sessions(user_id, self._time())
        self._store.audit.append(self._time(), by, "user disabled", user_id)

    def enable(self, by: str, user_id: str) -> None:
        """Lets a user sign in again."""
        self._store.users.set_disabled(self._user(user_id).id, None)
        self._store.audit.append(self._time(), by, "user enabled", user_id)

    def share_run(self, by: str, run: int, run_id: str, user_id: str, *, is_shared: bool) -> None:
        """Lets a recruiter see a run, or not any more."""
        user = self._user(user_id)
        if is_shared:
            self._store.users.share_run(run, user.id, by, self._time())
        else:
            self._store.users.unshare_run(run, user.id)
        self._store.audit.append(self._time(), by, "run shared" if is_shared else "run unshared", user_id, run_id)

    def _begin(self, user: User) -> SignedInAs:
        now = self._now()
        token, device = _token(), _token()
        made_at = now.isoformat(timespec="seconds")
        session = Session(secrets.token_hex(8), user.id, made_at, made_at, self._expires(now, made_at))
        self._store.sign_ins.add_session(session, hash_of(token))
        self._store.sign_ins.add_device(hash_of(device), user.id, made_at)
        return SignedInAs(user, session, token, device)

    def _expires(self, now: datetime, made_at: str) -> str:
        return min(now + _IDLE, datetime.fromisoformat(made_at) + _LONGEST).isoformat(timespec="seconds")

    def _free_name(self) -> str:
        taken = {user.name for user in self.users()}
        names: Sequence[str] = [_FIRST_NAME, *(f"{_FIRST_NAME}{n}" for n in range(2, len(taken) + 3))]
        return next(name for name in names if name not in taken)

    def _user(self, user_id: str) -> User:
        user = self._store.users.get(user_id)
        if user is None:
            raise NotThereError("There is no such user.")
        return user

    def _time(self) -> str:
        return self._now().astimezone(UTC).isoformat(timespec="seconds")


def hash_of(token: str) -> str:
    """What is kept of a token. It is random and long, so that a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _token() -> str:
    return secrets.token_urlsafe(32)


def _role(role: str) -> Role:
    for known in ROLES:
        if role == known:
            return known
    raise UsageError(f"There is no role '{role}'.", hint=f"One of: {', '.join(ROLES)}.")
