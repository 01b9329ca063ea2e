"""What lets people in: one-time links, sessions, known devices. Only hashes of what they hold are kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select

from evaluator.store.account_schema import sign_in_devices, sign_in_links, sign_in_sessions, users
from evaluator.store.database import Database

_MOST_DEVICES = 20  # a person's; the oldest go


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that somebody is signed in with. `id` may be shown; times are UTC, ISO 8601."""

    id: str
    user_id: str
    made_at: str
    seen_at: str
    expires_at: str


class SignInShelf:
    """Links, sessions and devices of one store. Every token is given as its hash."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add_link(self, token_hash: str, user_id: str, made_by: str, now: str, expires_at: str) -> None:
        """A new link; earlier ones of the same user that were not used end."""
        with self.database.writing() as connection:
            connection.execute(
                delete(sign_in_links).where(sign_in_links.c.user_id == user_id, sign_in_links.c.used_at.is_(None))
            )
            row = {"token_hash": token_hash, "user_id": user_id, "made_by": made_by, "made_at": now}
            connection.execute(sign_in_links.insert(), {**row, "expires_at": expires_at})

    def link_user(self, token_hash: str, now: str) -> str | None:
        """Whose link this is, where it can still be used."""
        with self.database.reading() as connection:
            found: str | None = connection.scalar(
                select(sign_in_links.c.user_id)
                .join(users, users.c.id == sign_in_links.c.user_id)
                .where(
                    sign_in_links.c.token_hash == token_hash,
                    sign_in_links.c.used_at.is_(None),
                    sign_in_links.c.expires_at > now,
                    users.c.disabled_at.is_(None),
                )
            )
        return found

    def use_link(self, token_hash: str, now: str) -> bool:
        """Uses a link up; False where it was used already, by whoever came first, or is too old."""
        with self.database.writing() as connection:
            used = connection.execute(
                sign_in_links.update()
                .where(
                    sign_in_links.c.token_hash == token_hash,
                    sign_in_links.c.used_at.is_(None),
                    sign_in_links.c.expires_at > now,
                )
                .values(used_at=now)
            )
        return bool(used.rowcount)

    def add_session(self, session: Session, token_hash: str) -> None:
        """A new session; those that ended are forgotten by and by."""
        with self.database.writing() as connection:
            connection.execute(delete(sign_in_sessions).where(sign_in_sessions.c.expires_at < session.made_at))
            row = {"id": session.id, "token_hash": token_hash, "user_id": session.user_id, "made_at": session.made_at}
            connection.execute(
                sign_in_sessions.insert(), {**row, "seen_at": session.seen_at, "expires_at": session.expires_at}
            )

    def session(self, token_hash: str, now: str) -> Session | None:
        """The session of this token, where it lives and its user may sign in."""
        with self.database.reading() as connection:
            row = connection.execute(
                select(sign_in_sessions)
                .join(users, users.c.id == sign_in_sessions.c.user_id)
                .where(
                    sign_in_sessions.c.token_hash == token_hash,
                    sign_in_sessions.c.ended_at.is_(None),
                    sign_in_sessions.c.expires_at > now,
                    users.c.disabled_at.is_(None),
                )
            ).first()
        return Session(row.id, row.user_id, row.made_at, row.seen_at, row.expires_at) if row else None

    def seen(self, session_id: str, now: str, expires_at: str) -> None:
        """Notes that a session is used; it expires later then."""
        with self.database.writing() as connection:
            connection.execute(
                sign_in_sessions.update()
                .where(sign_in_sessions.c.id == session_id)
                .values(seen_at=now, expires_at=expires_at)
            )

    def sessions(self, now: str) -> list[Session]:
        """Every session that lives, the one last seen first."""
        with self.database.reading() as connection:
            rows = connection.execute(
                select(sign_in_sessions)
                .where(sign_in_sessions.c.ended_at.is_(None), sign_in_sessions.c.expires_at > now)
                .order_by(sign_in_sessions.c.seen_at.desc(), sign_in_sessions.c.id)
            )
            return [Session(row.id, row.user_id, row.made_at, row.seen_at, row.expires_at) for row in rows]

    def end_session(self, session_id: str, now: str) -> str | None:
        """Ends a session; whose it was, None where there is none that lives."""
        with self.database.writing() as connection:
            living = (sign_in_sessions.c.id == session_id) & sign_in_sessions.c.ended_at.is_(None)
            user_id: str | None = connection.scalar(select(sign_in_sessions.c.user_id).where(living))
            connection.execute(sign_in_sessions.update().where(living).values(ended_at=now))
        return user_id

    def end_sessions(self, user_id: str, now: str, *, but: str = "") -> int:
        """Ends every session of a user (except one); how many there were."""
        with self.database.writing() as connection:
            ended = connection.execute(
                sign_in_sessions.update()
                .where(
                    sign_in_sessions.c.user_id == user_id,
                    sign_in_sessions.c.ended_at.is_(None),
                    sign_in_sessions.c.id != but,
                )
                .values(ended_at=now)
            )
        return ended.rowcount

    def add_device(self, token_hash: str, user_id: str, now: str) -> None:
        """A browser that the user signed in with: strangers' failures do not keep them out of it."""
        with self.database.writing() as connection:
            row = {"token_hash": token_hash, "user_id": user_id, "made_at": now}
            connection.execute(sign_in_devices.insert(), row)
            kept = (
                select(sign_in_devices.c.token_hash)
                .where(sign_in_devices.c.user_id == user_id)
                .order_by(sign_in_devices.c.made_at.desc(), sign_in_devices.c.token_hash)
                .limit(_MOST_DEVICES)
            )
            connection.execute(
                delete(sign_in_devices).where(
                    sign_in_devices.c.user_id == user_id, sign_in_devices.c.token_hash.not_in(kept)
                )
            )

    def knows_device(self, token_hash: str, user_id: str) -> bool:
        """Whether the user signed in with this browser before."""
        with self.database.reading() as connection:
            known = select(sign_in_devices.c.user_id).where(
                sign_in_devices.c.token_hash == token_hash, sign_in_devices.c.user_id == user_id
            )
            return connection.scalar(known) is not None

    def forget_devices(self, user_id: str) -> None:
        """No browser of the user's is known any more."""
        with self.database.writing() as connection:
            connection.execute(delete(sign_in_devices).where(sign_in_devices.c.user_id == user_id))
