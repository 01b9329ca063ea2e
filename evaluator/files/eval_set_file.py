"""Eval sets, read from their folders strictly: every mistake at once, with its file, row and column.

A set's folder is `eval_sets/<id>/` with `manifest.yaml`, `answers.csv` and `labels.csv`; an imported set carries its
own questionnaire and rubric beside them, others name shipped ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluator.core.absence import absence_of
from evaluator.core.answer import Answer
from evaluator.core.eval_set import EvalSet, EvalSetManifest, Label, LabelledAnswer
from evaluator.core.eval_set_findings import Copy, copies
from evaluator.core.meant import suggestion
from evaluator.core.rubric import Rubric
from evaluator.errors import EvalSetError, Mistake, RubricError, UsageError
from evaluator.files.named_table import NamedRow, NamedTable, number_in, read_named_table
from evaluator.files.rubric_file import QuestionSet, load_question_set
from evaluator.files.strict_yaml import YamlDocument, read_yaml, validated

MANIFEST, ANSWERS, LABELS, HISTORY = "manifest.yaml", "answers.csv", "labels.csv", "history.jsonl"
ANSWER_COLUMNS = ("answer_id", "candidate_id", "question_id", "answer", "split")
LABEL_COLUMNS = ("answer_id", "criterion_id", "rater_id", "level", "note")


@dataclass(frozen=True, slots=True)
class EvalSetCheck:
    """What a check found: the set where it could be read whole, every mistake, and copies within one split."""

    folder: Path
    eval_set: EvalSet | None
    mistakes: tuple[Mistake, ...]
    copies_within: tuple[Copy, ...] = ()


def load_eval_set(path_or_name: str, folders: Sequence[Path], rubric_folders: Sequence[Path]) -> EvalSet:
    """The eval set in this folder, or of this name in one of `folders`.

    Its questionnaire and rubric are looked for beside it, then in `rubric_folders`. Raises EvalSetError with every
    mistake, and UsageError where there is no such set. Copies of answers are not looked for here: `check_eval_set`.
    """
    folder = find_eval_set(path_or_name, folders)
    eval_set, mistakes = _read(folder, rubric_folders)
    if eval_set is None or mistakes:
        count = f"{len(mistakes)} mistake" + ("" if len(mistakes) == 1 else "s")
        raise EvalSetError(f"The eval set {folder} has {count}.", mistakes=mistakes)
    return eval_set


def check_eval_set(path_or_name: str, folders: Sequence[Path], rubric_folders: Sequence[Path]) -> EvalSetCheck:
    """Everything that is wrong with the set: what keeps it from loading, and copies that stand in two splits.

    Raises UsageError where there is no such set.
    """
    folder = find_eval_set(path_or_name, folders)
    eval_set, mistakes = _read(folder, rubric_folders)
    if eval_set is None or mistakes:
        return EvalSetCheck(folder, None, tuple(mistakes))
    found = copies(eval_set)
    rows = {each.answer.answer_id: each.answer.row for each in eval_set.answers}
    across = tuple(
        Mistake(f"{copy}: copies must stand in one split", str(folder / ANSWERS), rows[copy.leak.second_id], "split")
        for copy in found
        if copy.across_splits
    )
    return EvalSetCheck(folder, eval_set, across, tuple(copy for copy in found if not copy.across_splits))


def find_eval_set(path_or_name: str, folders: Sequence[Path]) -> Path:
    """The folder of this eval set. Raises UsageError where there is none."""
    path = Path(path_or_name)
    if path.name == MANIFEST and path.is_file():
        return path.parent
    for folder in (path, *(each / path_or_name for each in folders)):
        if (folder / MANIFEST).is_file():
            return folder
    if path.is_dir():
        raise UsageError(f"{path} is no eval set: it has no {MANIFEST}.")
    names = sorted({found.parent.name for folder in folders for found in folder.glob(f"*/{MANIFEST}")})
    raise UsageError(
        f"There is no eval set '{path_or_name}'{suggestion(path_or_name, names) or '.'}",
        hint=f"Give an eval set's folder or one of these names: {', '.join(names) or 'none'}.",
    )


def _read(folder: Path, rubric_folders: Sequence[Path]) -> tuple[EvalSet | None, list[Mistake]]:
    """The set, and every mistake in it. The tables are checked as far as can be where the manifest is broken."""
    manifest, questions, mistakes = _manifest(folder, rubric_folders)
    answer_table = read_named_table(folder / ANSWERS, ANSWER_COLUMNS)
    label_table = read_named_table(folder / LABELS, LABEL_COLUMNS)
    mistakes = [*mistakes, *answer_table.mistakes, *label_table.mistakes]
    answers = _Answers.read(answer_table)
    mistakes.extend(answers.mistakes(answer_table, manifest, questions))
    labels, wrong = _labels(label_table, answers, manifest, questions)
    mistakes.extend(wrong)
    if manifest is None or questions is None or mistakes:
        return None, mistakes
    labelled = (
        LabelledAnswer(answer, row.text("split"), tuple(labels.get(answer.answer_id, ())))
        for row, answer in answers.rows
    )
    return EvalSet(manifest, questions.questionnaire, questions.rubric, tuple(labelled)), []


def _manifest(
    folder: Path, rubric_folders: Sequence[Path]
) -> tuple[EvalSetManifest | None, QuestionSet | None, list[Mistake]]:
    try:
        document = read_yaml(folder / MANIFEST, EvalSetError)
    except EvalSetError as error:
        return None, None, list(error.mistakes) or [Mistake(error.message)]
    manifest, mistakes = validated(document, EvalSetManifest)
    if manifest is None:
        return None, None, mistakes
    try:
        questions = _question_set(folder, manifest.questionnaire, rubric_folders)
    except (RubricError, UsageError) as error:
        said = [document.mistake(("questionnaire",), f"{error.message} {error.hint or ''}".strip()), *error.mistakes]
        return manifest, None, [*said, *_manifest_mistakes(manifest, None, document)]
    return manifest, questions, list(_manifest_mistakes(manifest, questions, document))


def _question_set(folder: Path, named: str, rubric_folders: Sequence[Path]) -> QuestionSet:
    """The questionnaire beside the manifest where there is one, else by its path from there, else by its name."""
    if any(folder.glob("questionnaire.v*.yaml")):
        return load_question_set(str(folder), rubric_folders)
    if (folder / named).exists():
        return load_question_set(str(folder / named), rubric_folders)
    return load_question_set(named, rubric_folders)


def _manifest_mistakes(
    manifest: EvalSetManifest, questions: QuestionSet | None, document: YamlDocument
) -> Iterator[Mistake]:
    """What is wrong with a manifest whose keys are all there."""
    if not manifest.splits:
        yield document.mistake(("splits",), "names no split")
    for number, rater in enumerate(manifest.raters):
        if rater in manifest.raters[:number]:
            yield document.mistake(("raters", number), f"'{rater}' stands here twice")
    wanted = manifest.positive_class
    if wanted.view == "criteria" and wanted.level is None:
        yield document.mistake(("positive_class",), "the view 'criteria' needs a level")
    if questions is None:
        return
    scale = questions.rubric.scale.levels
    if wanted.level is not None and wanted.level not in scale:
        said = f"level {wanted.level} is not on the scale {list(scale)}"
        yield document.mistake(("positive_class", "level"), said)
    for key, record in (("questionnaire", questions.questionnaire), ("rubric", questions.rubric)):
        named = getattr(manifest, key)
        is_path = "/" in named or named.endswith(".yaml")
        if not is_path and named not in (record.id, f"{record.id}@{record.version}"):
            yield document.mistake((key,), f"names '{named}', but the {key} that was found is '{record.id}'")


@dataclass(frozen=True, slots=True)
class _Answers:
    """The answers with their rows; of rows with the same id only the first."""

    rows: tuple[tuple[NamedRow, Answer], ...]
    by_id: Mapping[str, Answer]
    repeated: tuple[tuple[NamedRow, int], ...]
    """Rows whose id stands in an earlier row, and that row's number."""

    @classmethod
    def read(cls, table: NamedTable) -> _Answers:
        by_id: dict[str, Answer] = {}
        rows, repeated = [], []
        for row in table.rows:
            answer_id, text = row.text("answer_id"), row.cells["answer"]
            if answer_id in by_id:
                repeated.append((row, by_id[answer_id].row or 0))
                continue
            answer = Answer(
                answer_id, row.text("candidate_id"), row.text("question_id"), text, absence_of(text), row.number
            )
            rows.append((row, answer))
            by_id[answer_id] = answer
        return cls(tuple(rows), by_id, tuple(repeated))

    def mistakes(
        self, table: NamedTable, manifest: EvalSetManifest | None, questions: QuestionSet | None
    ) -> Iterator[Mistake]:
        known = {question.id for question in questions.questionnaire.questions} if questions else None
        for row, first in self.repeated:
            yield table.mistake(row, "answer_id", f"'{row.text('answer_id')}' stands in row {first} already")
        for row in table.rows:
            for column in ("answer_id", "candidate_id", "question_id", "split"):
                if not row.text(column):
                    yield table.mistake(row, column, "is empty")
            question, split = row.text("question_id"), row.text("split")
            if known is not None and question and question not in known:
                yield table.mistake(row, "question_id", f"'{question}' is no question of the questionnaire")
            if manifest is not None and split and split not in manifest.splits:
                said = f"'{split}' is no split of the manifest (it has {', '.join(manifest.splits)})"
                yield table.mistake(row, "split", said)
        if manifest is not None:
            yield from _in_two_splits(self, table, manifest)
            used = {row.text("split") for row in table.rows}
            for split in manifest.splits if table.rows else ():
                if split not in used:
                    yield Mistake(f"no answer is in the split '{split}' of the manifest", table.file, column="split")
        if not table.rows and not table.mistakes:
            yield Mistake("there is no answer in it", table.file)


def _in_two_splits(answers: _Answers, table: NamedTable, manifest: EvalSetManifest) -> Iterator[Mistake]:
    """Candidates (or questions, where the set is split by them) that stand in more than one split."""
    if manifest.split_by == "answer":
        return
    column = f"{manifest.split_by}_id"
    first: dict[str, NamedRow] = {}
    told: set[str] = set()
    for row, _ in answers.rows:
        owner = row.text(column)
        before = first.setdefault(owner, row)
        if owner and owner not in told and before.text("split") != row.text("split"):
            told.add(owner)
            said = f"{manifest.split_by} '{owner}' is in '{before.text('split')}' (row {before.number}) and in "
            yield table.mistake(row, column, f"{said}'{row.text('split')}'")


def _labels(
    table: NamedTable, answers: _Answers, manifest: EvalSetManifest | None, questions: QuestionSet | None
) -> tuple[dict[str, list[Label]], list[Mistake]]:
    """The labels by answer, and what is wrong with them."""
    labels: dict[str, list[Label]] = {}
    mistakes: list[Mistake] = []
    first: dict[tuple[str, str, str], int] = {}
    for row in table.rows:
        answer_id, criterion_id, rater_id = (row.text(column) for column in LABEL_COLUMNS[:3])
        found = list(_label_mistakes(row, table, answers, manifest, questions))
        before = first.setdefault((answer_id, criterion_id, rater_id), row.number)
        if before != row.number:
            said = f"'{rater_id}' has labelled '{criterion_id}' of this answer in row {before} already"
            found.append(table.mistake(row, "rater_id", said))
        mistakes.extend(found)
        level = number_in(row.text("level"))
        if level is not None and not found:
            label = Label(answer_id, criterion_id, rater_id, level, row.text("note"))
            labels.setdefault(answer_id, []).append(label)
    return labels, mistakes


def _label_mistakes(
    row: NamedRow,
    table: NamedTable,
    answers: _Answers,
    manifest: EvalSetManifest | None,
    questions: QuestionSet | None,
) -> Iterator[Mistake]:
    answer_id, criterion_id, rater_id, written = (row.text(column) for column in LABEL_COLUMNS[:4])
    answer = answers.by_id.get(answer_id)
    if answer is None:
        yield table.mistake(row, "answer_id", f"'{answer_id}' is no answer of {ANSWERS}: an orphan label")
    if manifest is not None and rater_id not in manifest.raters:
        said = f"'{rater_id}' is no rater of the manifest (it has {', '.join(manifest.raters)})"
        yield table.mistake(row, "rater_id", said)
    criterion = None
    if questions is not None:
        criterion = next((each for each in questions.rubric.criteria if each.id == criterion_id), None)
        if criterion is None:
            said = f"'{criterion_id}' is no criterion of {questions.rubric.id}"
            yield table.mistake(row, "criterion_id", said)
        elif answer is not None:
            asked = {question.id: question.criteria for question in questions.questionnaire.questions}
            if criterion_id not in asked.get(answer.question_id, (criterion_id,)):
                said = f"the question '{answer.question_id}' is not graded on '{criterion_id}'"
                yield table.mistake(row, "criterion_id", said)
    level = number_in(written)
    if level is None:
        said = f"'{written}' is no number (leave the whole row out where there is no label)"
        yield table.mistake(row, "level", said)
    elif questions is not None and criterion is not None:
        yield from _off_scale(row, table, level, questions.rubric, manifest)


def _off_scale(
    row: NamedRow, table: NamedTable, level: float, rubric: Rubric, manifest: EvalSetManifest | None
) -> Iterator[Mistake]:
    scale = rubric.scale
    if not scale.lowest <= level <= scale.highest:
        yield table.mistake(row, "level", f"{level:g} is off the scale {scale.lowest} to {scale.highest}")
    elif level not in scale.levels and not (manifest and manifest.between_levels):
        said = f"{level:g} lies between two levels; set 'between_levels: true' in {MANIFEST} if that is meant"
        yield table.mistake(row, "level", said)
