"""Passwords: hashed with argon2, checked so that a name that does not exist takes as long as one that does."""

from __future__ import annotations

import threading

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher

from evaluator.errors import UsageError

LEAST = 12
_MOST = 1024
_AT_ONCE = 2  # each takes 64 MB for as long as it runs
_PATIENCE = 20.0  # seconds
_SOME = frozenset({"password", "passwort", "evaluator", "123456", "qwerty"})


class Passwords:
    """Hashes and checks passwords; at most two at once, whatever many ask."""

    def __init__(self, hasher: Argon2Hasher | None = None) -> None:
        # RFC 9106's second recommendation, which is argon2-cffi's default: 64 MB, three passes, four lanes.
        self._hash = PasswordHash((hasher or Argon2Hasher(),))
        self._turn = threading.BoundedSemaphore(_AT_ONCE)
        self._nobodys = self.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """The hash to keep."""
        with self._turn:
            return self._hash.hash(password)

    def fits(self, password: str, kept: str | None) -> bool:
        """Whether this is the password whose hash is kept. Raises UsageError where too many ask at once."""
        if not self._turn.acquire(timeout=_PATIENCE):
            raise UsageError("Too many people sign in at once.", hint="Try again in a minute.")
        try:
            fits = self._hash.verify(password[:_MOST], kept or self._nobodys)
        except PwdlibError:
            # A hash of another kind: nobody has this password.
            return False
        finally:
            self._turn.release()
        return fits and kept is not None


def check_new_password(password: str, name: str) -> None:
    """Raises UsageError for a password that is too short, too long, or the first that anybody would try."""
    if len(password) < LEAST:
        raise UsageError(
            f"The password has {len(password)} characters.", hint=f"Use {LEAST} or more; four words are easy to keep."
        )
    if len(password) > _MOST:
        raise UsageError(f"The password has more than {_MOST:,} characters.")
    plain = password.casefold()
    if len(set(plain)) < 5 or name.casefold() in plain or any(each in plain for each in _SOME):
        raise UsageError("This password is easy to guess.", hint="Use four words that have nothing to do with it.")
