"""Question maps, read from a folder of YAML files with every mistake at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from evaluator.core.question_map import QuestionMap, map_mistakes
from evaluator.core.questionnaire import Questionnaire
from evaluator.errors import EvaluatorError, Mistake, QuestionMapError, number_of
from evaluator.files.strict_yaml import YamlDocument, key_path, read_yaml, validated


def load_question_maps(folder: Path, questionnaire: Callable[[str], Questionnaire]) -> tuple[QuestionMap, ...]:
    """Every `*.yaml` in the folder. `questionnaire` finds the one that a map names.

    Raises QuestionMapError with every mistake of every file, also where two maps are for the same applications.
    """
    if not folder.is_dir():
        raise QuestionMapError(f"{folder} is no folder of question maps.", hint="Make it, or name another one.")
    maps: dict[Path, QuestionMap] = {}
    mistakes: list[Mistake] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            maps[path] = load_question_map(path, questionnaire)
        except QuestionMapError as error:
            mistakes += error.mistakes or [Mistake(error.message, str(path))]
    mistakes += _overlaps(maps)
    if mistakes:
        raise QuestionMapError(f"The question maps in {folder} have {number_of(mistakes)}.", mistakes=mistakes)
    return tuple(maps.values())


def load_question_map(path: Path, questionnaire: Callable[[str], Questionnaire]) -> QuestionMap:
    """One file. Raises QuestionMapError with every mistake in it."""
    document = read_yaml(path, QuestionMapError)
    found, mistakes = validated(document, QuestionMap)
    legible = found or _legible(document, mistakes)
    if legible is not None:
        try:
            mistakes += [
                document.mistake(key, message)
                for key, message in map_mistakes(legible, questionnaire(legible.questionnaire))
            ]
        except EvaluatorError as error:
            mistakes.append(document.mistake(("questionnaire",), error.message))
    if found is None or mistakes:
        raise QuestionMapError(f"{path} has {number_of(mistakes)}.", mistakes=mistakes)
    return found


def _legible(document: YamlDocument, mistakes: list[Mistake]) -> QuestionMap | None:
    """The map of those keys that nothing is wrong with, so that what they say is looked at too; None without a
    questionnaire to look at it beside.
    """
    if not isinstance(document.data, dict):
        return None
    wrong = {key for mistake in mistakes for key in key_path(mistake.key or "")[:1]}
    data = {**document.data, **_legible_questions(document.data)}
    kept = {key: data[key] for key in QuestionMap.model_fields if key in data and key not in wrong - _BY_ENTRY}
    # A source that is missing or misspelt changes nothing of what is asked of the other keys.
    return validated(replace(document, data={"source": "standard", **kept}), QuestionMap)[0]


_BY_ENTRY = {"questions", "ignore"}


def _legible_questions(data: Mapping[Any, Any]) -> dict[str, object]:
    """One question that is wrong keeps nobody from looking at the others."""
    questions, ignored = data.get("questions"), data.get("ignore")
    written = questions.items() if isinstance(questions, dict) else ()
    return {
        "questions": {key: value for key, value in written if isinstance(key, str) and isinstance(value, str)},
        "ignore": [each for each in ignored if isinstance(each, str)] if isinstance(ignored, list) else [],
    }


def _overlaps(maps: dict[Path, QuestionMap]) -> Iterator[Mistake]:
    seen: dict[tuple[str, str, str | None], Path] = {}
    for path, each in maps.items():
        for job in [None] if each.jobs is None else [str(job) for job in each.jobs]:
            other = seen.setdefault((each.tenant, each.source, job), path)
            if other != path:
                what = "all other jobs" if job is None else f"job {job}"
                yield Mistake(f"maps {what} of {each.source}, and so does {other.name}", str(path), key="jobs")
