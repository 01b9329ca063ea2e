"""`history.jsonl` of an eval set: every look at its test split, appended, so that repeated peeking shows."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from evaluator.core.evaluation import Look
from evaluator.core.look import LookRecord, ordinal
from evaluator.errors import EvalSetError, Mistake
from evaluator.files.eval_set_file import HISTORY

TEST_SPLIT = "test"


def read_looks(folder: Path) -> tuple[LookRecord, ...]:
    """Every look that is recorded; none where there is no history. Raises EvalSetError naming the line."""
    path = folder / HISTORY
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise EvalSetError(f"{path} cannot be read as UTF-8 text.") from error
    looks = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            looks.append(LookRecord.model_validate_json(line))
        except ValidationError as error:
            mistake = Mistake(str(error.errors(include_input=False)[0]["msg"]), str(path), number)
            hint = "The history is only ever appended to: restore the line from version control."
            raise EvalSetError("A line of the history is not a look.", hint=hint, mistakes=[mistake]) from None
    return tuple(looks)


def record_look(folder: Path, look: LookRecord) -> Look:
    """Appends a look at a split called test; of other splits no history is kept.

    Where the folder cannot be written to (an installed package) the look is counted, not recorded, and says so.
    """
    if look.split != TEST_SPLIT:
        return Look(number=None, recorded=False, said=f"Split '{look.split}': no history is kept of looks at it.")
    number = 1 + sum(before.split == look.split for before in read_looks(folder))
    said = f"This is the {ordinal(number)} look at the split '{look.split}'"
    try:
        with (folder / HISTORY).open("a", encoding="utf-8", newline="\n") as history:
            history.write(look.model_dump_json() + "\n")
    except OSError as error:
        because = error.strerror or "it cannot be written"
        return Look(
            number=number,
            recorded=False,
            said=f"{said}; it was NOT recorded ({HISTORY} of the set: {because}), so later reports will not count it.",
        )
    return Look(number=number, recorded=True, said=f"{said}, recorded in its {HISTORY}.")
