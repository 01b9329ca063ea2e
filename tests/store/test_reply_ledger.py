"""The ledger in a real database: what was kept is found, whatever the order, the number and the size."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluator.core.ledger import KeptReply
from evaluator.core.reply import Usage
from evaluator.store.store import Store, open_store


def name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


REPLY = KeptReply('{"level": 2}', "model-1", Usage(1000, 90, 800, 312.5, 2))


@pytest.mark.parametrize(
    "reply",
    [
        REPLY,
        KeptReply("", None, Usage()),
        KeptReply("NUL \0, half a pair \ud83d, \N{GRINNING FACE}, \r\n", "m\0odel", Usage(0, 0, None, 0.0, 1)),
    ],
    ids=["usual", "empty", "characters that no database's text holds"],
)
def test_a_reply_comes_back_as_it_was_kept(store: Store, reopen: Callable[[], Store], reply: KeptReply) -> None:
    """Also after the store was closed and opened again."""

    async def keep() -> None:
        assert await store.ledger().find(name("a")) is None
        await store.ledger().keep(name("a"), reply)

    asyncio.run(keep())
    with reopen() as again:
        found = asyncio.run(again.ledger().find(name("a")))
    assert found is not None
    assert (found.text, found.usage) == (reply.text, reply.usage)
    assert found.model == (reply.model and reply.model.replace("\0", "\\x00"))


def test_what_keep_returned_for_is_there_for_others(store: Store, reopen: Callable[[], Store]) -> None:
    """`keep` returns when the reply is committed, not when it is queued: another process finds it at once."""

    async def keep_then_look_elsewhere() -> list[KeptReply | None]:
        names = [name(str(number)) for number in range(300)]
        await asyncio.gather(*(store.ledger().keep(each, REPLY) for each in names))
        with reopen() as other:
            return list(await asyncio.gather(*(other.ledger().find(each) for each in names)))

    assert asyncio.run(keep_then_look_elsewhere()) == [REPLY] * 300


def test_a_reply_of_many_megabytes_is_kept(store: Store) -> None:
    """Nothing is refused for its size."""
    large = KeptReply("x" * (20 << 20), "m", Usage())

    async def keep() -> KeptReply | None:
        await asyncio.gather(*(store.ledger().keep(name(str(number)), large) for number in range(3)))
        return await store.ledger().find(name("2"))

    assert asyncio.run(keep()) == large


def test_a_cancelled_look_takes_nothing_from_the_others(store: Store) -> None:
    """One query answers many; who gave up meanwhile is left out."""

    async def look() -> KeptReply | None:
        ledger = store.ledger()
        await ledger.keep(name("a"), REPLY)
        first, second = (asyncio.ensure_future(ledger.find(name("a"))) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(look()) == REPLY


def test_known_names_are_counted_once_each(store: Store) -> None:
    """For telling before a run how much of it is there already."""

    async def keep() -> None:
        await asyncio.gather(*(store.ledger().keep(name(str(number)), REPLY) for number in range(700)))

    asyncio.run(keep())
    asked = [name(str(number)) for number in range(600, 900)]
    assert store.ledger().count([*asked, *asked]) == 100


Event = tuple[str, int, int]
_EVENTS = st.lists(st.tuples(st.sampled_from(["find", "keep"]), st.integers(0, 5), st.integers(0, 3)), max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(_EVENTS, max_size=4), key=st.integers(0, 2**64))
def test_order_repetition_and_company_of_events_never_change_what_is_found(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[list[Event]], key: int
) -> None:
    """Events of a round happen at once, in whatever groups they are written: the outcome is a dictionary's.

    A find in the same round as a keep of its name may come before or after it; it never sees anything else.
    """
    where = _shared(tmp_path_factory)
    told: dict[int, set[int]] = {}

    async def happen(ledger_of: Store) -> None:
        ledger = ledger_of.ledger()
        for events in rounds:
            kept: dict[int, list[int]] = {}
            for action, which, value in events:
                if action == "keep":
                    kept.setdefault(which, []).append(value)
            found = await asyncio.gather(*(one(ledger, *event) for event in events))
            for (action, which, _), reply in zip(events, found, strict=True):
                if action == "find":
                    seen = None if reply is None else int(reply.text)
                    assert seen in {*told.get(which, {None}), *kept.get(which, [])}
            # Of several replies kept under one name the last one stands.
            told.update({which: {values[-1]} for which, values in kept.items()})
        for which in range(6):
            last = await ledger.find(name(f"{key}.{which}"))
            assert (None if last is None else int(last.text)) in told.get(which, {None})

    async def one(ledger: object, action: str, which: int, value: int) -> KeptReply | None:
        if action == "find":
            return await ledger.find(name(f"{key}.{which}"))  # type: ignore[attr-defined]
        await ledger.keep(name(f"{key}.{which}"), KeptReply(str(value), None, Usage()))  # type: ignore[attr-defined]
        return None

    with open_store(str(where / f"{key}.sqlite3")) as store:
        asyncio.run(happen(store))
    for left in where.iterdir():
        left.unlink()


def _shared(factory: pytest.TempPathFactory) -> Path:
    where = factory.getbasetemp() / "events"
    where.mkdir(exist_ok=True)
    return where
