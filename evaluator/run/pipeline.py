"""The pipeline: all that grading needs and that is the same for all answers of a run, and what tells it from others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property

from evaluator.core.answer import Answer
from evaluator.core.asks import Ask, schema_of
from evaluator.core.calibration import Calibration
from evaluator.core.examples import GradedExample
from evaluator.core.fingerprint import FingerprintByText, fingerprint
from evaluator.core.job_record import JobRecord
from evaluator.core.name_forms import WORD
from evaluator.core.price import Price
from evaluator.core.questionnaire import Question
from evaluator.core.redaction import Redact
from evaluator.core.rubric import Criterion, Rubric
from evaluator.core.suspicion.look import GradingWords
from evaluator.core.task import Rater
from evaluator.core.topic import Topic
from evaluator.files.rubric_file import QuestionSet, load_control_rubric
from evaluator.graders.pacer import Pacer
from evaluator.run.language_flag import languages_of_question
from evaluator.run.shown_example import shown_example


@dataclass(frozen=True, slots=True)
class _Hashes:
    """SHA-256 of what grades an answer."""

    rubric: str
    questionnaire: str
    raters: str
    examples: str
    schemas: Mapping[str, str | None]
    """By question: the schema of a reply to all of its criteria."""


@dataclass(frozen=True)
class Pipeline:
    """Everything that grading an answer needs and that is the same for all answers of a run."""

    question_set: QuestionSet
    raters: tuple[Rater, ...]
    samples: int
    prices: tuple[Price | None, ...]
    """Of each rater; None where no price is known."""
    version: str
    now: Callable[[], datetime]
    first_sample: int = 0
    """The number of the first reading: a repetition counts on, so that the ledger does not answer for the model."""
    calibration: Calibration | None = None
    """Fitted for just this pipeline (`require_fitted_for`); its examples are among those of the question set."""
    pacers: tuple[Pacer, ...] = ()
    """One for each endpoint that is asked."""
    yardstick: Callable[[], Rater | None] = lambda: None
    """Word matching, held beside grades that meet the bar or whose answer speaks to its grader; None: there is none."""
    redact: Redact = "identity"
    """What is taken out of an answer before a grader reads it."""
    control: Callable[[], Rubric] = load_control_rubric
    """What control readings ask for."""
    reads_control: bool = False
    """Whether models are asked for what an answer says nothing of, beside every grade that meets the bar."""
    control_below_bar: bool = False
    """Where they are asked: beside every grade."""

    @cached_property
    def hashes(self) -> _Hashes:
        """Computed once: they are the same for every answer."""
        asks_for = self.raters[0].identity.asks_for
        rubric = self.question_set.rubric
        return _Hashes(
            rubric=fingerprint(rubric),
            questionnaire=fingerprint(self.question_set.questionnaire),
            raters=fingerprint([_told_apart(rater) for rater in self.raters]),
            examples=fingerprint([example.model_dump(mode="json") for example in self.question_set.examples]),
            schemas={
                question.id: None
                if asks_for is None
                else fingerprint(schema_of(Ask(asks_for, self.asked_of[question.id].criteria, rubric.red_flags)))
                for question in self.question_set.questionnaire.questions
            },
        )

    @cached_property
    def fingerprints(self) -> Mapping[str, FingerprintByText]:
        """By question: everything that is asked about an answer, but for its text."""
        hashes = self.hashes
        same = {
            "raters": hashes.raters,
            "samples": self.samples,
            "rubric": hashes.rubric,
            "questionnaire": hashes.questionnaire,
            "examples": hashes.examples,
            **({"calibration": self.calibration.sha256} if self.calibration else {}),
            **({"control": fingerprint(self.control_rubric)} if self.reads_control else {}),
            **({"control_below_bar": True} if self.reads_control and self.control_below_bar else {}),
        }
        return {
            question.id: FingerprintByText("answer", {"question": question.id, **same})
            for question in self.question_set.questionnaire.questions
        }

    @cached_property
    def asked_of(self) -> Mapping[str, _AskedOf]:
        """By question: criteria and examples. The same records for every answer, so that raters prepare them once."""
        return {
            question.id: _AskedOf(
                criteria=tuple(self.question_set.rubric.criterion(criterion) for criterion in question.criteria),
                examples=tuple(
                    _AsShown(each, shown_example(each, self.redact))
                    for each in self.question_set.examples
                    if each.question_id == question.id
                ),
                words=self._grading_words(question),
                topic=self._topic(question),
                languages=frozenset(self.question_set.questionnaire.languages) or languages_of_question(question.text),
            )
            for question in self.question_set.questionnaire.questions
        }

    def _grading_words(self, question: Question) -> GradingWords:
        """What only the rubric says, and an answer to this question can hardly have of itself."""
        criteria = self.question_set.rubric.criteria
        texts = [
            text
            for each in criteria
            for text in (each.asks, *each.levels.values(), *each.guidance, *each.checks.values())
        ]
        names = [name for each in criteria for name in (each.id, each.name)]
        return GradingWords.of(names, texts, [question.text, question.title])

    def _topic(self, question: Question) -> Topic:
        criteria = [self.question_set.rubric.criterion(each) for each in question.criteria]
        texts = [question.text, question.title, question.look_for, question.reference_answer]
        for each in criteria:
            texts += [each.name, each.asks, *each.levels.values(), *each.guidance, *each.checks.values()]
        return Topic.of(texts)

    @cached_property
    def control_rubric(self) -> Rubric:
        """The rubric of control readings, read when it is first needed."""
        return self.control()

    @cached_property
    def ordinary_words(self) -> frozenset[str]:
        """Words that the questions and the rubric use: one of them in an answer is no sign of a person's name."""
        questions, rubric = self.question_set.questionnaire, self.question_set.rubric
        asked = f"{questions.model_dump_json()} {rubric.model_dump_json()}"
        return frozenset(word.lower() for word in WORD.findall(asked) if word.islower())


@dataclass(frozen=True, slots=True)
class _AsShown:
    """A graded example, and what a prompt shows of it."""

    example: GradedExample
    shown: GradedExample


@dataclass(frozen=True)
class _AskedOf:
    """What an answer to one question is held to, and the graded examples that may be shown with it."""

    criteria: tuple[Criterion, ...]
    examples: tuple[_AsShown, ...]
    words: GradingWords
    topic: Topic
    languages: frozenset[str]
    """What answers are expected in; empty: nobody can tell."""

    @cached_property
    def _every_example(self) -> tuple[GradedExample, ...]:
        return tuple(each.shown for each in self.examples)

    def examples_for(self, answer: Answer) -> tuple[GradedExample, ...]:
        """The examples that a prompt shows with an answer."""
        # An example by the same candidate would hand the grader this answer's neighbourhood, and one with the same
        # text its grade: they are left out.
        text = answer.text.strip() if self.examples else ""
        left = tuple(
            each.shown
            for each in self.examples
            if each.example.candidate_id != answer.candidate_id and each.example.answer.strip() != text
        )
        return self._every_example if len(left) == len(self.examples) else left


def _told_apart(rater: Rater) -> dict[str, object]:
    """All that tells this rater from another; one without an endpoint has no address to be told apart by."""
    identity = asdict(rater.identity)
    if identity["address"] is None:
        del identity["address"]
    return identity


def fingerprint_of(pipeline: Pipeline, text: str, question_id: str) -> str:
    """SHA-256 over everything that is asked about an answer, whose `text` is as a grader reads it; a grade's provenance
    has it.
    """
    return pipeline.fingerprints[question_id].of(text)


def endpoint_of(pipeline: Pipeline) -> str | None:
    """Where a model is asked; None where only the model's name says."""
    return ", ".join(dict.fromkeys(each.identity.address for each in pipeline.raters if each.identity.address)) or None


def calls_of(pipeline: Pipeline) -> str | None:
    """How criteria go into requests; None where there are none."""
    return next((str(value) for name, value in pipeline.raters[0].identity.params if name == "calls"), None)


def spotlight_of(pipeline: Pipeline) -> str | None:
    """Which words say what the marks on answers are; None where answers carry none."""
    named = (dict(rater.identity.params).get("spotlight") for rater in pipeline.raters)
    return next((str(each) for each in named if each is not None), None)


def spec_of(raters: Sequence[Rater]) -> str:
    """How a command line would name these raters."""
    specs = [rater.identity.spec for rater in raters]
    return specs[0] if len(specs) == 1 else f"panel:{','.join(specs)}"


def record_of(pipeline: Pipeline, input_name: str, input_sha256: str) -> JobRecord:
    """What this pipeline asks about this table, as it is written down."""
    rubric, questionnaire = pipeline.question_set.rubric, pipeline.question_set.questionnaire
    first, hashes = pipeline.raters[0].identity, pipeline.hashes
    return JobRecord(
        input_name=input_name,
        input_sha256=input_sha256,
        grader=spec_of(pipeline.raters),
        endpoint=endpoint_of(pipeline),
        prompt=first.prompt,
        prompt_sha256=first.prompt_sha256,
        calls=calls_of(pipeline),
        samples=pipeline.samples,
        rubric=f"{rubric.id}@{rubric.version}",
        rubric_sha256=hashes.rubric,
        questionnaire=f"{questionnaire.id}@{questionnaire.version}",
        questionnaire_sha256=hashes.questionnaire,
        redact=pipeline.redact,
        spotlight=spotlight_of(pipeline),
        control_reading=pipeline.reads_control,
        control_below_bar=pipeline.reads_control and pipeline.control_below_bar,
    )
