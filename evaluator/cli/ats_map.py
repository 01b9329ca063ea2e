"""`evaluator ats map`: a question map begun from what an ATS really sent, for a person to finish."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evaluator.cli.store_option import opened_store, store_option
from evaluator.errors import UsageError
from evaluator.files.whole_file import cannot_write, whole_file

if TYPE_CHECKING:
    from evaluator.core.questionnaire import Questionnaire

_SOURCES = ("greenhouse", "lever", "ashby", "workable", "smartrecruiters", "standard")


@click.command(name="map", short_help="Write a question map from what a source really asks.")
@click.argument("source", type=click.Choice(_SOURCES), metavar="SOURCE")
@click.option(
    "--sample", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="An event as it was delivered, or an application as the ATS's API gives it (JSON).",
)  # fmt: skip
@click.option("--quarantine", "from_quarantine", is_flag=True, help="Take the questions of events that are held back.")
@click.option(
    "--questionnaire", help="The questionnaire to map to.  [default: EVALUATOR_QUESTIONNAIRE or the shipped one]"
)
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file instead of standard output.")
@store_option
def map_questions(
    source: str, sample: Path | None, questionnaire: str | None, out: Path | None, where: str | None,
    *, from_quarantine: bool,
) -> None:  # fmt: skip
    """Write a question map from the questions that SOURCE really asks: greenhouse, lever, ashby, workable,
    smartrecruiters or standard.

    What is sure is filled in, what is likely is marked, and what is unclear stands there as a comment: every line is
    for you to check. Put the file into the folder of EVALUATOR_ATS_MAPS.
    """
    from evaluator.settings import read_ats_settings
    from evaluator.wiring import DEFAULT_QUESTIONNAIRE
    from evaluator.wiring_service import find_questionnaire

    if (sample is None) != from_quarantine:
        raise UsageError(
            "The questions have to come from somewhere.", hint="Give either --sample FILE or --quarantine."
        )
    if out is not None and out.exists():
        raise UsageError(f"{out} is there already.", hint="Name another file: this one may have been corrected.")
    asked = _held_back(source, where) if sample is None else _questions_in(source, sample)
    if not asked:
        raise UsageError(
            "There are no questions in it.",
            hint="An event without answers names what to fetch: save the application as the ATS's API gives it.",
        )
    name = questionnaire or read_ats_settings().questionnaire or DEFAULT_QUESTIONNAIRE
    written = "\n".join(_lines(source, name, asked, find_questionnaire()(name))) + "\n"
    if out is None:
        click.echo(written, nl=False)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(out, error) from error
    with whole_file(out) as partial:
        partial.write_text(written, encoding="utf-8")
    click.echo(f"{out} is written. Check every line of it, then: evaluator ats check")
    maps = read_ats_settings().maps
    if maps is None or maps.resolve() != out.parent.resolve():
        click.echo(f"It is read where EVALUATOR_ATS_MAPS names its folder: {out.parent.resolve()}")


def _questions_in(source: str, sample: Path) -> list[str]:
    from evaluator.ats.sources import SOURCES
    from evaluator.ats.strict_json import UnreadableJsonError, read_object

    try:
        document = read_object(sample.read_bytes())
    except UnreadableJsonError as error:
        raise UsageError(f"{sample} cannot be read: it is {error}.") from None
    found = SOURCES[source].answers_in(document)
    return list(dict.fromkeys(answer.question or answer.key or "" for answer in found if answer.question or answer.key))


def _held_back(source: str, where: str | None) -> list[str]:
    from evaluator.settings import read_settings

    with opened_store(where, read_settings()) as store:
        held = store.inbox.in_state("quarantined", source=source)
    return list(dict.fromkeys(each for event in held if event.reason == "unmapped_questions" for each in event.detail))


def _lines(source: str, name: str, asked: Sequence[str], questionnaire: Questionnaire) -> Iterator[str]:
    from evaluator.files.tables.question_match import QuestionMatcher

    matcher = QuestionMatcher(questionnaire.questions)
    sure, unclear = [], []
    for each in asked:
        match = matcher.match(each)
        if match.question_id is not None:
            how = f"  # {match.how}: check" if match.how else ""
            sure.append(f"  {json.dumps(each, ensure_ascii=False)}: {match.question_id}{how}")
        else:
            nearest = match.nearest or matcher.suggest(each)
            unclear.append((each, nearest))
    yield f"# What {source} asks, and what each question is in {questionnaire.id}. Check every line."
    yield f"source: {source}"
    yield f"questionnaire: {name}"
    yield "questions:" if sure else "questions: {}"
    yield from sure
    if unclear:
        yield "# Not clear. Move each to the questions above, or to the ignored ones below; until then, submissions"
        yield f"# that have it are held back. The questions of {questionnaire.id}:"
        yield "#   " + ", ".join(question.id for question in questionnaire.questions)
        for each, nearest in unclear:
            yield f"#  {json.dumps(each, ensure_ascii=False)}: {nearest or '?'}" + ("  # perhaps" if nearest else "")
    yield "ignore: []"
