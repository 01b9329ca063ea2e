"""The search for near copies among answers of submissions, which come one by one: each against all that came before.

A sample of an answer's shingles leads to the few earlier ones that share enough of it; these are compared as a whole,
by their texts. What is common is told from the latest answers to the question.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, select, text

from evaluator.core.identity import known_as
from evaluator.core.near_copy.flag import flagged
from evaluator.core.near_copy.found import MOST_NAMED, NearCopy
from evaluator.core.near_copy.likeness import FEWEST_SHARED, Commonness, likeness
from evaluator.core.near_copy.sample import FEWEST_SAMPLED, LEAST_CONTAINMENT, is_sampled
from evaluator.core.near_copy.shingles import Numbers, Shingler
from evaluator.core.work import WorkBatch, WorkItem
from evaluator.store.database import Database
from evaluator.store.graded_rows import WorkOutcome
from evaluator.store.keyring import Keyring, own_key
from evaluator.store.near_copy_findings import Finding, note_findings
from evaluator.store.near_copy_rows import (
    KnownAnswer,
    NewAnswer,
    add_answer,
    came_since,
    having,
    known_answers,
    latest_texts,
    newest,
    texts_of,
)
from evaluator.store.schema import runs, submissions, work_chunks
from evaluator.store.stored_text import stored_text

_MOST_SAMPLED = 64  # shingles of one answer, however long it is
_MOST_HAVING = 16  # answers that one shingle leads to; of more it is not asked which
_MOST_LIKELY, _MOST_COMPARED = 64, 8
_LATEST = 256  # answers, to all questions together, by which it is known what many say
_CELLS = 1 << 19  # 2 MiB, for about 40,000 shingles
_RUNS_KEPT, _QUESTIONS_KEPT = 8, 16


@dataclass(frozen=True, slots=True)
class Looked:
    """An answer before it is written: what it says, and which earlier ones it was compared with already.

    `compared`: by number, how much of the shorter one is in both; None where the two are not too alike. `nearest`: the
    ones that it was compared with, and which of its shingles lead to enough answers; of all up to the `newest`.
    """

    new: NewAnswer
    asked: _Asked
    numbers: Numbers
    shingles: Sequence[int]
    newest: KnownAnswer | None
    nearest: tuple[list[KnownAnswer], frozenset[int]] = ([], frozenset())
    compared: dict[int, float | None] = field(default_factory=dict)


class NearCopies:
    """The near copies of one store. Used from several threads at once."""

    def __init__(self, database: Database, keyring: Keyring | None) -> None:
        self._database = database
        self._keyring = keyring
        self._secret: bytes | None = None
        self._asked: OrderedDict[int, _Asked] = OrderedDict()
        self._many_say: OrderedDict[str, _ManySay] = OrderedDict()

    def look(self, batch: WorkBatch, items: Iterable[WorkItem]) -> Mapping[int, Looked]:
        """Compares answers of a submission, by the numbers of their items, with all that came before: what takes time
        is done here, while others write. Answers of a table have been compared with each other before.
        """
        found: dict[int, Looked] = {}
        asked = self._asked_in(batch)
        if asked is None:
            return found
        secret = self._own_secret()
        with self._database.reading() as connection:
            for item in items:
                looked = _looked(connection, secret, batch.run, asked, item)
                if looked is not None:
                    looked = replace(looked, nearest=_likely(connection, looked))
                    self._compare(connection, looked, looked.nearest[0])
                    found[item.number] = looked
        return found

    def settle(
        self, connection: Connection, looked: Mapping[int, Looked], run: int, outcomes: Sequence[WorkOutcome]
    ) -> list[WorkOutcome]:
        """The outcomes with what is found about each, in the transaction that writes them: compared, too, with what
        was written since the look, known from now on to those that come later; and the earlier ones are told.
        """
        if not looked:
            return list(outcomes)
        _take_turns(connection, {each.new.asked for each in looked.values()})
        found: dict[int, list[Finding]] = {}
        for number in (each.item.number for each in outcomes if each.item.number in looked):
            found[number] = self._settled(connection, looked[number])
        note_findings(connection, run, [finding for each in found.values() for finding in each])
        return [_with(each, found.get(each.item.number, ())) for each in outcomes]

    def _settled(self, connection: Connection, looked: Looked) -> list[Finding]:
        if _is_numbered_anew(connection, looked.newest):
            looked = replace(looked, newest=None, nearest=([], frozenset()), compared={})
        likely, common = looked.nearest
        # Seldom has one come meanwhile that is anything like it; nobody else can write while this is looked at.
        if having(connection, looked.shingles, after=0 if looked.newest is None else looked.newest.number):
            likely, common = _likely(connection, looked)
            self._compare(connection, looked, [each for each in likely if each.number not in looked.compared])
        own = add_answer(connection, looked.new, [each for each in looked.shingles if each not in common])
        if own is None:
            return []
        copies = [
            Finding(each, own, containment)
            for each in likely
            if (containment := looked.compared.get(each.number)) is not None
        ]
        return sorted(copies, key=lambda each: -each.containment)[:MOST_NAMED]

    def _compare(self, connection: Connection, looked: Looked, others: Sequence[KnownAnswer]) -> None:
        """Compares an answer with others as a whole."""
        if not others:
            return
        said = texts_of(connection, [each.number for each in others])
        shingled = looked.asked.shingler.shingled(list(said.values())).distinct()
        many = self._what_many_say(connection, looked)
        commonness = many.commonness.copy()
        commonness.count(looked.numbers, 1)
        for place, number in enumerate(said):
            numbers = shingled.numbers[shingled.owners == place]
            if number not in many.answers:
                commonness.count(numbers, 1)
        for place, number in enumerate(said):
            alike = likeness(looked.numbers, shingled.numbers[shingled.owners == place], commonness)
            looked.compared[number] = alike.containment if alike.is_near_copy else None

    def _what_many_say(self, connection: Connection, looked: Looked) -> _ManySay:
        """How many of the latest answers have each shingle, to all questions of the questionnaire: what everybody says
        everywhere counts least. Counted anew when a quarter as many have come since to this one.
        """
        asked = looked.new.asked
        counted = self._many_say.get(asked)
        if counted is None or came_since(connection, asked, counted.newest, counted.own // 4 + 1):
            said: dict[int, str] = {}
            own = latest_texts(connection, asked, _LATEST // len(looked.asked.questions))
            for each in set(looked.asked.questions.values()) - {asked}:
                said |= latest_texts(connection, each, _LATEST // len(looked.asked.questions))
            said |= own
            commonness = Commonness(_CELLS)
            commonness.count(looked.asked.shingler.shingled(list(said.values())).distinct().numbers, len(said))
            counted = _ManySay(commonness, frozenset(said), len(own), max(own, default=0))
            self._many_say[asked] = counted
            while len(self._many_say) > _QUESTIONS_KEPT:
                self._many_say.popitem(last=False)
        return counted

    def _own_secret(self) -> bytes:
        """The store's own key: who has the database without it cannot try words until one fits."""
        if self._secret is None:
            with self._database.writing() as connection:
                self._secret = own_key(connection, self._keyring, "near_copies")
        return self._secret

    def _asked_in(self, batch: WorkBatch) -> _Asked | None:
        """What was asked in a run of submissions, which is one tenant's; None where these are answers of a table."""
        known = self._asked.get(batch.run)
        if known is None:
            query = (
                select(submissions.c.tenant, runs.c.question_set)
                .join(work_chunks, work_chunks.c.submission == submissions.c.number)
                .join(runs, runs.c.number == work_chunks.c.run)
                .where(work_chunks.c.number == batch.number)
            )
            with self._database.reading() as connection:
                row = connection.execute(query).first()
            if row is None:
                return None
            asked = {each["id"]: each["text"] for each in json.loads(row.question_set)["questionnaire"]["questions"]}
            names = {
                question: hashlib.sha256(f"{row.tenant}\0{said}".encode("utf-8", "surrogatepass")).hexdigest()
                for question, said in asked.items()
            }
            known = self._asked[batch.run] = _Asked(names, Shingler(list(asked.values())))
            while len(self._asked) > _RUNS_KEPT:
                self._asked.popitem(last=False)
        return known


@dataclass(frozen=True, slots=True)
class _Asked:
    """By question id, what tells the question and the tenant from others; and what makes shingles of its answers."""

    questions: Mapping[str, str]
    shingler: Shingler


@dataclass(frozen=True, slots=True)
class _ManySay:
    """In how many of some answers (their numbers) a shingle stands; `own` of them, the last the `newest`, answer the
    same question.
    """

    commonness: Commonness
    answers: frozenset[int]
    own: int
    newest: int


def _take_turns(connection: Connection, asked: Iterable[str]) -> None:
    """Whoever writes an answer to one of these questions sees what was written before, and is seen by whoever comes
    after. SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "sqlite":
        return
    for key in sorted(int.from_bytes(bytes.fromhex(each)[:8], signed=True) for each in asked):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def _likely(connection: Connection, looked: Looked) -> tuple[list[KnownAnswer], frozenset[int]]:
    """The earlier answers that share most of the sample, and which of its shingles lead to enough answers already."""
    found = having(connection, looked.shingles)
    times = Counter(shingle for shingle, _ in found)
    common = frozenset(shingle for shingle, count in times.items() if count >= _MOST_HAVING)
    shared = Counter(answer for _, answer in found)
    # What leads to enough already may be said by thousands: what else is shared comes first.
    rare = Counter(answer for shingle, answer in found if shingle not in common)

    def order(number: int) -> tuple[int, int, int]:
        return -rare[number], -shared[number], number

    numbers = [number for number in sorted(shared, key=order)[:_MOST_LIKELY] if shared[number] >= FEWEST_SAMPLED]
    if not numbers:
        return [], common
    own = len(looked.shingles) - len(common)
    likely = [
        each
        for each in known_answers(connection, numbers)
        if each.is_by_another(looked.new) and shared[each.number] >= LEAST_CONTAINMENT * min(own, each.sampled)
    ]
    return sorted(likely, key=lambda each: order(each.number))[:_MOST_COMPARED], common


def _looked(connection: Connection, secret: bytes, run: int, asked: _Asked, item: WorkItem) -> Looked | None:
    """None for an answer that is too short to be a near copy of anything."""
    answer = item.answer
    name = asked.questions.get(answer.question_id)
    if answer.absent is not None or name is None:
        return None
    numbers = asked.shingler.shingled([answer.text]).distinct().numbers
    sample = numbers[is_sampled(numbers)][:_MOST_SAMPLED]
    if len(numbers) < FEWEST_SHARED or len(sample) < FEWEST_SAMPLED:
        return None
    email = known_as(answer.identity)
    new = NewAnswer(
        asked=name,
        run=run,
        answer_id=stored_text(answer.answer_id),
        candidate_id=stored_text(answer.candidate_id),
        known_as=None if email is None else _hidden(secret, f"{name} {email}".encode("utf-8", "surrogatepass"), 16),
    )
    shingles = [
        int.from_bytes(_hidden(secret, name.encode() + int(each).to_bytes(8), 8), signed=True) for each in sample
    ]
    return Looked(new, asked, numbers, shingles, newest=newest(connection, name))


def _hidden(secret: bytes, value: bytes, size: int) -> bytes:
    return hashlib.blake2b(value, key=secret, digest_size=size).digest()


def _is_numbered_anew(connection: Connection, last: KnownAnswer | None) -> bool:
    """Whether the answer that was the newest is gone. SQLite gives its number to the next one, and what was found by
    number before holds no longer.
    """
    if connection.dialect.name != "sqlite" or last is None:
        return False
    return known_answers(connection, [last.number]) != [last]


def _with(outcome: WorkOutcome, found: Sequence[Finding]) -> WorkOutcome:
    if not found:
        return outcome
    return replace(outcome, grade=flagged(outcome.grade, [NearCopy(None, each.containment) for each in found]))
