"""What is said about a rubric with mistakes: all of them, each with its file, line and key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluator.errors import InputError, RubricError, UsageError
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import load_question_set, load_rubric, read_examples, rubric_mistakes

RUBRIC = """\
id: tiny
version: 1
title: Tiny
scale: {levels: [0, 1]}
score_out_of: 10
advance_at: 5
criteria:
  - id: one
    name: One
    asks: Is it one?
    weight: 1
    levels:
      0: It is not.
      1: It is.
    checks:
      first: Is it first?
    level_rules:
      1: first
"""
QUESTIONNAIRE = """\
id: asked
version: 1
title: Asked
rubric: tiny
questions:
  - id: why
    title: Why?
    text: Why so?
    criteria: [one]
"""


def write(folder: Path, rubric: str = RUBRIC, questionnaire: str = QUESTIONNAIRE) -> Path:
    (folder / "rubric.v1.yaml").write_text(rubric, encoding="utf-8")
    (folder / "questionnaire.v1.yaml").write_text(questionnaire, encoding="utf-8")
    return folder


def test_the_tiny_rubric_has_no_mistake(tmp_path: Path) -> None:
    """So that what the table below changes is what is found."""
    assert rubric_mistakes(write(tmp_path))[1] == []


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "said"),
    [
        ("    weight: 1\n", "    weight: 1\n    wieght: 2\n", 12, "criteria[0].wieght", "unknown key"),
        ("    weight: 1\n", "    wieght: 1\n", 11, "criteria[0].wieght", "unknown key; is weight meant?"),
        ("advance_at: 5\n", "advance_at: 5\nflags: {naer_bar: 1}\n", 7, "flags.naer_bar", "; is near_bar meant?"),
        ("    name: One\n", "", 8, "criteria[0].name", "is missing"),
        ("      1: It is.\n", "", 12, "criteria[0].levels", "level 1 of the scale has no anchor"),
        ("      1: It is.", "      1: It is.\n      7: More.", 15, "criteria[0].levels.7", "level 7 is not on the"),
        ("      1: It is.", "      1: [a, b]", 14, "criteria[0].levels.1", "must be text"),
        ("      1: It is.", "      1: 12", 14, "criteria[0].levels.1", "must be text; in quotes ('12') it is"),
        ("      1: first", "      1: frist", 18, "criteria[0].level_rules.1", "no check of one; is first meant?"),
        ("      1: first", "      1: first and", 18, "criteria[0].level_rules.1", "the rule does not parse"),
        ("      1: first", "      5: first", 18, "criteria[0].level_rules.5", "which is not on the scale"),
        ("    weight: 1", "    weight: 0", 7, "criteria", "the weights add up to 0"),
        ("    weight: 1", "    weight: -1", 11, "criteria[0].weight", "greater than or equal to 0"),
        ("    weight: 1", "    weight: .nan", 11, "criteria[0].weight", "finite number"),
        ("advance_at: 5", "advance_at: 50", 6, "advance_at", "the bar 50 is above the highest score 10"),
        ("[0, 1]", "[1, 0]", 4, "scale.levels", "levels must go up"),
        ("version: 1", "version: one", 2, "version", "valid integer"),
        ("id: tiny", "id: ../tiny", 1, "id", "letters, digits and underscores"),
        ("title: Tiny", "title: Tiny\ntitle: Again", 4, None, "'title' stands here twice"),
        ("      first: Is it first?", "      first: Is it first?\n      at_least: No?", 17,
         "criteria[0].checks.at_least", "a word of the rule language"),
        ("      first: Is it first?", "      first: Is it first?\n      idle: Used?", 17, "criteria[0].checks.idle",
         "no rule of one names 'idle'"),
        ("title: Tiny", "title: [", 5, None, "not valid YAML"),
        ("title: Tiny", "title: &a Tiny\nabout: *a", 4, None, "aliases"),
        ("title: Tiny", "title: !!python/object/apply:os.getcwd []", 3, "title", "tags (!name) are not allowed"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_rubric_is_told_with_file_line_and_key(
    tmp_path: Path, old: str, new: str, line: int, key: str | None, said: str
) -> None:
    """One change, one mistake, in the place where it was made."""
    assert old in RUBRIC
    _, mistakes = rubric_mistakes(write(tmp_path, RUBRIC.replace(old, new, 1)) / "rubric.v1.yaml")
    found = [mistake for mistake in mistakes if said in mistake.message]
    assert found, mistakes
    assert found[0].line == line
    assert found[0].key == key
    assert found[0].file == str(tmp_path / "rubric.v1.yaml")


def test_a_list_is_not_too_short_for_what_is_wrong_within_it(tmp_path: Path) -> None:
    """One mistake, told once."""
    _, mistakes = rubric_mistakes(write(tmp_path, RUBRIC.replace("      1: It is.", "      1: [a, b]")))
    assert [mistake.key for mistake in mistakes] == ["criteria[0].levels.1"]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("[one]", "[two]", 9, "'two' is no criterion of rubric tiny (it has one)"),
        ("[one]", "[onne]", 9, "'onne' is no criterion of rubric tiny (it has one); is one meant?"),
        ("[one]", "[one, one]", 9, "'one' stands here twice"),
        ("[one]", "[]", 9, "at least 1 item"),
        ("    title: Why?", "    titel: Why?", 7, "unknown key; is title meant?"),
    ],
)
def test_a_mistake_in_a_questionnaire_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    """A question that names an unknown criterion would only be noticed after the first paid call."""
    _, mistakes = rubric_mistakes(write(tmp_path, questionnaire=QUESTIONNAIRE.replace(old, new, 1)))
    found = [mistake for mistake in mistakes if said in mistake.message]
    assert found, mistakes
    assert found[0].line == line


@pytest.mark.parametrize("name", ["2.5", "~", "2020-01-01", "123456789012345678901234567890", "7", "true", "'[key]'"])
def test_an_unknown_key_is_told_below_any_name(tmp_path: Path, name: str) -> None:
    """Names that YAML reads as numbers, dates or nothing are no reason for a traceback."""
    words = f"rubric: tiny\nred_flags:\n  {name}:\n    - any: [x]\n      unles: [y]\n"
    (write(tmp_path) / "vocabulary.v1.yaml").write_text(words, encoding="utf-8")
    _, mistakes = rubric_mistakes(tmp_path)
    (found,) = [mistake for mistake in mistakes if "unknown key" in mistake.message]
    assert found.file == str(tmp_path / "vocabulary.v1.yaml")
    assert found.key is not None
    assert found.key.endswith(".unles")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """A broken key does not hide a broken rule."""
    broken = RUBRIC.replace("version: 1", "version: x").replace("1: first", "1: frist").replace("weight: 1", "wait: 1")
    _, mistakes = rubric_mistakes(write(tmp_path, broken) / "rubric.v1.yaml")
    assert {mistake.key for mistake in mistakes} >= {"version", "criteria[0].wait", "criteria[0].level_rules.1"}


def test_a_billion_laughs_is_refused_before_it_is_expanded(tmp_path: Path) -> None:
    """Aliases are not allowed at all."""
    rows = ["a: &a [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else '*a'] * 9)}]" for n in range(9)]
    (tmp_path / "rubric.v1.yaml").write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(RubricError, match="aliases"):
        load_rubric(tmp_path)


def test_a_questionnaire_finds_the_rubric_beside_it(tmp_path: Path) -> None:
    """A folder of one's own needs nothing else."""
    found = load_question_set(str(write(tmp_path)), [])
    assert (found.rubric.id, found.questionnaire.id, found.vocabulary) == ("tiny", "asked", None)


def test_an_unknown_questionnaire_names_those_there_are() -> None:
    """So that a slip of the hand is mended at once; of what is like none of them nothing is guessed."""
    folders = [shipped("rubrics")]
    with pytest.raises(UsageError, match=r"no questionnaire 'ml_enginer_screen'; is ml_engineer_screen meant\?"):
        load_question_set("ml_enginer_screen", folders)
    with pytest.raises(UsageError, match=r"'ml_enginer_screen@1'; is ml_engineer_screen@1 meant\?"):
        load_question_set("ml_enginer_screen@1", folders)
    with pytest.raises(UsageError, match=r"no questionnaire 'nursing'\.\nGive .*ml_engineer_screen"):
        load_question_set("nursing", folders)


def test_a_missing_rubric_says_where_it_is_looked_for(tmp_path: Path) -> None:
    """And how to name another place."""
    (write(tmp_path) / "rubric.v1.yaml").unlink()
    with pytest.raises(RubricError, match="not beside it"):
        load_question_set(str(tmp_path), [])


@pytest.mark.parametrize(("named", "wanted"), [("tinny", "tiny"), ("ml_enginer_core", "ml_engineer_core")])
def test_a_misspelt_rubric_is_told_with_the_one_that_is_meant(tmp_path: Path, named: str, wanted: str) -> None:
    """Whether it is beside the questionnaire or among those that are shipped."""
    write(tmp_path, questionnaire=QUESTIONNAIRE.replace("rubric: tiny", f"rubric: {named}"))
    with pytest.raises(RubricError, match=rf"not beside it; is {wanted} meant\?"):
        load_question_set(str(tmp_path), [shipped("rubrics")])


def test_examples_are_checked_line_by_line(tmp_path: Path) -> None:
    """A level off the scale, an unknown criterion and evidence that is not in the answer are all found."""
    questions = load_question_set(str(write(tmp_path)), [])
    good = {"id": "e1", "question_id": "why", "answer": "Because.", "levels": {"one": 1}, "source": "made up"}
    lines = [
        good,
        good | {"levels": {"one": 9}},
        good | {"levels": {"two": 1}},
        good | {"evidence": {"one": ["Therefore"]}},
        good | {"question_id": "where"},
        good | {"surprise": 1},
    ]
    path = tmp_path / "examples.v1.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n{not json", encoding="utf-8")
    with pytest.raises(RubricError) as caught:
        read_examples(path, questions.rubric, questions.questionnaire)
    assert [mistake.line for mistake in caught.value.mistakes] == [2, 3, 4, 5, 6, 7]
    path.write_text(json.dumps(good) + "\n", encoding="utf-8")
    assert len(load_question_set(str(tmp_path), []).examples) == 1


def test_every_shipped_rubric_is_without_mistakes() -> None:
    """The same check that people run."""
    paths, mistakes = rubric_mistakes(shipped("rubrics"))
    assert mistakes == []
    assert len(paths) >= 5


def test_two_quite_different_rubrics_are_shipped() -> None:
    """Nothing may depend on the first one's criteria, scale or checks."""
    screen = load_question_set("ml_engineer_screen", [shipped("rubrics")])
    holistic = load_question_set("statistics_basics", [shipped("rubrics")])
    assert len(screen.rubric.criteria) == 3
    assert len(holistic.rubric.criteria) == 1
    assert holistic.rubric.scale.levels == (0, 1, 2, 3, 4, 5)
    assert all(question.reference_answer for question in holistic.questionnaire.questions)


def test_a_file_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    """Not a traceback."""
    with pytest.raises(InputError, match="does not exist"):
        load_rubric(tmp_path / "nowhere.yaml")
