"""`evaluator rubric`: check the files that people write, and print a rubric for people."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import Criterion, Rubric
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import load_question_set, rubric_mistakes


@click.group(name="rubric", short_help="Check a rubric, or print it.")
def command() -> None:
    """Check a rubric and what belongs to it, or print it for people."""


@command.command(short_help="Report every mistake in a rubric or its like.")
@click.argument("path", type=click.Path(path_type=Path), required=False)
def check(path: Path | None) -> None:
    """Report every mistake in a rubric, questionnaire, vocabulary or examples file, or in a folder of them.

    Without PATH, the shipped rubrics are checked. Exit codes: 0 no mistake; 2 mistakes, each with file, line and key.
    """
    paths, mistakes = rubric_mistakes(path or shipped("rubrics"))
    for mistake in mistakes:
        click.echo(str(mistake))
    files = "1 file" if len(paths) == 1 else f"{len(paths)} files"
    if mistakes:
        click.echo(f"{len(mistakes)} mistake{'s' if len(mistakes) != 1 else ''} in {files}.")
        sys.exit(2)
    click.echo(f"No mistakes in {files}.")


@command.command(short_help="Print a questionnaire and its rubric.")
@click.argument("questionnaire", default="ml_engineer_screen")
@click.option("--rubrics", type=click.Path(path_type=Path), multiple=True, help="A folder of rubrics of your own.")
def show(questionnaire: str, rubrics: tuple[Path, ...]) -> None:
    """Print a questionnaire and its rubric: criteria, levels, checks, rules, red flags, questions."""
    found = load_question_set(questionnaire, [*rubrics, shipped("rubrics")])
    console = Console(highlight=False, emoji=False)
    _show_rubric(console, found.rubric)
    _show_questions(console, found.questionnaire)


def _show_rubric(console: Console, rubric: Rubric) -> None:
    console.print(f"[bold]{escape(rubric.title)}[/] ({rubric.id}, version {rubric.version})")
    bar = f"{rubric.advance_at:g} of {rubric.score_out_of:g}"
    console.print(f"Levels {rubric.scale.lowest} to {rubric.scale.highest}. The bar: {bar}; a person decides.\n")
    for criterion in rubric.criteria:
        _show_criterion(console, criterion)
    if rubric.red_flags:
        console.print("[bold]Red flags[/] (a person sees them; they lower no level)")
        for flag in rubric.red_flags:
            console.print(Padding(f"[bold]{escape(flag.name)}[/]: {escape(flag.looks_like)}", (0, 0, 0, 2)))
        console.print()


def _show_criterion(console: Console, criterion: Criterion) -> None:
    console.print(f"[bold]{escape(criterion.name)}[/] (weight {criterion.weight:g})")
    console.print(Padding(f"[italic]{escape(criterion.asks)}[/]", (0, 0, 0, 2)))
    for level in sorted(criterion.levels):
        console.print(Padding(f"[bold]{level}[/]  {escape(criterion.levels[level])}", (0, 0, 0, 2)))
    if criterion.checks:
        console.print("  Checks")
        for check_id, asks in criterion.checks.items():
            console.print(Padding(f"[dim]{check_id}[/]  {escape(asks)}", (0, 0, 0, 4)))
        console.print("  A level is reached where its rule holds; the highest counts")
        for level, rule in sorted(criterion.level_rules.items()):
            veto = "  [dim](a veto: then the level is the lowest)[/]" if level == min(criterion.levels) else ""
            console.print(Padding(f"{level}  {escape(rule)}{veto}", (0, 0, 0, 4)))
    for note in criterion.guidance:
        console.print(Padding(f"[dim]Note:[/] {escape(note)}", (0, 0, 0, 2)))
    console.print()


def _show_questions(console: Console, questionnaire: Questionnaire) -> None:
    console.print(f"[bold]{escape(questionnaire.title)}[/] ({questionnaire.id}, version {questionnaire.version})")
    for question in questionnaire.questions:
        console.print(Padding(f"[bold]{escape(question.title)}[/] ({question.id})", (1, 0, 0, 2)))
        console.print(Padding(escape(question.text), (0, 0, 0, 4)))
        console.print(Padding(f"[dim]Graded on: {', '.join(question.criteria)}[/]", (0, 0, 0, 4)))
