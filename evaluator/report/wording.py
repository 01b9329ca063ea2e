"""What codes are called when people read them: flags, bands, statuses, reasons, numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from evaluator.core.grade import Band, FlagCode, Status
from evaluator.core.rubric import Rubric
from evaluator.core.score import band_of

if TYPE_CHECKING:
    # Its figures bring numpy, which a grading run has no use for.
    from evaluator.core.evaluation import EvaluationUsage

FLAG_NAMES: Mapping[FlagCode, str] = {
    "ungraded": "Not graded",
    "evidence_unverified": "Quoted words not found",
    "graders_disagree": "Readings disagree",
    "low_confidence": "Low confidence",
    "near_bar": "Close to the bar",
    "injection_suspected": "Possible instruction to the grader",
    "hidden_characters": "Hidden characters",
    "keyword_stuffing": "Possible keyword stuffing",
    "too_short": "Very short",
    "copied_question": "Repeats the question",
    "off_topic": "Possibly off topic",
    "other_language": "Another language",
    "near_duplicate": "Nearly the same as another answer",
    "truncated": "Cut off",
    "red_flag": "Red flag",
}
STATUS_NAMES: Mapping[Status, str] = {
    "graded": "graded",
    "ungraded": "not graded",
    "not_answered": "not answered",
}
BAND_NAMES: Mapping[Band, str] = {"meets_bar": "meets the bar", "below_bar": "below the bar"}

# A reason in a grade begins with its code, for programs: "blank: The field was left empty."
_CODE = re.compile(r"^[a-z]+(?:_[a-z]+)*:\s+(?=\S)")


def reason_in_words(reason: str | None) -> str:
    """The sentence of a reason, without the code in front of it."""
    if not reason:
        return "No reason was recorded."
    sentence = _CODE.sub("", reason, count=1)
    return sentence[:1].upper() + sentence[1:]


def band_in_words(band: Band | None) -> str:
    """The band; a candidate with an answer missing has none."""
    return "not compared" if band is None else BAND_NAMES[band]


def number(value: float) -> str:
    """At most two decimals, no trailing zeros: 7, 7.5, 7.08. The minus is a minus."""
    return f"{value:.2f}".rstrip("0").rstrip(".").replace("-", "−")


def counted(count: int, one: str, many: str | None = None) -> str:
    """1 answer, 2 answers, 1,200 answers."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def shown_score(score: float, rubric: Rubric) -> str:
    """Two decimals, or as many more as it takes not to show a score on the other side of the bar."""
    decimals = 2
    while decimals < 6 and band_of(round(score, decimals), rubric) != band_of(score, rubric):
        decimals += 1
    return f"{score:.{decimals}f}"


def duration(seconds: float) -> str:
    """0.4 s, 12 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def shortened(name: str, longest: int) -> str:
    """A grader's name in so many characters: cut in the middle, so that what tells two of them apart stays.

    That is the part in brackets at the end, where there is one.
    """
    if len(name) <= longest:
        return name
    bracket = name.rfind(" [")
    ending = name[bracket:] if 0 < len(name) - bracket < longest - 1 and bracket > 0 else name[-(longest // 2) :]
    return f"{name[: longest - len(ending) - 1]}…{ending}"


def cost_of(usage: EvaluationUsage | None) -> str:
    """What one run over the split cost; a price that is not known is said."""
    if usage is None:
        return "–"
    return "unknown" if usage.cost_usd is None else f"${usage.cost_usd:.4f}"
