"""Which column of a table holds what: worked out from its headings and from what the user says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from evaluator.core.folding import fold
from evaluator.files.tables import heading as names
from evaluator.files.tables.column_choice import ColumnChoice, settle_columns
from evaluator.files.tables.findings import Findings
from evaluator.files.tables.heading import column_letter, shorten
from evaluator.files.tables.limits import LONGEST_HEADING
from evaluator.files.tables.question_match import QuestionMatch, QuestionMatcher

Layout = Literal["long", "wide"]
HEADINGS_NAMED = 12
MAP_HINT = (
    "--map is given once for each column; what a column holds is a question's id, or one of candidate_id, question, "
    "answer, answer_id, ignore."
)


@dataclass(frozen=True, slots=True)
class QuestionColumn:
    """A column of a wide table that holds the answers to one question."""

    position: int
    question_id: str


@dataclass(frozen=True, slots=True)
class IdentityColumn:
    """A column that says something of who wrote the answers."""

    position: int
    kind: names.IdentityKind


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """Where to find what, by position counted from 0; `questions` is empty in a long table.

    `may_hold_names`: the candidate's column is headed by a word that some tables put over ids and some over names,
    and the user did not say which.
    """

    layout: Layout
    headings: tuple[str, ...]
    candidate: int | None
    may_hold_names: bool = False
    question: int | None = None
    answer: int | None = None
    answer_id: int | None = None
    questions: tuple[QuestionColumn, ...] = ()
    identity: tuple[IdentityColumn, ...] = ()

    def name(self, position: int) -> str:
        """The column's name for a message."""
        return column_name(self.headings, position)


def column_name(headings: Sequence[str], position: int) -> str:
    """The heading, shortened; "column D" where it has none."""
    text = headings[position] if position < len(headings) else ""
    return shorten(text) or f"column {column_letter(position)}"


class ColumnPlanner:
    """Works out a plan for a row of headings. `mapping` is the user's word: heading to question id or role."""

    def __init__(self, matcher: QuestionMatcher, question_ids: Sequence[str], mapping: Mapping[str, str]) -> None:
        self._matcher = matcher
        self._question_ids = tuple(question_ids)
        self._mapping = dict(mapping)
        self._mapped_names = {fold(name) for name in mapping}

    def count_known(self, cells: Sequence[str]) -> int:
        """How many different columns a row would name if it were the header."""
        return len({fold(cell) for cell in cells if cell and len(cell) <= LONGEST_HEADING and self._is_known(cell)})

    def is_question(self, cell: str) -> bool:
        """Whether the cell is a question's heading; one that forms use for something else has to be written exactly."""
        match = self._matcher.match(cell)
        return match.question_id is not None and not (match.how and names.is_known(cell))

    def _is_known(self, cell: str) -> bool:
        return fold(cell) in self._mapped_names or names.is_known(cell) or self.is_question(cell)

    def plan(self, headings: Sequence[str], findings: Findings) -> ColumnPlan:
        """The plan; what was not obvious is noted, and what cannot be told stops here as a TableError."""
        settled = settle_columns(headings, self._mapping, self._question_ids, findings)
        findings.stop_at_mistakes(
            "The columns given with --map do not fit the table.", hint=f"Columns: {_list_names(headings)}."
        )
        open_positions = [at for at in range(len(headings)) if at not in settled and headings[at].strip()]
        question = _role(settled, "question") or _first(headings, open_positions, names.QUESTION_HEADINGS)
        answer = _role(settled, "answer") or _first(headings, open_positions, names.ANSWER_HEADINGS)
        mapped_questions = any(choice.question_id for choice in settled.values())
        if question and answer and not mapped_questions:
            plan = self._plan_long(headings, open_positions, settled, (question, answer), findings)
        else:
            plan = self._plan_wide(headings, open_positions, settled, findings)
        findings.stop_at_mistakes(
            "The columns of the table cannot be told apart.", hint=f"Columns: {_list_names(headings)}. {MAP_HINT}"
        )
        plan = replace(plan, identity=self._identity_columns(plan, settled))
        self._note_unread(plan, settled, findings)
        return plan

    def _identity_columns(self, plan: ColumnPlan, settled: Mapping[int, ColumnChoice]) -> tuple[IdentityColumn, ...]:
        """The columns that say who wrote the answers: by the user's word, else by their headings."""
        answers = {plan.question, plan.answer, plan.answer_id, *(each.position for each in plan.questions)}
        found = []
        for at, heading in enumerate(plan.headings):
            if at in settled:
                kind = names.IDENTITY_ROLES.get(settled[at].role or "")
            else:
                kind = None if at in answers else names.identity_kind(heading)
            if kind is not None:
                found.append(IdentityColumn(at, kind))
        return tuple(found)

    def _plan_long(
        self,
        headings: Sequence[str],
        open_positions: Sequence[int],
        settled: Mapping[int, ColumnChoice],
        pair: tuple[Found, Found],
        findings: Findings,
    ) -> ColumnPlan:
        question, answer = pair
        free = [at for at in open_positions if at not in (question.position, answer.position)]
        both = [at for at in free if self.is_question(headings[at])]
        if both:
            findings.mistake(
                f"is headed by a question, but {column_name(headings, question.position)!r} and "
                f"{column_name(headings, answer.position)!r} hold questions and answers row by row: say which is "
                f"meant with {_map_hint(headings, both[0], 'ignore')}",
                column=column_name(headings, both[0]),
            )
        # A form's own number ("ID") would be the row's here, not the candidate's.
        accepted = names.CANDIDATE_ID_HEADINGS + names.CANDIDATE_HEADINGS + names.EMAIL_HEADINGS
        candidate = _role(settled, "candidate_id") or _first(headings, free, accepted)
        if candidate is None:
            rest = [at for at in free if at not in settled]
            findings.mistake(
                "no column names the candidate (accepted: candidate_id, applicant_id, email and the like): name "
                f"it{_map_line(headings, rest, 'candidate_id')}"
            )
        answer_id = _role(settled, "answer_id") or _first(headings, free, names.ANSWER_ID_HEADINGS)
        self._note_candidate(headings, candidate, settled, findings)
        return ColumnPlan(
            layout="long",
            headings=tuple(headings),
            candidate=candidate.position if candidate else None,
            may_hold_names=_may_hold_names(headings, candidate, settled),
            question=question.position,
            answer=answer.position,
            answer_id=answer_id.position if answer_id else None,
        )

    def _plan_wide(
        self,
        headings: Sequence[str],
        open_positions: Sequence[int],
        settled: Mapping[int, ColumnChoice],
        findings: Findings,
    ) -> ColumnPlan:
        for role in ("answer_id", "answer", "question"):
            found = _role(settled, role)
            if found and not _long_is_meant(settled):
                findings.mistake(
                    f"--map says {role}, which only a table with one answer a row has",
                    column=column_name(headings, found.position),
                )
        columns = {at: choice.question_id for at, choice in settled.items() if choice.question_id}
        matches = {
            at: self._matcher.match(headings[at])
            for at in open_positions
            if not names.is_companion(headings[at])
            and (self.is_question(headings[at]) or not names.is_known(headings[at]))
        }
        columns.update({at: match.question_id for at, match in matches.items() if match.question_id})
        free = [at for at in open_positions if at not in columns]
        self._check_questions(headings, columns, matches, findings)
        if not columns and not findings.has_mistakes:
            self._say_what_is_missing(headings, free, settled, findings)
        accepted = (
            *names.CANDIDATE_ID_HEADINGS, *names.CANDIDATE_HEADINGS, *names.FORM_ID_HEADINGS, *names.EMAIL_HEADINGS
        )  # fmt: skip
        candidate = _role(settled, "candidate_id") or _first(headings, free, accepted)
        self._note_candidate(headings, candidate, settled, findings)
        return ColumnPlan(
            layout="wide",
            headings=tuple(headings),
            candidate=candidate.position if candidate else None,
            may_hold_names=_may_hold_names(headings, candidate, settled),
            questions=tuple(QuestionColumn(at, columns[at]) for at in sorted(columns)),
        )

    def _check_questions(
        self,
        headings: Sequence[str],
        columns: Mapping[int, str],
        matches: Mapping[int, QuestionMatch],
        findings: Findings,
    ) -> None:
        """Note what was matched with differences; two columns for a question, or only an unclear one, stop."""
        found: dict[str, list[int]] = {}
        for at, question_id in sorted(columns.items()):
            found.setdefault(question_id, []).append(at)
        for question_id, positions in found.items():
            if len(positions) > 1:
                letters = " and ".join(column_letter(at) for at in positions)
                findings.mistake(
                    f"columns {letters} are both read as question {question_id!r}: leave one out with "
                    f'--map "column {column_letter(positions[-1])}=ignore"',
                    column=column_name(headings, positions[-1]),
                )
        for at, match in matches.items():
            if match.question_id and match.how:
                findings.note(
                    f"column {column_name(headings, at)!r} read as question {match.question_id!r} ({match.how})"
                )
            elif match.nearest and match.nearest not in found:
                findings.mistake(
                    f"is like question {match.nearest!r} ({match.alike:.0f}% alike), but not enough to be sure: if it "
                    f"is meant, {_map_hint(headings, at, match.nearest)}; if not, {_map_hint(headings, at, 'ignore')}",
                    column=column_name(headings, at),
                )

    def _say_what_is_missing(
        self,
        headings: Sequence[str],
        free: Sequence[int],
        settled: Mapping[int, ColumnChoice],
        findings: Findings,
    ) -> None:
        question = _role(settled, "question") or _first(headings, free, names.QUESTION_HEADINGS)
        answer = _role(settled, "answer") or _first(headings, free, names.ANSWER_HEADINGS)
        taken = {found.position for found in (question, answer) if found} | set(settled)
        unknown = [at for at in free if at not in taken and not names.is_known(headings[at])] or [
            at for at in free if at not in taken
        ]
        if question:
            findings.mistake(f"missing column answer: name it{_map_line(headings, unknown, 'answer')}")
        elif answer:
            findings.mistake(f"missing column question: name it{_map_line(headings, unknown, 'question')}")
        else:
            asked = ", ".join(self._question_ids)
            findings.mistake(
                f"no column is headed by a question's id, title or text (questions: {asked}), and there are no "
                f"columns question and answer: name them{_map_line(headings, unknown, self._question_ids[0])}"
            )

    def _note_candidate(
        self,
        headings: Sequence[str],
        candidate: Found | None,
        settled: Mapping[int, ColumnChoice],
        findings: Findings,
    ) -> None:
        if candidate is None:
            findings.note("no column names the candidate: every row counts as a candidate, named row-2 and so on")
        elif (
            candidate.position not in settled and fold(headings[candidate.position]) not in names.CANDIDATE_ID_HEADINGS
        ):
            findings.note(f"candidates are told apart by column {column_name(headings, candidate.position)!r}")

    def _note_unread(self, plan: ColumnPlan, settled: Mapping[int, ColumnChoice], findings: Findings) -> None:
        of_people = [each for each in plan.identity if each.position != plan.candidate]
        if of_people:
            listed = _list_names([column_name(plan.headings, each.position) for each in of_people])
            findings.note(f"columns read only to take what they say out of the answers before grading: {listed}")
        used = {
            *(each.position for each in plan.identity),
            plan.candidate,
            plan.question,
            plan.answer,
            plan.answer_id,
            *(each.position for each in plan.questions),
        }
        ignored_by_user = {at for at, choice in settled.items() if choice.role == "ignore"}
        unread = [text for at, text in enumerate(plan.headings) if text and at not in used | ignored_by_user]
        asked = {each.question_id for each in plan.questions}
        unasked = [each for each in self._question_ids if each not in asked] if plan.layout == "wide" else []
        if unread:
            findings.note(f"columns not read: {_list_names(unread)}")
        note_unasked(unasked, findings)
        if unread and (unasked or plan.candidate is None):
            findings.note('if a column that was not read holds one of these, say so with --map "COLUMN=WHAT"')


def note_unasked(question_ids: Sequence[str], findings: Findings) -> None:
    """Note the questions of the questionnaire that the table does not ask."""
    if question_ids:
        findings.note(f"the table does not ask: {', '.join(question_ids)}")


@dataclass(frozen=True, slots=True)
class Found:
    """A column that was found; a record, so that position 0 is not taken for "none"."""

    position: int


def _role(settled: Mapping[int, ColumnChoice], role: str) -> Found | None:
    return next((Found(at) for at, choice in settled.items() if choice.role == role), None)


def _may_hold_names(headings: Sequence[str], candidate: Found | None, settled: Mapping[int, ColumnChoice]) -> bool:
    if candidate is None or candidate.position in settled:
        return False
    return fold(headings[candidate.position]) in names.CANDIDATE_HEADINGS


def _long_is_meant(settled: Mapping[int, ColumnChoice]) -> bool:
    return not any(choice.question_id for choice in settled.values())


def _first(headings: Sequence[str], positions: Iterable[int], accepted: Sequence[str]) -> Found | None:
    """The column whose heading stands earliest among the accepted ones; the leftmost of equals."""
    ranks = {spelling: rank for rank, spelling in enumerate(accepted)}
    ranked = [(ranks[folded], at) for at in positions if (folded := fold(headings[at])) in ranks]
    return Found(min(ranked)[1]) if ranked else None


def _map_hint(headings: Sequence[str], at: int, target: str) -> str:
    """The option that settles this column, by its letter where its heading is long or not its own."""
    text = headings[at]
    plain = len(text) <= 40 and '"' not in text and "\n" not in text and headings.count(text) == 1
    return f'--map "{text if plain else f"column {column_letter(at)}"}={target}"'


def _map_line(headings: Sequence[str], candidates: Sequence[int], target: str) -> str:
    """The option to copy, with a column of this table where one is left that could be meant."""
    if not candidates:
        return f' with --map "COLUMN={target}"'
    # A question is a longer heading than what else a table has.
    likely = max(candidates, key=lambda at: len(headings[at]))
    return f", for example {_map_hint(headings, likely, target)}"


def _list_names(headings: Sequence[str]) -> str:
    named = [repr(shorten(text, 40)) for text in headings if text]
    more = f" and {len(named) - HEADINGS_NAMED} more" if len(named) > HEADINGS_NAMED else ""
    return ", ".join(named[:HEADINGS_NAMED]) + more if named else "none"
