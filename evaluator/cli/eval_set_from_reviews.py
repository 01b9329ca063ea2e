"""`evaluator eval-set from-reviews`: what people said on the pages, as an eval set that `evaluator eval` takes."""

from __future__ import annotations

from pathlib import Path

import click

from evaluator.cli.finite_range import FiniteRange
from evaluator.cli.store_option import opened_store, store_option

_SHARE = FiniteRange(0, 1, min_open=True, max_open=True)


@click.command(name="from-reviews", short_help="Make an eval set of what people decided.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The new eval set's folder.")
@click.option("--run", "runs", multiple=True, metavar="RUN", help="Only this run; may be repeated. [default: all]")
@store_option
@click.option("--id", "set_id", help="The set's id. [default: the folder's name]")
@click.option("--title", help="What the set is. [default: says that people reviewed it]")
@click.option(
    "--licence", default="not stated", show_default=True, help="The terms under which the answers may be used."
)
@click.option("--test-share", type=_SHARE, default=2 / 3, show_default="2/3", help="Share that goes to the test split.")
@click.option("--blind-only", is_flag=True, help="Leave out labels given after the grader's levels were shown.")
def from_reviews(
    out: Path,
    runs: tuple[str, ...],
    where: str | None,
    set_id: str | None,
    title: str | None,
    licence: str,
    test_share: float,
    blind_only: bool,
) -> None:
    """Make an eval set of what people decided on the pages of `evaluator serve`.

    Raters and candidates have pseudonyms. Each label says whether it was given blind, with the grader's levels shown,
    or to settle a difference. A candidate stays on the same side of the split in every set made with the same share.
    """
    from evaluator.core.eval_set_from_reviews import ReviewSetChoices, eval_set_from_reviews
    from evaluator.core.graded_answers import safe_identifiers
    from evaluator.errors import UsageError
    from evaluator.files.eval_set_folder import write_eval_set
    from evaluator.report.wording import counted
    from evaluator.run.reviews_for_eval import gather_reviews
    from evaluator.settings import read_settings

    with opened_store(where, read_settings()) as store:
        gathered = gather_reviews(store, runs)
    name = set_id or out.resolve().name
    choices = ReviewSetChoices(
        set_id=safe_identifiers([name], prefix="set_")[name],
        title=title or f"Reviewed answers to {gathered.questionnaire.title}",
        licence=licence,
        test_share=test_share,
        blind_only=blind_only,
    )
    made = eval_set_from_reviews(gathered.texts, gathered.questionnaire, gathered.rubric, choices)
    if not made.eval_set.answers:
        raise UsageError(
            "No label is left for the set.",
            hint="Leave out --blind-only, or let people label blind: evaluator serve --blind-share 0.5",
        )
    write_eval_set(made.eval_set, out)
    for how, count in sorted(made.labels.items()):
        click.echo(f"  {how}: {counted(count, 'labelled answer')}")
    for split, words in made.eval_set.manifest.splits.items():
        answers = len(made.eval_set.split(split))
        click.echo(f"  {split}: {counted(answers, 'answer')}, {words}")
        if not answers:
            click.echo(f"Note: the split {split} is empty; review answers of more candidates.")
    if made.torn:
        click.echo(f"Note: {made.torn} answers are left out: copies of them belong to the other split.")
    if made.unwritable:
        click.echo(f"Note: {made.unwritable} answers are left out: no text file can hold their characters.")
    if all(made.eval_set.split(split) for split in made.eval_set.manifest.splits):
        click.echo(f"Written to {out}. Measure a grader on it:  evaluator eval {out} --grader baseline")
    else:
        click.echo(f"Written to {out}. A grader can be measured on such a set once no split of it is empty.")
