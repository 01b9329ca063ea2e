"""The users of the pages, as the store keeps them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, func, select
from sqlalchemy.exc import IntegrityError

from evaluator.core.account import Role, User
from evaluator.errors import UsageError
from evaluator.store.account_schema import run_access, sign_in_sessions, users
from evaluator.store.database import Database
from evaluator.store.failures import store_error


class UserShelf:
    """All users of one store, and which runs a recruiter may see."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, user_id: str, name: str, role: Role, now: str) -> User:
        """A new user without a password. Raises UsageError where the name is taken."""
        row = {"id": user_id, "name": name.casefold(), "role": role, "made_at": now}
        try:
            with self.database.engine.connect().execution_options(writes=True) as connection, connection.begin():
                connection.execute(users.insert(), row)
        except IntegrityError as error:
            if self.named(name) is None:
                raise store_error(self.database.address, error) from error
            raise UsageError(f"There is a user '{name.casefold()}' already.", hint="Choose another name.") from None
        return User(user_id, name.casefold(), role, now)

    def all(self) -> list[User]:
        """Every user, by name, with when they were last seen."""
        with self.database.reading() as connection:
            return [_user(row) for row in connection.execute(_USERS.order_by(users.c.name)).mappings()]

    def get(self, user_id: str) -> User | None:
        """The user with this id."""
        with self.database.reading() as connection:
            row = connection.execute(_USERS.where(users.c.id == user_id)).mappings().first()
        return _user(row) if row else None

    def named(self, name: str) -> User | None:
        """The user of this name, whatever its case."""
        with self.database.reading() as connection:
            row = connection.execute(_USERS.where(users.c.name == name.casefold())).mappings().first()
        return _user(row) if row else None

    def password_hash(self, user_id: str) -> str | None:
        """The hash of the user's password; None where they have none yet."""
        with self.database.reading() as connection:
            found: str | None = connection.scalar(select(users.c.password_hash).where(users.c.id == user_id))
        return found

    def set_password(self, user_id: str, password_hash: str) -> None:
        """Sets the hash of the user's password."""
        self._change(user_id, password_hash=password_hash)

    def set_role(self, user_id: str, role: Role) -> None:
        """Gives a user another role. Raises UsageError where no administrator would be left."""
        self._change(user_id, keeps_administrator=role != "administrator", role=role)

    def set_disabled(self, user_id: str, at: str | None) -> None:
        """Keeps a user out from `at`, or lets them in again (None). Raises UsageError for the last administrator."""
        self._change(user_id, keeps_administrator=at is not None, disabled_at=at)

    def share_run(self, run: int, user_id: str, given_by: str, now: str) -> None:
        """Lets a recruiter see a run."""
        with self.database.writing() as connection:
            shared = select(run_access.c.run).where(run_access.c.run == run, run_access.c.user_id == user_id)
            if connection.scalar(shared) is None:
                row = {"run": run, "user_id": user_id, "given_by": given_by, "given_at": now}
                connection.execute(run_access.insert(), row)

    def unshare_run(self, run: int, user_id: str) -> None:
        """Lets a recruiter see a run no more."""
        with self.database.writing() as connection:
            connection.execute(run_access.delete().where(run_access.c.run == run, run_access.c.user_id == user_id))

    def runs_of(self, user_id: str) -> frozenset[int]:
        """The numbers of the runs that are shared with a user."""
        with self.database.reading() as connection:
            return frozenset(connection.scalars(select(run_access.c.run).where(run_access.c.user_id == user_id)))

    def users_of(self, run: int) -> frozenset[str]:
        """The ids of the users that a run is shared with."""
        with self.database.reading() as connection:
            return frozenset(connection.scalars(select(run_access.c.user_id).where(run_access.c.run == run)))

    def _change(self, user_id: str, *, keeps_administrator: bool = False, **values: Any) -> None:
        with self.database.writing() as connection:
            # The lock of a row that is there on both databases: two administrators cannot disable each other at once.
            administrators = select(users.c.id).where(users.c.role == "administrator", users.c.disabled_at.is_(None))
            if keeps_administrator and set(connection.scalars(administrators.with_for_update())) == {user_id}:
                raise UsageError(
                    "This is the last administrator: nobody could let anybody in any more.",
                    hint="Make another administrator first.",
                )
            if not connection.execute(users.update().where(users.c.id == user_id).values(**values)).rowcount:
                raise UsageError("There is no such user.")


_LAST_SEEN = (
    select(func.max(sign_in_sessions.c.seen_at))
    .where(sign_in_sessions.c.user_id == users.c.id)
    .scalar_subquery()
    .label("last_seen")
)
_USERS = select(users, _LAST_SEEN)


def _user(row: RowMapping) -> User:
    return User(
        id=row["id"],
        name=row["name"],
        role=row["role"],
        made_at=row["made_at"],
        disabled_at=row["disabled_at"],
        has_password=row["password_hash"] is not None,
        last_seen=row["last_seen"],
    )
