"""When something is done again and again: a time of day, or the five fields that cron has."""

from __future__ import annotations

import re

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_PART = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?")
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))


def cron_of(text: str) -> str:
    """The five fields that `text` means: `02:30` is `30 2 * * *`. Raises ValueError with what is wrong."""
    if matched := _TIME.fullmatch(text.strip()):
        return f"{int(matched[2])} {int(matched[1])} * * *"
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ValueError("has to be a time such as 02:30, or five fields as cron has them")
    for field, (name, least, most) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            if not _fits(part, least, most):
                raise ValueError(f"its {name} has to be *, or numbers from {least} to {most}, as cron has them")
    return " ".join(fields)


def _fits(part: str, least: int, most: int) -> bool:
    matched = _PART.fullmatch(part)
    if matched is None:
        return False
    first, last, step = (None if each is None else int(each) for each in matched.groups())
    ends = [each for each in (first, last) if each is not None]
    return all(least <= each <= most for each in ends) and ends == sorted(ends) and step != 0
