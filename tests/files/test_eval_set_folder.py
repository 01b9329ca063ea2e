"""A set divided anew: copies together, both sides alike, and nothing that was reported on is changed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from evaluator.core.eval_set import EvalSet
from evaluator.core.eval_set_split import split_again
from evaluator.core.metrics.leakage import KeptText, find_leaks
from evaluator.errors import EvalSetError, OutputError
from evaluator.files.eval_set_folder import write_new_split
from tests.files.small_eval_set import MANIFEST, graded, imported, load, scored, write


def exam(folder: Path, **changes: object) -> EvalSet:
    rows = [scored(n, str(n % 6)) for n in range(60)]
    # A chain of copies: 0 and 20 are the same, 21 (of the other question) is nearly so.
    rows[20] = rows[20] | {"answer": rows[0]["answer"].upper()}
    rows[21] = rows[21] | {"answer": rows[0]["answer"] + "!"}
    return imported(graded(folder, rows))


@pytest.mark.parametrize("by", ["answer", "candidate"])
def test_a_division_keeps_copies_together_and_both_sides_alike(tmp_path: Path, by: str) -> None:
    """No leak between the sides; the mean level of both is nearly the same; the share is what was asked for."""
    divided = split_again(exam(tmp_path), by=by, test_share=0.5, seed=1)  # type: ignore[arg-type]
    sides = [divided.eval_set.split(name) for name in ("calibration", "test")]
    first, second = ([KeptText(each.answer.answer_id, each.answer.text) for each in side] for side in sides)
    assert find_leaks(first, second) == ()
    assert divided.held_together == 3
    assert [len(side) for side in sides] == pytest.approx([30, 30], abs=3)
    means = [sum(each.labels[0].level for each in side) / len(side) for side in sides]
    assert means[0] == pytest.approx(means[1], abs=0.5)
    assert divided.eval_set.manifest.splits["test"].startswith(f"{len(sides[1])} answers")


def test_by_answer_every_question_is_on_both_sides(tmp_path: Path) -> None:
    """A calibration question by question needs answers to each."""
    divided = split_again(exam(tmp_path), by="answer", test_share=0.7, seed=1).eval_set
    for name in ("calibration", "test"):
        assert {each.answer.question_id for each in divided.split(name)} == {"q1_1", "q2_1"}


def test_the_same_seed_divides_in_the_same_way(tmp_path: Path) -> None:
    """And another one in another way."""
    whole = exam(tmp_path)
    first, again, other = (
        [each.split for each in split_again(whole, by="answer", test_share=0.5, seed=seed).eval_set.answers]
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_a_division_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """Copies can chain all questions together, and a candidate must not be torn apart."""
    with pytest.raises(EvalSetError, match="only one unit"):
        split_again(exam(tmp_path), by="question", test_share=0.5, seed=1)
    with pytest.raises(EvalSetError, match="candidate a has 2 answers"):
        split_again(load(write(tmp_path / "set")), by="answer", test_share=0.5, seed=1)


def test_a_new_division_changes_the_split_and_what_the_manifest_says_of_it(tmp_path: Path) -> None:
    """Comments, labels and texts stay; a set that was reported on is only divided into a copy, its next version."""
    folder = write(tmp_path / "set")
    labels = (folder / "labels.csv").read_text(encoding="utf-8")
    divided = split_again(load(folder), by="question", test_share=0.5, seed=1).eval_set
    assert write_new_split(folder, divided, None) == folder
    again = load(folder)
    assert [each.split for each in again.answers] == [each.split for each in divided.answers]
    assert again.manifest == divided.manifest
    assert [each.answer.text for each in again.answers] == [each.answer.text for each in divided.answers]
    text = (folder / "manifest.yaml").read_text(encoding="utf-8")
    assert "# Made by hand." in text
    assert "# What passes.\npositive_class" in text
    assert (folder / "labels.csv").read_text(encoding="utf-8") == labels

    (folder / "history.jsonl").write_text("{}\n", encoding="utf-8")
    before = (folder / "answers.csv").read_bytes()
    by_candidate = split_again(again, by="candidate", test_share=0.5, seed=1).eval_set
    with pytest.raises(EvalSetError, match="reported on already"):
        write_new_split(folder, by_candidate, None)
    with pytest.raises(OutputError, match="not empty"):
        write_new_split(folder, by_candidate, folder)
    write_new_split(folder, by_candidate, tmp_path / "copy")
    copy = load(tmp_path / "copy")
    assert (copy.manifest.version, copy.manifest.split_by) == (2, "candidate")
    assert not (tmp_path / "copy" / "history.jsonl").exists()
    assert (folder / "answers.csv").read_bytes() == before


def test_a_manifest_on_one_line_is_divided_too(tmp_path: Path) -> None:
    """It is written anew where its text cannot be patched."""
    folder = write(tmp_path / "set")
    data = yaml.safe_load(MANIFEST)
    (folder / "manifest.yaml").write_text(yaml.dump(data, default_flow_style=True, width=10_000), encoding="utf-8")
    divided = split_again(load(folder), by="candidate", test_share=0.5, seed=1).eval_set
    write_new_split(folder, divided, None)
    assert load(folder).manifest == divided.manifest
