"""A small made-up run, hostile where it can be: what the report's tests write down and read back."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from evaluator.core.answer import Absence, Answer
from evaluator.core.candidate import CandidateStanding, in_reading_order, standing_of
from evaluator.core.grade import CriterionGrade, Evidence, Flag, Grade, Provenance, RedFlagSeen, Status
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import Rubric
from evaluator.core.run_manifest import RunManifest, UsageTotals
from evaluator.core.score import band_of, score_of
from evaluator.report.graded_answer import GradedAnswer

RUBRIC = Rubric.model_validate(
    {
        "id": "support_desk",
        "version": 1,
        "title": "Support desk",
        "scale": {"levels": [0, 1, 2, 3]},
        "score_out_of": 10,
        "advance_at": 7,
        "criteria": [
            {
                "id": "cause",
                "name": "Looks for the cause",
                "asks": "Does the answer look for what went wrong before it repairs anything?",
                "weight": 2,
                "levels": {
                    0: "Repairs at once, or does nothing.",
                    1: "Says that the cause should be found.",
                    2: "Names one thing to look at.",
                    3: "Names what to look at, in an order, and what each finding would mean.",
                },
            },
            {
                "id": "customer",
                "name": "Keeps the customer informed",
                "asks": "Does the customer hear what happens, and when?",
                "levels": {
                    0: "The customer is not mentioned.",
                    1: "The customer is told something, at no stated time.",
                    2: "The customer is told what and when.",
                    3: "The customer is told what and when, and who to turn to.",
                },
                "checks": {
                    "told": "Is the customer told anything?",
                    "when": "Does the answer say when?",
                    "who": "Does the answer say who to turn to?",
                },
                "level_rules": {1: "told", 2: "told and when", 3: "told and when and who"},
            },
        ],
        "red_flags": [
            {
                "id": "blames",
                "name": "Blames the customer",
                "looks_like": "Says that the customer is at fault before anything was looked at.",
            }
        ],
    }
)
QUESTIONNAIRE = Questionnaire.model_validate(
    {
        "id": "support_screen",
        "version": 1,
        "title": "Support desk, two written questions",
        "rubric": "support_desk",
        "questions": [
            {
                "id": "outage",
                "title": "The shop is down",
                "text": "A customer writes that the shop shows <502> & nothing else. What do you do first?",
                "criteria": ["cause", "customer"],
            },
            {
                "id": "refund",
                "title": "A refund that never came",
                "text": "A refund was promised ten days ago. What do you write, and what do you check?",
                "criteria": ["cause", "customer"],
            },
        ],
    }
)

GOOD = (
    "First I would look at the status page and the last deployment, because a 502 means that the proxy gets no "
    "reply.\n\nIf the deployment is an hour old I roll it back; if not, I look at the logs of the upstream. I write "
    "to the customer within 10 minutes what we know, and again every 30 minutes, with my name and number."
)
# Everything that might break a page: markup, a script, an entity, a template, direction overrides, tag characters
# that spell a word, a control character, an emoji made of three, right-to-left writing, a word without an end.
NASTY = (
    "</div></style><script>alert('owned')</script><img src=x onerror=alert(1)> &lt;b&gt; {{ 7*7 }} {% raw %}\r\n"
    "I check \u202erefund\u202c the ledger first\x07, then the bank \U000e0062\U000e0065\U000e0020\U000e006b"
    "\U000e0069\U000e006e\U000e0064. 👩\u200d💻 wrote: أكتب للعميل خلال ساعة واحدة\n\t" + "Donaudampfschifffahrt" * 40
)
LONG_NAME = "Maximiliane-Theodora_von_und_zu_" + "Hohenschwangau" * 6
HOSTILE_NAME = '<b onmouseover="alert(2)">Eve</b>\u202e=1+1'


@dataclass(frozen=True)
class MadeUpRun:
    """Everything that the report's writers take."""

    manifest: RunManifest
    graded: tuple[GradedAnswer, ...]
    standings: tuple[CandidateStanding, ...]
    comparison: dict[str, Grade]
    rubric: Rubric = field(default=RUBRIC)
    questionnaire: Questionnaire = field(default=QUESTIONNAIRE)


@pytest.fixture
def run() -> MadeUpRun:
    """Four candidates, seven answers: graded, fallen, disagreed about, blank and ungraded."""
    graded = (
        _graded(
            LONG_NAME,
            "outage",
            GOOD,
            {
                "cause": (3, 3.0, ("look at the status page and the last deployment, because a 502 means that the",
                                   "the last deployment, because a 502 means that the proxy gets no reply",
                                   "If the deployment is an hour old I roll it back")),
                "customer": (3, 3.0, ("a 502 means that the proxy", "within 10 minutes what we know",
                                      "with my name and number")),
            },
        ),
        _graded(
            LONG_NAME,
            "refund",
            "I check whether the refund left our bank, and tell the customer today.",
            {"cause": (2, 1.67, ("whether the refund left our bank",)), "customer": (1, 1.33, ("tell the customer",))},
            flags=(
                Flag(code="graders_disagree", severity="review", detail="Readings differ by 2 levels."),
            ),
            spread=2.0,
            samples=3,
        ),
        _graded(
            HOSTILE_NAME,
            "refund",
            NASTY,
            {
                "cause": (2, 2.0, ("the ledger first", "I check \u202erefund\u202c the ledger first\x07, then the bank",
                                   "<script>alert('not there')</script>")),
                "customer": (0, 0.0, ("we call you tomorrow & the day after",)),
            },
            claimed={"customer": 2},
            red_flags=("I check \u202erefund",),
            flags=(
                Flag(code="hidden_characters", severity="review", detail="9 characters do not show.", start=0, end=160),
                Flag(code="injection_suspected", severity="review", detail="Addresses the <grader>.", start=0, end=11),
                Flag(code="red_flag", severity="note", detail="Blames the customer."),
            ),
        ),
        _not_graded(HOSTILE_NAME, "outage", "", "not_answered", "blank: The field was left empty.", absent="blank"),
        _not_graded("c3", "outage", "I would restart it.", "ungraded", "timeout: no reply within 60 s, three times."),
        _graded("c3", "refund", "No idea, sorry.", {"cause": (0, 0.0, ()), "customer": (0, 0.0, ())}),
        _not_graded("c4", "outage", "n/a", "not_answered", "placeholder: The candidate wrote that there is no answer.",
                    absent="placeholder"),
    )  # fmt: skip
    return MadeUpRun(manifest_of(graded), graded, standings_of(graded), {graded[0].grade.answer_id: _other(graded[0])})


def standings_of(graded: tuple[GradedAnswer, ...]) -> tuple[CandidateStanding, ...]:
    """The candidates' standings, in reading order."""
    questions = [question.id for question in QUESTIONNAIRE.questions]
    by_candidate: dict[str, list[Grade]] = {}
    for each in graded:
        by_candidate.setdefault(each.grade.candidate_id, []).append(each.grade)
    return tuple(
        in_reading_order(
            standing_of(candidate, grades, questions, RUBRIC) for candidate, grades in by_candidate.items()
        )
    )


def manifest_of(graded: tuple[GradedAnswer, ...]) -> RunManifest:
    """The manifest of a run that gave these grades."""
    grades = [each.grade for each in graded]
    evidence = [one for grade in grades for criterion in grade.criteria for one in criterion.evidence]
    return RunManifest(
        run_id="run-0001",
        started_at="2026-01-02T03:04:05Z",
        finished_at="2026-01-02T03:06:25Z",
        outcome="finished",
        stopped_because=None,
        input_name="answers <final>.csv",
        input_sha256="1" * 64,
        layout="wide",
        notes=("Column 'Refund?' was matched to question refund.", "Row 9 is empty and was passed over."),
        grader="scripted:replies.jsonl",
        is_language_model=False,
        about_grader="These grades were made up for a test: they come from a file and say nothing about anybody.",
        prompt="levels/v1",
        prompt_sha256="2" * 64,
        calls="all",
        samples=1,
        rubric="support_desk v1",
        rubric_sha256="3" * 64,
        questionnaire="support_screen v1",
        questionnaire_sha256="4" * 64,
        questions_asked=("outage", "refund"),
        answers=len(grades),
        graded=sum(grade.status == "graded" for grade in grades),
        not_answered=sum(grade.status == "not_answered" for grade in grades),
        ungraded=sum(grade.status == "ungraded" for grade in grades),
        to_review=sum(grade.needs_review for grade in grades),
        candidates=len({grade.candidate_id for grade in grades}),
        quotes_claimed=len(evidence),
        quotes_found=sum(one.verified for one in evidence),
        usage=UsageTotals(
            requests=9, input_tokens=12345, output_tokens=2345, cached_tokens=None, cost_usd=None, seconds=140.0
        ),
        evaluator_version="0.0.0",
    )


@pytest.fixture
def many() -> MadeUpRun:
    """A run of 1,000 candidates and 2,000 answers, every eighth answer flagged for a person."""
    near = (Flag(code="near_bar", severity="review", detail="The score is close to the bar."),)
    graded = tuple(
        _graded(
            f"candidate {number:04d}",
            question,
            GOOD,
            {
                "cause": (number % 4, float(number % 4), ("the last deployment",)),
                "customer": (1, 1.0, ("with my name",)),
            },
            flags=near if number % 4 == 0 and question == "refund" else (),
        )
        for number in range(1000)
        for question in ("refund", "outage")
    )
    return MadeUpRun(manifest_of(graded), graded, standings_of(graded), {})


@pytest.fixture
def crowd() -> MadeUpRun:
    """1,200 candidates with one answer each, every fourth flagged for a person."""
    near = (Flag(code="near_bar", severity="review", detail="The score is close to the bar."),)
    graded = tuple(
        _graded(
            f"candidate {number:04d}",
            "refund",
            GOOD,
            {"cause": (number % 4, float(number % 4), ()), "customer": (number % 4, float(number % 4), ())},
            flags=near if number % 4 == 2 else (),
        )
        for number in range(1200)
    )
    return MadeUpRun(manifest_of(graded), graded, standings_of(graded), {})


def _graded(
    candidate: str,
    question: str,
    text: str,
    levels: dict[str, tuple[int, float, tuple[str, ...]]],
    *,
    flags: tuple[Flag, ...] = (),
    claimed: dict[str, int] | None = None,
    red_flags: tuple[str, ...] = (),
    spread: float | None = None,
    samples: int = 1,
) -> GradedAnswer:
    answer_id = f"{candidate}.{question}"
    score = score_of({criterion: expected for criterion, (_, expected, _) in levels.items()}, RUBRIC)
    grade = Grade(
        answer_id=answer_id,
        candidate_id=candidate,
        question_id=question,
        status="graded",
        criteria=tuple(
            CriterionGrade(
                id=criterion,
                level=level,
                expected_level=expected,
                spread=spread,
                claimed_level=(claimed or {}).get(criterion),
                checks={"told": True, "when": level > 1, "who": level > 2} if criterion == "customer" else None,
                evidence=tuple(_evidence(text, quote, "told" if criterion == "customer" else None) for quote in quotes),
                missing="" if level == 3 else "What each finding would mean.",
                rationale=f"The words <quoted> earn level {level}." if quotes else "",
            )
            for criterion, (level, expected, quotes) in levels.items()
        ),
        red_flags=tuple(_red_flag(text, quote) for quote in red_flags),
        score=score,
        band=band_of(score, RUBRIC),
        flags=flags,
        provenance=_provenance(samples),
    )
    return GradedAnswer(Answer(answer_id, candidate, question, text, row=2), grade)


def _evidence(text: str, quote: str, check: str | None) -> Evidence:
    at = text.find(quote)
    if at < 0:
        return Evidence(quote=quote, check=check)
    return Evidence(quote=quote, start=at, end=at + len(quote), verified=True, check=check)


def _red_flag(text: str, quote: str) -> RedFlagSeen:
    at = text.find(quote)
    return RedFlagSeen(id="blames", quote=quote, start=at, end=at + len(quote), verified=True)


def _not_graded(
    candidate: str, question: str, text: str, status: Status, reason: str, absent: Absence | None = None
) -> GradedAnswer:
    answer_id = f"{candidate}.{question}"
    flags = (Flag(code="ungraded", severity="review", detail=reason),) if status == "ungraded" else ()
    grade = Grade(
        answer_id=answer_id,
        candidate_id=candidate,
        question_id=question,
        status=status,
        reason=reason,
        flags=flags,
        provenance=_provenance(1),
    )
    return GradedAnswer(Answer(answer_id, candidate, question, text, absent=absent, row=3), grade)


def _other(graded: GradedAnswer) -> Grade:
    criteria = tuple(
        criterion.model_copy(update={"level": 1, "expected_level": 1.0, "evidence": ()})
        for criterion in graded.grade.criteria
    )
    score = score_of({criterion.id: 1.0 for criterion in criteria}, RUBRIC)
    provenance = graded.grade.provenance.model_copy(update={"grader": "baseline"})
    return graded.grade.model_copy(update={"criteria": criteria, "score": score, "provenance": provenance})


def _provenance(samples: int) -> Provenance:
    return Provenance(
        grader="scripted:replies.jsonl",
        model_requested=None,
        model_returned=None,
        prompt="levels/v1",
        prompt_sha256="2" * 64,
        rubric_sha256="3" * 64,
        schema_sha256="5" * 64,
        questionnaire_sha256="4" * 64,
        params={},
        samples=samples,
        fingerprint="6" * 64,
        input_tokens=100,
        output_tokens=50,
        requests=1,
        cached_tokens=None,
        cost_usd=None,
        latency_ms=12.5,
        evaluator_version="0.0.0",
        graded_at="2026-01-02T03:05:00Z",
    )
