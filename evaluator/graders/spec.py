"""The words after `--grader`: which rater, and the name it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from evaluator.core.meant import suggestion
from evaluator.errors import UsageError

Kind = Literal["baseline", "local", "openai", "langchain", "scripted"]
_NEEDS: dict[str, str | None] = {
    "baseline": None,
    "local": None,
    "openai": "a model, as in openai:MODEL",
    "langchain": "a factory, as in langchain:package.module:factory",
    "scripted": "a file, as in scripted:replies.jsonl",
}
_HINT = (
    "Choose baseline, local, openai:MODEL, langchain:package.module:factory, scripted:FILE, or several of them as "
    "panel:SPEC,SPEC."
)


@dataclass(frozen=True, slots=True)
class RaterSpec:
    """One rater: its kind and, where the kind takes one, a name (a model, a factory, a file)."""

    kind: Kind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


def parse_grader(text: str) -> tuple[RaterSpec, ...]:
    """The raters that `--grader` names: one, or those of a panel. Raises UsageError."""
    kind, _, rest = text.strip().partition(":")
    if kind != "panel":
        return (_rater(text.strip()),)
    raters = tuple(_rater(part.strip()) for part in rest.split(",") if part.strip())
    if len(raters) < 2:
        raise UsageError(f"The panel '{text}' has fewer than two graders.", hint=_HINT)
    repeated = sorted({str(rater) for rater in raters if raters.count(rater) > 1})
    if repeated:
        raise UsageError(
            f"The panel names {', '.join(repeated)} twice.", hint="Ask one grader several times with --samples K."
        )
    return raters


def _rater(text: str) -> RaterSpec:
    kind, _, name = text.partition(":")
    if kind not in _NEEDS:
        meant = suggestion(kind.lower(), (*_NEEDS, "panel"))
        raise UsageError(f"There is no grader '{text}'{meant or '.'}", hint=_HINT)
    needs = _NEEDS[kind]
    if needs and not name:
        raise UsageError(f"The grader '{kind}' needs {needs}.", hint=_HINT)
    if not needs and name:
        raise UsageError(f"The grader '{kind}' takes no name, but was given '{name}'.", hint=_HINT)
    return RaterSpec(cast(Kind, kind), name)
