"""What the user says a column is (`--map COLUMN=QUESTION`), checked against the table's headings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import process

from evaluator.core.folding import fold
from evaluator.files.tables.findings import Findings
from evaluator.files.tables.heading import ROLES, Role, column_letter, shorten

BY_LETTER = re.compile(r"column ([A-Z]{1,3})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """What a column is by the user's word: one question's answers, or a role; exactly one is set."""

    question_id: str | None = None
    role: Role | None = None


def settle_columns(
    headings: Sequence[str], mapping: Mapping[str, str], question_ids: Sequence[str], findings: Findings
) -> dict[int, ColumnChoice]:
    """The columns that `mapping` settles, by position; every entry that does not fit is a mistake in `findings`.

    A column is named by its heading (case, spaces and punctuation do not count) or, where headings repeat or
    are long, by "column D".
    """
    settled: dict[int, ColumnChoice] = {}
    for name, target in mapping.items():
        choice = _choice(target, question_ids)
        if choice is None:
            findings.mistake(
                f"{target!r} is neither a question ({', '.join(question_ids)}) nor one of {', '.join(ROLES)}"
                f"{_nearest(target, [*question_ids, *ROLES])}",
                column=shorten(name),
            )
            continue
        positions = _positions(name, headings)
        if not positions:
            findings.mistake(f"there is no such column{_nearest(name, headings)}", column=shorten(name))
        elif len(positions) > 1 and choice.role != "ignore":
            letters = " or ".join(f'"column {column_letter(at)}={target}"' for at in positions)
            findings.mistake(f"{len(positions)} columns are headed so: write {letters}", column=shorten(name))
        else:
            settled.update(dict.fromkeys(positions, choice))
    _find_repeats(headings, settled, findings)
    return settled


def _choice(target: str, question_ids: Sequence[str]) -> ColumnChoice | None:
    if target in question_ids:
        return ColumnChoice(question_id=target)
    return next((ColumnChoice(role=role) for role in ROLES if role == target), None)


def _positions(name: str, headings: Sequence[str]) -> list[int]:
    exact = [at for at, text in enumerate(headings) if text.strip() == name.strip()]
    if exact:
        return exact
    folded = [at for at, text in enumerate(headings) if text and fold(text) == fold(name)]
    if folded:
        return folded
    by_letter = BY_LETTER.fullmatch(name.strip())
    return [at for at in range(len(headings)) if by_letter and column_letter(at) == by_letter[1].upper()]


def _find_repeats(headings: Sequence[str], settled: Mapping[int, ColumnChoice], findings: Findings) -> None:
    taken: dict[ColumnChoice, int] = {}
    for at, choice in settled.items():
        if choice.role != "ignore" and taken.setdefault(choice, at) != at:
            other = shorten(headings[taken[choice]])
            what = choice.question_id or choice.role
            findings.mistake(f"{what!r} is given to column {other!r} already", column=shorten(headings[at]))


def _nearest(written: str, known: Sequence[str]) -> str:
    found = process.extractOne(fold(written), [fold(each) for each in known], score_cutoff=60)
    return f"; did you mean {shorten(known[found[2]])!r}?" if found else ""
