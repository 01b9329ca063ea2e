"""What a page says about the run itself: what graded it, from which files and versions, and what it took."""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.core.run_manifest import RunManifest, UsageTotals
from evaluator.report.wording import counted, duration


@dataclass(frozen=True, slots=True)
class Fact:
    """One line about the run; `code` is set where the value is a name or a hash."""

    term: str
    value: str
    code: bool = False


@dataclass(slots=True)
class LevelAgreement:
    """How often another grader gave the same level, counted as the answers go by."""

    levels: int = 0
    same: int = 0
    within_one: int = 0

    def count(self, one: int, other: int) -> None:
        """Takes one pair of levels."""
        self.levels += 1
        self.same += one == other
        self.within_one += abs(one - other) <= 1

    def in_words(self, grader: str) -> str:
        """What the count comes to; two graders that agree may both be wrong."""
        return (
            f"{grader} gives the same level for {self.same:,} of {self.levels:,} and is at most one level away for "
            f"{self.within_one:,}. That two graders agree does not show that either is right."
        )


def outcome_in_words(manifest: RunManifest) -> str:
    """A sentence for a run that did not reach its end; empty for one that did."""
    if manifest.outcome == "finished":
        return ""
    began = "was interrupted" if manifest.outcome == "interrupted" else "stopped early"
    because = f": {manifest.stopped_because.rstrip('.')}" if manifest.stopped_because else ""
    return f"This run {began}{because}. What was graded until then is here."


def facts(manifest: RunManifest) -> list[Fact]:
    """How the run was graded, in the order a reader asks."""
    usage = manifest.usage
    asked = manifest.graded + manifest.ungraded
    return [
        Fact("Grader", manifest.grader, code=True),
        Fact("Language model", "yes" if manifest.is_language_model else "no"),
        Fact("Input", f"{manifest.input_name} ({manifest.layout})"),
        Fact("Input, SHA-256", manifest.input_sha256, code=True),
        Fact("Rubric", manifest.rubric, code=True),
        Fact("Rubric, SHA-256", manifest.rubric_sha256, code=True),
        Fact("Questionnaire", manifest.questionnaire, code=True),
        Fact("Questionnaire, SHA-256", manifest.questionnaire_sha256, code=True),
        Fact("Prompt", manifest.prompt or "none: no model was asked", code=manifest.prompt is not None),
        *([Fact("Prompt, SHA-256", manifest.prompt_sha256, code=True)] if manifest.prompt_sha256 else []),
        *([Fact("Calls", manifest.calls)] if manifest.calls else []),
        *(
            [
                Fact("Calibration", manifest.calibration.fitted_on),
                Fact("Its SHA-256", manifest.calibration.sha256, code=True),
            ]
            if manifest.calibration
            else []
        ),
        *([Fact("Marks on the words of answers", manifest.spotlight, code=True)] if manifest.spotlight else []),
        Fact("Readings of each answer", f"{manifest.samples}"),
        Fact(
            "Answers",
            f"{manifest.answers:,}: {manifest.graded:,} graded, {manifest.not_answered:,} not answered, "
            f"{manifest.ungraded:,} could not be graded",
        ),
        Fact("Quotes found in the answers", _quotes(manifest)),
        Fact("Requests", f"{usage.requests:,}"),
        Fact("Tokens", _tokens(manifest)),
        Fact("Cost", _cost(usage)),
        Fact("Time", _time(usage.seconds, asked)),
        Fact("Started, finished", f"{manifest.started_at}, {manifest.finished_at}"),
        Fact("Run", manifest.run_id, code=True),
        Fact("Evaluator", manifest.evaluator_version, code=True),
    ]


def _cost(usage: UsageTotals) -> str:
    if not usage.requests:
        return "nothing: no model was asked"
    return "no price is known" if usage.cost_usd is None else f"{usage.cost_usd:.4f} US dollars"


def _quotes(manifest: RunManifest) -> str:
    if not manifest.quotes_claimed:
        return "no quotes were given"
    share = 100 * manifest.quotes_found / manifest.quotes_claimed
    return f"{manifest.quotes_found:,} of {manifest.quotes_claimed:,} ({share:.1f} %)"


def _tokens(manifest: RunManifest) -> str:
    usage = manifest.usage
    if usage.input_tokens is None and usage.output_tokens is None:
        return "none were reported"
    known = [
        f"{count:,} {kind}"
        for kind, count in (("read", usage.input_tokens), ("written", usage.output_tokens))
        if count is not None
    ]
    cached = "" if usage.cached_tokens is None else f" ({usage.cached_tokens:,} of those read came from a cache)"
    return ", ".join(known) + cached


def _time(seconds: float, asked: int) -> str:
    if not asked:
        return duration(seconds)
    # Below half a second a rounded figure would read as nothing at all.
    each = f"{1000 * seconds / asked:.0f} ms" if seconds / asked < 0.5 else duration(seconds / asked)
    return f"{duration(seconds)} for {counted(asked, 'answer')}: {each} an answer"
