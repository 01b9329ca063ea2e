"""Rubrics, questionnaires, vocabularies and graded examples, read from their files with every mistake at once.

A rubric's folder is `rubrics/<id>/` with `rubric.v<N>.yaml`, and beside it the questionnaires that use it, its
vocabulary for word matching and examples that a prompt may show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from evaluator.core.examples import GradedExample
from evaluator.core.meant import suggestion
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import Rubric
from evaluator.core.rules import RuleSyntaxError, checks_named, parse_rule
from evaluator.core.vocabulary import Vocabulary, vocabulary_mistakes
from evaluator.errors import Mistake, RubricError, UsageError, number_of
from evaluator.files.strict_yaml import Record, YamlDocument, key_path, parse_yaml, read_yaml, validated

_VERSIONED = re.compile(r"^(?P<kind>[a-z_]+)\.v(?P<version>\d+)\.(?:yaml|jsonl)$")


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Everything that says how answers are graded: the questions, the rubric, and what belongs to the rubric."""

    questionnaire: Questionnaire
    rubric: Rubric
    vocabulary: Vocabulary | None = None
    examples: tuple[GradedExample, ...] = ()


def load_rubric(path: Path | str) -> Rubric:
    """The rubric at `path` (a file, or a folder whose newest version is taken). Raises RubricError."""
    document = read_yaml(_newest(Path(path), "rubric"), RubricError)
    rubric, mistakes = _rubric(document)
    return _whole(rubric, mistakes, document)


def load_control_rubric() -> Rubric:
    """What no answer to a screening says: the words of control readings."""
    return load_rubric(Path(__file__).with_name("control_rubric.yaml"))


def load_questionnaire(path: Path | str) -> Questionnaire:
    """The questionnaire at `path`, by itself. Raises RubricError."""
    document = read_yaml(_newest(Path(path), "questionnaire"), RubricError)
    questionnaire, mistakes = _questionnaire(document)
    return _whole(questionnaire, mistakes, document)


def load_question_set(name_or_path: str, folders: Sequence[Path], *, vocabulary: bool = True) -> QuestionSet:
    """The questionnaire of this name (or at this path), with its rubric and what stands beside it.

    `folders` are searched in order, each holding one folder a rubric. Without `vocabulary` that of word matching is
    left unread: it is long, and a model has no use for it. Raises RubricError, or UsageError where there is no such
    questionnaire.
    """
    path = _find_questionnaire(name_or_path, folders)
    questionnaire_document = read_yaml(path, RubricError)
    questionnaire, mistakes = _questionnaire(questionnaire_document)
    questionnaire = _whole(questionnaire, mistakes, questionnaire_document)
    rubric_path = _find_rubric(questionnaire, path, folders)
    rubric = load_rubric(rubric_path)
    unknown = list(_unknown_criteria(questionnaire, rubric, questionnaire_document))
    _whole(questionnaire, unknown, questionnaire_document)
    return QuestionSet(
        questionnaire,
        rubric,
        vocabulary=_vocabulary_beside(rubric_path, rubric) if vocabulary else None,
        examples=_examples_beside(path, questionnaire, rubric),
    )


def rubric_mistakes(path: Path) -> tuple[list[Path], list[Mistake]]:
    """Checks a file, or every rubric file in a folder and below: the files read and every mistake in them."""
    if not path.exists():
        raise UsageError(f"{path} does not exist.", hint="Give a rubric's file or its folder.")
    paths = [path] if path.is_file() else sorted(found for found in path.rglob("*.v*.*") if _kind(found))
    if not paths:
        raise UsageError(f"{path} holds no rubric, questionnaire, vocabulary or examples file.")
    mistakes: list[Mistake] = []
    for each in paths:
        mistakes.extend(_mistakes_in(each))
    return paths, mistakes


def _mistakes_in(path: Path) -> list[Mistake]:
    try:
        if _kind(path) == "examples":
            _read_examples(path, load_rubric(path.parent), None)
            return []
        document = read_yaml(path, RubricError)
        if _looks_like_questionnaire(path, document):
            questionnaire, mistakes = _questionnaire(document)
            if questionnaire is not None and (rubric_path := _rubric_beside(path, questionnaire)):
                rubric, wrong = _rubric(read_yaml(rubric_path, RubricError))
                if rubric is not None and not wrong:
                    mistakes.extend(_unknown_criteria(questionnaire, rubric, document))
            return mistakes
        if _kind(path) == "vocabulary":
            _load_vocabulary(path, load_rubric(path.parent))
            return []
        return _rubric(document)[1]
    except RubricError as error:
        return list(error.mistakes) or [Mistake(error.message, str(path))]


def _looks_like_questionnaire(path: Path, document: YamlDocument) -> bool:
    return _kind(path) == "questionnaire" or (isinstance(document.data, dict) and "questions" in document.data)


def _rubric(document: YamlDocument) -> tuple[Rubric | None, list[Mistake]]:
    rubric, mistakes = validated(document, Rubric)
    if rubric is None:
        mistakes.extend(_rule_mistakes_in_raw(document))
        return None, mistakes
    return rubric, [document.mistake(key, message) for key, message in _inconsistencies(rubric)]


def _inconsistencies(rubric: Rubric) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong with a rubric whose keys are all there: levels, weights, rules, the bar, ids."""
    scale = rubric.scale.levels
    if list(scale) != sorted(set(scale)):
        yield ("scale", "levels"), f"levels must go up without repeats (found {list(scale)})"
    if rubric.advance_at > rubric.score_out_of:
        yield (
            ("advance_at",),
            f"the bar {rubric.advance_at:g} is above the highest score {rubric.score_out_of:g}",
        )
    if not sum(criterion.weight for criterion in rubric.criteria):
        yield ("criteria",), "the weights add up to 0: nothing would count"
    yield from _repeated("criteria", [criterion.id for criterion in rubric.criteria])
    yield from _repeated("red_flags", [flag.id for flag in rubric.red_flags])
    for number, criterion in enumerate(rubric.criteria):
        place = ("criteria", number)
        for level in sorted(set(scale) - set(criterion.levels)):
            yield (*place, "levels"), f"level {level} of the scale has no anchor"
        for level in sorted(set(criterion.levels) - set(scale)):
            yield (*place, "levels", str(level)), f"level {level} is not on the scale {list(scale)}"
        yield from _rule_mistakes(criterion.id, criterion.checks, criterion.level_rules, scale, place)


def _rule_mistakes(
    criterion: str,
    checks: dict[str, str],
    rules: dict[int, str],
    scale: Sequence[int],
    place: tuple[str | int, ...],
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if checks and not rules:
        yield (*place, "checks"), "checks without level_rules: no level would follow from them"
    if rules and not checks:
        yield (*place, "level_rules"), "level_rules without checks: there is nothing they could name"
    for reserved in sorted({"and", "or", "at_least"} & set(checks)):
        yield (
            (*place, "checks", reserved),
            f"'{reserved}' is a word of the rule language: choose another name",
        )
    named: set[str] = set()
    for level, text in rules.items():
        key = (*place, "level_rules", str(level))
        if level not in scale:
            yield key, f"a rule for level {level}, which is not on the scale"
        try:
            names = set(checks_named(parse_rule(str(text))))
        except RuleSyntaxError as error:
            yield key, f"the rule does not parse: {error}"
            continue
        named |= names
        for name in sorted(names - set(checks)):
            yield key, f"the rule names '{name}', which is no check of {criterion}{suggestion(name, checks)}"
    for level in sorted(set(scale[1:]) - set(rules)) if rules else ():
        yield (*place, "level_rules"), f"no rule for level {level}: it could never be reached"
    for check in sorted(set(checks) - named - {"and", "or", "at_least"}) if rules else ():
        yield (
            (*place, "checks", check),
            f"no rule of {criterion} names '{check}': it would be asked for nothing",
        )


def _rule_mistakes_in_raw(document: YamlDocument) -> Iterator[Mistake]:
    """The rules' mistakes of a rubric that is not whole otherwise, so that all are told at once."""
    data = document.data if isinstance(document.data, dict) else {}
    criteria = data.get("criteria")
    scale = data.get("scale")
    levels = scale.get("levels") if isinstance(scale, dict) else None
    for number, criterion in enumerate(criteria if isinstance(criteria, list) else []):
        if not isinstance(criterion, dict):
            continue
        checks, rules = criterion.get("checks", {}), criterion.get("level_rules", {})
        if not (isinstance(checks, dict) and isinstance(rules, dict) and isinstance(levels, list)):
            continue
        name = str(criterion.get("id", f"criteria[{number}]"))
        for key, message in _rule_mistakes(name, checks, rules, levels, ("criteria", number)):
            yield document.mistake(key, message)


def _questionnaire(document: YamlDocument) -> tuple[Questionnaire | None, list[Mistake]]:
    questionnaire, mistakes = validated(document, Questionnaire)
    if questionnaire is not None:
        repeated = _repeated("questions", [question.id for question in questionnaire.questions])
        mistakes = [document.mistake(key, message) for key, message in repeated]
        for number, question in enumerate(questionnaire.questions):
            for criterion in sorted({each for each in question.criteria if question.criteria.count(each) > 1}):
                key = ("questions", number, "criteria")
                mistakes.append(document.mistake(key, f"'{criterion}' stands here twice"))
    return questionnaire, mistakes


def _unknown_criteria(questionnaire: Questionnaire, rubric: Rubric, document: YamlDocument) -> Iterator[Mistake]:
    weights = {criterion.id: criterion.weight for criterion in rubric.criteria}
    for number, question in enumerate(questionnaire.questions):
        key = ("questions", number, "criteria")
        for criterion in question.criteria:
            if criterion not in weights:
                said = f"'{criterion}' is no criterion of rubric {rubric.id} (it has {', '.join(weights)})"
                yield document.mistake(key, said + suggestion(criterion, weights))
        if not sum(weights.get(criterion, 1) for criterion in question.criteria):
            yield document.mistake(key, "the criteria of this question all have weight 0")


def _repeated(part: str, ids: Sequence[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for number, each in enumerate(ids):
        if each in ids[:number]:
            yield (part, number, "id"), f"'{each}' stands here twice"


def _whole(record: Record | None, mistakes: Sequence[Mistake], document: YamlDocument) -> Record:
    if record is None or mistakes:
        count = f"{len(mistakes)} mistake" + ("s" if len(mistakes) != 1 else "")
        raise RubricError(f"{document.file} has {count}.", mistakes=mistakes)
    return record


def _vocabulary_beside(rubric_path: Path, rubric: Rubric) -> Vocabulary | None:
    path = _latest(rubric_path.parent, "vocabulary")
    return None if path is None else _load_vocabulary(path, rubric)


def _load_vocabulary(path: Path, rubric: Rubric) -> Vocabulary:
    document = read_yaml(path, RubricError)
    vocabulary, mistakes = validated(document, Vocabulary)
    if vocabulary is not None:
        mistakes = [
            document.mistake(key_path(key), message) for key, message in vocabulary_mistakes(vocabulary, rubric)
        ]
    return _whole(vocabulary, mistakes, document)


def _examples_beside(path: Path, questionnaire: Questionnaire, rubric: Rubric) -> tuple[GradedExample, ...]:
    found = _latest(path.parent, "examples")
    return () if found is None else read_examples(found, rubric, questionnaire)


def read_examples(path: Path, rubric: Rubric, questionnaire: Questionnaire) -> tuple[GradedExample, ...]:
    """Graded examples, one JSON object a line. Raises RubricError with every line that is wrong."""
    return _read_examples(path, rubric, {question.id for question in questionnaire.questions})


def _read_examples(path: Path, rubric: Rubric, questions: set[str] | None) -> tuple[GradedExample, ...]:
    examples: list[GradedExample] = []
    mistakes: list[Mistake] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as cause:
        raise RubricError(f"{path} cannot be read as UTF-8 text.") from cause
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            written = json.loads(line)
        except (ValueError, RecursionError):  # JSON, but with a number of thousands of digits, is a ValueError too
            mistakes.append(Mistake("not a JSON object", str(path), number))
            continue
        try:
            example = GradedExample.model_validate(written)
        except ValidationError as error:
            for problem in error.errors():
                key = ".".join(str(part) for part in problem["loc"])
                mistakes.append(Mistake(str(problem["msg"]), str(path), number, key=key))
            continue
        examples.append(example)
        mistakes.extend(Mistake(said, str(path), number) for said in _example_mistakes(example, rubric, questions))
    if mistakes:
        raise RubricError(f"{path} has {number_of(mistakes)}.", mistakes=mistakes)
    return tuple(examples)


def _example_mistakes(example: GradedExample, rubric: Rubric, questions: set[str] | None) -> Iterator[str]:
    if questions is not None and example.question_id not in questions:
        yield f"question '{example.question_id}' is not in the questionnaire"
    known = {criterion.id: criterion for criterion in rubric.criteria}
    for criterion_id, level in example.levels.items():
        if criterion_id not in known:
            yield f"'{criterion_id}' is no criterion of {rubric.id}"
        elif level not in known[criterion_id].levels:
            yield f"level {level} of {criterion_id} is not on the scale"
    for criterion_id, quotes in example.evidence.items():
        for quote in quotes:
            if quote not in example.answer:
                yield f"the evidence for {criterion_id} is not in the answer: {quote[:60]!r}"


def _find_questionnaire(name_or_path: str, folders: Sequence[Path]) -> Path:
    path = Path(name_or_path)
    if path.is_file():
        return path
    if path.is_dir() and (found := _latest(path, "questionnaire")):
        return found
    known: dict[str, Path] = {}
    for folder in folders:
        for file in sorted(folder.glob("*/questionnaire.v*.yaml")):
            data = parse_yaml(file.read_text(encoding="utf-8"), str(file), RubricError).data
            name = str(data.get("id")) if isinstance(data, dict) else ""
            version = int(data.get("version", 0)) if isinstance(data, dict) else 0
            known.setdefault(name, file)
            known[f"{name}@{version}"] = file
            if known[name].parent == file.parent and _version(file) > _version(known[name]):
                known[name] = file
    if name_or_path in known:
        return known[name_or_path]
    names = ", ".join(sorted(name for name in known if "@" not in name)) or "none"
    raise UsageError(
        f"There is no questionnaire '{name_or_path}'{suggestion(name_or_path, known) or '.'}",
        hint=f"Give a questionnaire's file or one of these names: {names}.",
    )


def _find_rubric(questionnaire: Questionnaire, path: Path, folders: Sequence[Path]) -> Path:
    beside = _rubric_beside(path, questionnaire)
    if beside is not None:
        return beside
    for folder in folders:
        if found := _latest(folder / questionnaire.rubric, "rubric"):
            return found
    known = [
        *_ids_beside(path),
        *(found.parent.name for folder in folders for found in folder.glob("*/rubric.v*.yaml")),
    ]
    raise RubricError(
        f"{path} names the rubric '{questionnaire.rubric}', which is not beside it"
        f"{suggestion(questionnaire.rubric, known) or '.'}",
        hint=f"Put rubric.v1.yaml with 'id: {questionnaire.rubric}' into {path.parent}, or give --rubrics DIR.",
    )


def _rubric_beside(path: Path, questionnaire: Questionnaire) -> Path | None:
    for candidate in sorted(path.parent.glob("rubric*.yaml"), key=_version, reverse=True):
        data = read_yaml(candidate, RubricError).data
        if isinstance(data, dict) and data.get("id") == questionnaire.rubric:
            return candidate
    return None


def _ids_beside(path: Path) -> Iterator[str]:
    for candidate in path.parent.glob("rubric*.yaml"):
        data = read_yaml(candidate, RubricError).data
        if isinstance(data, dict):
            yield str(data.get("id"))


def _newest(path: Path, kind: str) -> Path:
    if not path.is_dir():
        return path
    found = _latest(path, kind)
    if found is None:
        raise RubricError(f"{path} holds no {kind}.v<N>.yaml.")
    return found


def _latest(folder: Path, kind: str) -> Path | None:
    found = [path for path in folder.glob(f"{kind}.v*.*") if _kind(path) == kind]
    return max(found, key=_version, default=None)


def _kind(path: Path) -> str | None:
    matched = _VERSIONED.match(path.name)
    kinds = {"rubric", "questionnaire", "vocabulary", "examples"}
    return matched["kind"] if matched and matched["kind"] in kinds else None


def _version(path: Path) -> int:
    matched = _VERSIONED.match(path.name)
    return int(matched["version"]) if matched else 0
