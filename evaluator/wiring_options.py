"""What the options of a grader cannot be, said before anything is built: a misspelt one is never passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args
from urllib.parse import urlsplit

from evaluator.core.prompt import Calls
from evaluator.core.redaction import Redact
from evaluator.errors import UsageError

if TYPE_CHECKING:
    from evaluator.wiring import GraderOptions

_WHOLE = {"samples": True, "concurrency": False}  # and whether it has to be there


def require_sound(options: GraderOptions) -> None:
    """Raises UsageError for the first option that no grader could be made with."""
    for name, is_needed in _WHOLE.items():
        value = getattr(options, name)
        if value is None and not is_needed:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            raise UsageError(f"{name}={value!r} is no whole number.", hint="Give 1 or more.")
        if value < 1:
            raise UsageError(f"{name}={value} is too few.", hint="Ask for 1 or more.")
    for name, known in (("redact", get_args(Redact)), ("calls", (None, *get_args(Calls)))):
        value = getattr(options, name)
        if value not in known:
            choices = ", ".join(repr(each) for each in known if each is not None)
            raise UsageError(f"{name}={value!r} is not known.", hint=f"Give one of: {choices}.")
    if options.base_url is not None:
        require_address(options.base_url)


def require_address(base_url: str) -> None:
    """Raises UsageError where a model's endpoint is not named by a whole address."""
    try:
        parts = urlsplit(base_url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        # Not repeated as a whole: a password may stand in it.
        shown = base_url.rpartition("@")[2]
        raise UsageError(
            f"The model's address '{shown}' is not a whole one.",
            hint="Give it with http:// or https:// and its path, as in http://127.0.0.1:8080/v1",
        )
