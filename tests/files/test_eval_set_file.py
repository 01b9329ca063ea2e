"""What is said about an eval set with mistakes, and what a sound one shows of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.core.consensus import consensus_levels
from evaluator.core.eval_set_findings import (
    rater_coverage,
    raters_apart,
    split_balance,
    undeclared_notes,
    unused_levels,
)
from evaluator.core.positive_class import is_positive
from evaluator.errors import EvalSetError, UsageError
from evaluator.files.eval_set_file import check_eval_set, load_eval_set
from evaluator.files.resources import shipped
from tests.files.small_eval_set import ANSWERS, LABELS, MANIFEST, RUBRIC, load, write


def test_a_set_is_read_with_the_rubric_and_questionnaire_beside_it(tmp_path: Path) -> None:
    """Every label stands with its answer; a blank answer is marked as one; rows are those of the spreadsheet."""
    found = load(write(tmp_path / "set"))
    assert (found.rubric.id, found.questionnaire.id) == ("tiny", "asked")
    first, *_, last = found.answers
    assert first.answer.text.endswith("a few,\nas everybody knows")
    assert [(label.rater_id, label.level, label.note) for label in first.labels] == [
        ("ann", 3.0, ""),
        ("bob", 1.0, "hard_case"),
        ("ann", 2.0, ""),
    ]
    assert (last.answer.absent, last.answer.row, last.split) == ("blank", 5, "test")
    assert [each.answer.answer_id for each in found.split("calibration")] == ["a.why", "a.how"]


def test_a_set_finds_a_questionnaire_by_name_in_the_rubric_folders(tmp_path: Path) -> None:
    """As the shipped set does; and where it is not found, the manifest's line says so."""
    folder = write(tmp_path / "set")
    rubrics = tmp_path / "rubrics" / "tiny"
    rubrics.mkdir(parents=True)
    for name in ("rubric.v1.yaml", "questionnaire.v1.yaml"):
        (folder / name).rename(rubrics / name)
    assert load_eval_set(str(folder), [], [tmp_path / "rubrics"]).questionnaire.id == "asked"
    with pytest.raises(EvalSetError) as caught:
        load(folder)
    assert [(mistake.line, mistake.key) for mistake in caught.value.mistakes] == [(5, "questionnaire")]


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "column", "said"),
    [
        ("answers", "split\n", "split,colour\n", 1, "colour", "unknown column"),
        ("answers", "answer,split", "answer,part", 1, "split", "the table lacks this column"),
        ("answers", "answer,split", "answer,answer", 1, "answer", "two columns of this name"),
        ("answers", "a.how,a,how", "a.why,a,how", 3, "answer_id", "'a.why' stands in row 2 already"),
        ("answers", "a.how,a,how", ",a,how", 3, "answer_id", "is empty"),
        ("answers", "a.how,a,how", "a.how,a,where", 3, "question_id", "'where' is no question"),
        ("answers", "patience,calibration", "patience,dev", 3, "split", "'dev' is no split of the manifest"),
        ("answers", "patience,calibration", "patience,test", 3, "candidate_id", "'a' is in 'calibration' (row 2)"),
        ("answers", "patience,calibration", "patience, and,calibration", 3, None, "the row has 6 cells"),
        ("answers", "b.how,b,how,,test", "b.how,b,how", 5, None, "the row has 3 cells"),
        ("answers", 'knows",', "knows,", 2, None, "quotation mark"),
        ("labels", "a.how,right", "c.how,right", 5, "answer_id", "'c.how' is no answer of answers.csv: an orphan"),
        ("labels", "a.how,right", "a.how,pretty", 5, "criterion_id", "'pretty' is no criterion of tiny"),
        ("labels", "a.how,right", "a.how,clear", 5, "criterion_id", "the question 'how' is not graded on 'clear'"),
        ("labels", "a.how,right,ann", "a.how,right,eve", 5, "rater_id", "'eve' is no rater of the manifest"),
        ("labels", "a.how,right,ann,2", "a.how,right,ann,4", 5, "level", "4 is off the scale 0 to 3"),
        ("labels", "a.how,right,ann,2", "a.how,right,ann,-1", 5, "level", "-1 is off the scale"),
        ("labels", "a.how,right,ann,2", "a.how,right,ann,1.5", 5, "level", "1.5 lies between two levels"),
        ("labels", "a.how,right,ann,2", "a.how,right,ann,good", 5, "level", "'good' is no number"),
        ("labels", "a.how,right,ann,2", "a.how,right,ann,nan", 5, "level", "'nan' is no number"),
        ("labels", "a.how,right,ann,2", "a.how,right,ann,", 5, "level", "'' is no number"),
        ("labels", "a.why,right,bob", "a.why,right,ann", 3, "rater_id", "'ann' has labelled 'right' of this answer in"),
        ("manifest", "rater_kind: author", "rater_kind: expert", 7, None, "'human', 'model' or 'author'"),
        ("manifest", "licence: none\n", "licence: none\ncolour: red\n", 18, None, "unknown key"),
        ("manifest", "[ann, bob]", "[ann, bob, bob]", 9, None, "'bob' stands here twice"),
        ("manifest", "level: 2,", "level: 7,", 15, None, "level 7 is not on the scale"),
        ("manifest", "level: 2, ", "", 15, None, "the view 'criteria' needs a level"),
        ("manifest", "questionnaire: asked", "questionnaire: other", 5, None, "names 'other', but the questionnaire"),
        ("manifest", "rubric: tiny", "rubric: huge", 6, None, "names 'huge', but the rubric that was found is 'tiny'"),
        ("rubric", "id: right,", "id: right, wieght: 2,", 8, None, "unknown key"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_row_and_column(
    tmp_path: Path, file: str, old: str, new: str, line: int | None, column: str | None, said: str
) -> None:
    """One change, found where it was made."""
    text = {"answers": ANSWERS, "labels": LABELS, "manifest": MANIFEST, "rubric": RUBRIC}[file]
    assert old in text
    folder = write(tmp_path / "set", **{file: text.replace(old, new, 1)})
    with pytest.raises(EvalSetError) as caught:
        load(folder)
    found = [mistake for mistake in caught.value.mistakes if said in mistake.message]
    assert found, caught.value.mistakes
    assert (found[0].line, found[0].column) == (line, column)
    assert file in str(found[0].file)


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """A broken manifest hides nothing in the tables that can be seen without it."""
    folder = write(
        tmp_path / "set",
        manifest=MANIFEST.replace("licence: none", "license: none"),
        answers=ANSWERS.replace("a.how,a,how", "a.why,a,how"),
        labels=LABELS.replace("b.how,right,ann,0", "x.how,right,ann,zero"),
    )
    with pytest.raises(EvalSetError) as caught:
        load(folder)
    places = {(Path(each.file or "").name, each.line, each.column or each.key) for each in caught.value.mistakes}
    assert places >= {
        ("manifest.yaml", 17, "license"),
        ("answers.csv", 3, "answer_id"),
        ("labels.csv", 8, "answer_id"),
        ("labels.csv", 8, "level"),
    }


def test_a_split_without_answers_is_a_mistake(tmp_path: Path) -> None:
    """A report on it would be a report on nothing."""
    manifest = MANIFEST.replace("  test: another", "  test: another\n  dev: a third")
    with pytest.raises(EvalSetError, match="no answer is in the split 'dev'"):
        load(write(tmp_path / "set", manifest=manifest))


def test_files_that_are_not_there_or_empty_are_mistakes_of_the_set(tmp_path: Path) -> None:
    """Said for each, not a traceback."""
    folder = write(tmp_path / "set", answers="answer_id,candidate_id,question_id,answer,split\n")
    (folder / "labels.csv").unlink()
    with pytest.raises(EvalSetError) as caught:
        load(folder)
    said = str(caught.value)
    assert "there is no answer in it" in said
    assert "labels.csv: there is no such file" in said


def test_an_unknown_name_lists_the_sets_there_are() -> None:
    """So that a slip of the hand is mended at once."""
    with pytest.raises(UsageError, match="ml_engineer_screen"):
        load_eval_set("ml_enginer", [shipped("eval_sets")], [])


def test_a_set_divided_by_question_may_have_a_candidate_on_both_sides(tmp_path: Path) -> None:
    """But a question in two splits is a mistake then."""
    by_question = MANIFEST.replace("positive_class", "split_by: question\npositive_class")
    answers = ANSWERS.replace("patience,calibration", "patience,test").replace("are,test", "are,calibration")
    assert load(write(tmp_path / "set", manifest=by_question, answers=answers)).manifest.split_by == "question"
    with pytest.raises(EvalSetError, match="question 'why' is in 'calibration'"):
        load(write(tmp_path / "set", manifest=by_question))


def test_copies_across_splits_are_mistakes_and_within_a_split_warnings(tmp_path: Path) -> None:
    """Case and spacing do not hide a copy; both answers are named, with their splits."""
    copy = "by hand  and with a great deal of Patience"
    copied = ANSWERS.replace("Since medians do not care how far the ends are", copy)
    across = check_eval_set(str(write(tmp_path / "set", answers=copied)), [], [])
    assert [(mistake.line, mistake.column) for mistake in across.mistakes] == [(4, "split")]
    assert "a.how and b.why: exact copy (calibration and test)" in str(across.mistakes[0])
    near = ANSWERS.replace(",,test", ",Since medians do not care how far the end are,test")
    within = check_eval_set(str(write(tmp_path / "set", answers=near)), [], [])
    assert within.mistakes == ()
    assert [copy.leak.kind for copy in within.copies_within] == ["near copy"]
    assert "both in test" in str(within.copies_within[0])


def test_the_findings_of_a_small_set_by_hand(tmp_path: Path) -> None:
    """Raters apart, labels missing, levels never given, notes undeclared, the share of positive answers."""
    found = load(write(tmp_path / "set", labels=LABELS.replace("b.how,right,ann,0,", "b.how,right,ann,0,odd")))
    (apart,) = raters_apart(found)
    assert str(apart) == "a.why, right: 2 levels apart (ann 3, bob 1)"
    assert [(each.rater_id, each.given, each.of) for each in rater_coverage(found)] == [("ann", 6, 6), ("bob", 1, 6)]
    assert unused_levels(found) == {"clear": (0, 1)}
    assert undeclared_notes(found) == {"odd": 1}
    # a.why: right is the median 2 of 3 and 1, clear 2; a.how 2; b.why 2 and 3; b.how 0.
    assert [is_positive(found, each, consensus_levels(each)) for each in found.answers] == [True, True, True, False]
    calibration, test = split_balance(found)
    assert (calibration.base_rate, test.base_rate, test.absent) == (1.0, 0.5, 1)


def test_an_answer_without_a_needed_label_has_no_class(tmp_path: Path) -> None:
    """Missing labels are allowed; they are counted as unknown, not as a fail."""
    found = load(write(tmp_path / "set", labels=LABELS.replace("b.why,clear,ann,3,\n", "")))
    assert is_positive(found, found.answers[2], consensus_levels(found.answers[2])) is None
    assert [balance.unknown for balance in split_balance(found)] == [0, 1]


def test_the_shipped_set_is_without_mistakes() -> None:
    """The same check that people run."""
    found = check_eval_set("ml_engineer_screen", [shipped("eval_sets")], [shipped("rubrics")])
    assert found.mistakes == ()
    assert found.eval_set is not None
    assert found.eval_set.manifest.rater_kind == "model"
    assert {name: len(found.eval_set.split(name)) for name in found.eval_set.manifest.splits} == {
        "calibration": 50,
        "test": 100,
    }
