"""What somebody meant who misspelt a name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

CUTOFF = 0.6
"""How like a known name the whole of what was written has to be; 1 where they are the same."""
_PART = re.compile(r"[._\s]+")
_LIKE = 0.6
"""How like each other two parts of them have to be, if they are not the same."""
_NEAREST = 5  # names that are looked at


def meant(written: str, known: Iterable[str], *, cutoff: float = CUTOFF) -> str | None:
    """The name among those known that is likely to be meant; None where none is.

    Each part of it has to be like one of the known name: of a long name that says another source nothing is guessed,
    however much of it is the same.
    """
    names = list(known)
    near = difflib.get_close_matches(written, names, n=_NEAREST, cutoff=cutoff)
    return next((name for name in near if _differs_little(_PART.split(written), _PART.split(name))), None)


def suggestion(written: str, known: Iterable[str]) -> str:
    """What a message about a misspelt name ends with: "; is NAME meant?"; empty where it is like none that is known."""
    name = meant(written, known)
    return "" if name is None else f"; is {name} meant?"


def _differs_little(written: Sequence[str], known: Sequence[str]) -> bool:
    odd = [part for part in written if part not in known]
    free = [part for part in known if part not in written]
    return not free or all(any(_is_like(part, other) for other in free) for part in odd)


def _is_like(part: str, other: str) -> bool:
    return part in other or other in part or difflib.SequenceMatcher(None, part, other).ratio() >= _LIKE
