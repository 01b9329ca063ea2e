"""The baseline rater: no model, only words. Every level above the lowest rests on sentences that matched.

It is the bar that a language model has to beat, and what grades when there is no model. It does not read:
a fact told in words that nobody listed is missed, and words used without sense can match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from evaluator.core.fingerprint import fingerprint
from evaluator.core.overlap import content_words, coverage, is_content, longest_shared_run, shared
from evaluator.core.questionnaire import Question
from evaluator.core.reply import CheckReply, CriterionReply, RedFlagReply, Reply, Usage
from evaluator.core.rubric import Criterion
from evaluator.core.rules import checks_named
from evaluator.core.sign_search import Match, ReadText, SearchResult, SignIndex
from evaluator.core.signs import SignPattern, parse_sign
from evaluator.core.span import QuoteFinder
from evaluator.core.task import GradingTask, RaterIdentity
from evaluator.core.vocabulary import PassedOver, Sign, Vocabulary, parsed_lists
from evaluator.core.words import words

NOT_READING = "This is word matching, not reading."
# Raised when the matching itself changes, so that earlier replies are not taken for the present ones.
_MATCHING = 2
_MOST_QUOTES = 3

# The share of the wanted words that earns the highest level; the other levels lie at equal steps below it. Nobody
# repeats a reference answer: for that the share was chosen on human-graded answers (docs/rubrics-and-prompts.md).
# Notes and a rubric's own words are terser, and no graded answers were there to choose on.
FULL_COVERAGE = 0.2
FULL_COVERAGE_OF_NOTES = 0.6
# A word of the reference answer that the question has too: needed for an answer, and no sign of one by itself.
_GIVEN_WORD = 0.5

# A sentence repeats the question when this share of its content words, or of all its words in runs of
# three, comes from there. A short one may well use the question's words for something of its own.
_COPIED = 0.8
_FEWEST_COPIED_WORDS = 6
_RUN = 3

# A bare list of terms: at least so many pieces between commas, short ones, with hardly a word of grammar.
_FEWEST_TERMS = 5
_LONGEST_TERM = 4.0
_MOST_GRAMMAR = 0.15
_BETWEEN_TERMS = re.compile(r"[,;|•·、，；]")


@dataclass(frozen=True, slots=True)
class _ReadySign:
    """A sign whose patterns are numbers in the index."""

    any_of: tuple[int, ...]
    unless: tuple[int, ...]
    questions: frozenset[str]
    within: int | None
    also_in: frozenset[PassedOver]


class _Preparation:
    """Parses signs and numbers their patterns."""

    def __init__(self) -> None:
        self.patterns: list[SignPattern] = []

    def signs(self, signs: Iterable[Sign]) -> tuple[_ReadySign, ...]:
        return tuple(
            _ReadySign(
                any_of=self._numbers(sign.any_of),
                unless=self._numbers(sign.unless),
                questions=frozenset(sign.questions),
                within=None if sign.within == "answer" else sign.within,
                also_in=frozenset(sign.also_in),
            )
            for sign in signs
        )

    def _numbers(self, texts: Iterable[str]) -> tuple[int, ...]:
        before = len(self.patterns)
        self.patterns += map(parse_sign, texts)
        return tuple(range(before, len(self.patterns)))


class BaselineRater:
    """Rates by a vocabulary's signs; where a criterion has none, by the words shared with the reference.

    `vocabulary` is used for the rubric it names and ignored for any other. Deterministic; an answer takes
    a few milliseconds. A vocabulary with a mistake raises ValueError or KeyError here: check it first with
    `vocabulary_mistakes`.
    """

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        self._vocabulary = vocabulary
        self._identity = _identity(vocabulary)
        ready = _Preparation()
        self._ignore: tuple[_ReadySign, ...] = ()
        self._criteria: dict[str, dict[str, tuple[_ReadySign, ...]]] = {}
        self._red_flags: dict[str, tuple[_ReadySign, ...]] = {}
        if vocabulary is not None:
            self._ignore = ready.signs(vocabulary.ignore)
            self._criteria = {
                criterion: {check: ready.signs(signs) for check, signs in checks.items()}
                for criterion, checks in vocabulary.criteria.items()
            }
            self._red_flags = {flag: ready.signs(signs) for flag, signs in vocabulary.red_flags.items()}
        self._index = SignIndex(parsed_lists(vocabulary) if vocabulary is not None else {}, ready.patterns)

    @property
    def identity(self) -> RaterIdentity:
        return self._identity

    async def check(self) -> None:
        """Always ready: there is nothing outside it."""

    async def close(self) -> None:
        """Holds nothing open."""

    def expected_usage(self, task: GradingTask) -> Usage:  # noqa: ARG002 the same for every answer
        """No tokens: there is no model."""
        return Usage(input_tokens=0, output_tokens=0)

    async def rate(self, task: GradingTask) -> Reply:
        """The reply to one task; there is no way for it to fail."""
        matching = self._vocabulary is not None and self._vocabulary.rubric == task.rubric.id
        answer = _SearchedAnswer(task, self._index, self._ignore if matching else ())
        criteria = []
        for criterion in task.criteria:
            signs = self._criteria.get(criterion.id) if matching and criterion.checks else None
            criteria.append(_by_overlap(criterion, answer) if signs is None else _by_signs(criterion, signs, answer))
        flags = []
        for flag in task.rubric.red_flags if matching else ():
            matches = answer.matches(self._red_flags.get(flag.id, ()))
            if matches:
                flags.append(RedFlagReply(flag.id, answer.quotes(matches)[0]))
        return Reply(criteria=tuple(criteria), red_flags=tuple(flags))


def _identity(vocabulary: Vocabulary | None) -> RaterIdentity:
    params: list[tuple[str, float | int | str | bool | None]] = [("matching", _MATCHING)]
    if vocabulary is not None:
        params += [("vocabulary", f"{vocabulary.id} v{vocabulary.version}")]
        params += [("vocabulary_sha256", fingerprint(vocabulary))]
    return RaterIdentity(
        spec="baseline", model=None, prompt=None, prompt_sha256=None, params=tuple(params), is_language_model=False
    )


class _SearchedAnswer:
    """One answer, searched once, with the sentences that may count."""

    def __init__(self, task: GradingTask, index: SignIndex, ignore: Sequence[_ReadySign]) -> None:
        self.question = task.question
        self.text = ReadText(task.text)
        self._found: SearchResult = index.search(self.text)
        # A sentence that could not be found again as a quote is no evidence.
        finder = QuoteFinder(task.text)
        numbers = range(len(self.text.sentences))
        everything = frozenset(at for at in numbers if finder.find(self.text.sentences[at].text) is not None)
        ignored = {at for sign in ignore for match in self._sign_matches(sign, everything) for at in match.sentences}
        self.usable = everything - ignored
        question = _QuestionWords.of(task.question.text)
        self._passed_over: dict[PassedOver, frozenset[int]] = {
            "copied_question": frozenset(at for at in self.usable if question.copied_in(self._said(at))),
            "term_lists": frozenset(at for at in self.usable if self._is_term_list(at)),
        }

    @property
    def own(self) -> frozenset[int]:
        """The usable sentences that do not repeat the question."""
        return self.usable - self._passed_over["copied_question"]

    def matches(self, signs: Iterable[_ReadySign]) -> list[Match]:
        """Where any of the signs is met, in the order of the text."""
        found: dict[tuple[int, ...], Match] = {}
        for sign in signs:
            if sign.questions and self.question.id not in sign.questions:
                continue
            allowed = self.usable
            for kind, sentences in self._passed_over.items():
                if kind not in sign.also_in:
                    allowed -= sentences
            for match in self._sign_matches(sign, allowed):
                found.setdefault(match.sentences, match)
        return [found[sentences] for sentences in sorted(found)]

    def quotes(self, matches: Sequence[Match]) -> tuple[str, ...]:
        """The sentences that matched, word for word; those of the first matches, each once."""
        numbers = dict.fromkeys(at for match in matches for at in match.sentences)
        return tuple(dict.fromkeys(self.text.sentences[at].text for at in list(numbers)[:_MOST_QUOTES]))

    def matched_words(self, match: Match) -> str:
        """The words of a match as they stand in the answer."""
        return " … ".join(self.text.written(place) for place in match.places)

    def _sign_matches(self, sign: _ReadySign, allowed: frozenset[int]) -> list[Match]:
        matches = [match for pattern in sign.any_of for match in self._found.matches(pattern, allowed, sign.within)]
        return [match for match in matches if not self._cancelled(sign, match)] if sign.unless else matches

    def _cancelled(self, sign: _ReadySign, match: Match) -> bool:
        if sign.within is None:
            where = frozenset(range(len(self.text.sentences)))
        else:
            where = frozenset(range(match.sentences[0], match.sentences[-1] + 1))
        return any(self._found.matches(pattern, where, sign.within) for pattern in sign.unless)

    def _said(self, at: int) -> list[str]:
        return [word.text for word in self.text.words_in[at]]

    def _is_term_list(self, at: int) -> bool:
        said = self._said(at)
        terms = len(_BETWEEN_TERMS.findall(self.text.sentences[at].text)) + 1
        if terms < _FEWEST_TERMS or len(said) / terms > _LONGEST_TERM:
            return False
        written = [word for word in said if word[0].isalnum()]
        grammar = sum(not is_content(word) for word in written)
        return grammar < _MOST_GRAMMAR * len(written)


@dataclass(frozen=True, slots=True)
class _QuestionWords:
    """A question's words, prepared to tell a sentence that repeats it."""

    said: tuple[str, ...]
    content: frozenset[str]

    @staticmethod
    @lru_cache(maxsize=256)
    def of(text: str) -> _QuestionWords:
        return _QuestionWords(tuple(word.text for word in words(text)), frozenset(content_words(text)))

    def copied_in(self, sentence: Sequence[str]) -> bool:
        content = set(content_words(" ".join(sentence)))
        if len(content) < _FEWEST_COPIED_WORDS:
            return False
        known = sum(word in self.content for word in content)
        in_runs = longest_shared_run(sentence, self.said, _RUN)
        return known >= _COPIED * len(content) or in_runs >= _COPIED * len(sentence)


def _by_signs(
    criterion: Criterion, signs: Mapping[str, tuple[_ReadySign, ...]], answer: _SearchedAnswer
) -> CriterionReply:
    """The checks whose signs are in the answer. The level follows from the rubric's rules, elsewhere."""
    checks = []
    matched = []
    unmatched = []
    veto = criterion.rules.get(min(criterion.levels))
    vetoes = set(checks_named(veto)) if veto is not None else set()
    for check in criterion.checks:
        matches = answer.matches(signs.get(check, ()))
        checks.append(CheckReply(check, bool(matches), answer.quotes(matches)))
        if matches:
            matched.append(f"{check.replace('_', ' ')}: “{answer.matched_words(matches[0])}”")
        elif check not in vetoes:
            unmatched.append(check.replace("_", " "))
    return CriterionReply(
        criterion.id,
        None,
        checks=tuple(checks),
        missing=f"No matching words for: {', '.join(unmatched)}." if unmatched else "",
        rationale=f"Matched words: {'; '.join(matched) or 'none'}. {NOT_READING}",
    )


def _by_overlap(criterion: Criterion, answer: _SearchedAnswer) -> CriterionReply:
    """A level by the share of the wanted words that the answer has, with the sentences that have the most."""
    wanted = _wanted_words(answer.question, criterion)
    by_sentence = {
        at: shared(wanted.weights, content_words(answer.text.sentences[at].text)) for at in sorted(answer.own)
    }
    said = {word for found in by_sentence.values() for word in found}
    share = coverage(wanted.weights, said)
    levels = sorted(criterion.levels)
    level = levels[min(len(levels) - 1, int(share / wanted.enough * (len(levels) - 1) + 1e-9))]
    best = sorted((at for at in by_sentence if by_sentence[at]), key=lambda at: (-len(by_sentence[at]), at))
    quotes = tuple(dict.fromkeys(answer.text.sentences[at].text for at in sorted(best[:_MOST_QUOTES])))
    here = [word for word in wanted.weights if word in said]
    absent = [word for word in wanted.weights if word not in said]
    halved = "words of the question count half; " if any(each < 1 for each in wanted.weights.values()) else ""
    return CriterionReply(
        criterion.id,
        level,
        quotes=quotes,
        missing=f"Words of {wanted.source} that are not in the answer: {_some(absent)}." if absent else "",
        rationale=(
            f"Matched words: {_some(here) or 'none'} ({len(here)} of {len(wanted.weights)} of {wanted.source}, "
            f"{share:.0%}; {halved}the highest level takes {wanted.enough:.0%}). {NOT_READING}"
        ),
    )


@dataclass(frozen=True, slots=True)
class _WantedWords:
    """What each word that a good answer is expected to have counts, where they come from, and what share is enough."""

    weights: Mapping[str, float]
    source: str
    enough: float


def _wanted_words(question: Question, criterion: Criterion) -> _WantedWords:
    """The words of the reference answer; without one, of the notes or the rubric less those that the question gives."""
    given = set(content_words(question.text))
    if question.reference_answer.strip():
        said = dict.fromkeys(content_words(question.reference_answer))
        halved = not given.issuperset(said)
        weights = {word: _GIVEN_WORD if halved and word in given else 1.0 for word in said}
        return _WantedWords(weights, "the reference answer", FULL_COVERAGE)
    if question.look_for.strip():
        text, source = question.look_for, "the notes on what to look for"
    else:
        highest = criterion.levels[max(criterion.levels)]
        text, source = " ".join([criterion.asks, *criterion.checks.values(), highest]), "the rubric's own words"
    every = dict.fromkeys(content_words(text), 1.0)
    own = {word: weight for word, weight in every.items() if word not in given}
    return _WantedWords(own or every, source, FULL_COVERAGE_OF_NOTES)


def _some(listed: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(listed[:most])
    return f"{shown} and {len(listed) - most} more" if len(listed) > most else shown
