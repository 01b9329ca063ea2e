"""The command line: parse arguments, call, present. Commands are imported only when they are used."""

from __future__ import annotations

import importlib
import sys
import traceback

import click

from evaluator.cli.garbage import look_for_garbage_seldom
from evaluator.errors import EvaluatorError

_COMMANDS = {
    "grade": ("evaluator.cli.grade", "Grade a table of answers; writes a report, a workbook and JSON lines."),
    "rubric": ("evaluator.cli.rubric", "Check a rubric, or print it for people."),
    "eval-set": ("evaluator.cli.eval_set", "Check, import or divide an eval set, or make one of reviews."),
    "calibrate": ("evaluator.cli.calibrate", "Fit a grader to raters' labels; which grades may stand alone?"),
    "eval": ("evaluator.cli.evaluate", "Measure graders on answers that raters labelled; verdict, report, gate."),
    "canary": ("evaluator.cli.canary", "Has the grader drifted? The golden set, graded anew."),
    "erase": ("evaluator.cli.erase", "Erase a candidate from the store and from runs' folders; prints a receipt."),
    "retention": ("evaluator.cli.retention", "Delete what the store has kept long enough."),
    "store": ("evaluator.cli.store", "Encrypt the store; back it up, restore it."),
    "runs": ("evaluator.cli.runs", "List, show, resume, export or delete runs that the store has."),
    "serve": ("evaluator.cli.serve", "Open the pages where people review what needs a person."),
    "users": ("evaluator.cli.users", "Who may use the pages; a link for whoever cannot get in."),
    "worker": ("evaluator.cli.worker", "Work for the runs and submissions of a store, beside other workers."),
    "settings": ("evaluator.cli.settings", "Show what is set and where, and check it."),
    "status": ("evaluator.cli.status", "Show what waits for workers, since when, and what fails."),
    "outbox": ("evaluator.cli.outbox", "Show and replay events that could not be delivered."),
    "batch": ("evaluator.cli.batch", "Grade at half the price through the Batch API, or by files."),
    "ats": ("evaluator.cli.ats", "Connect an ATS: question maps, quarantine, test events."),
    "keys": ("evaluator.cli.keys", "Make, list and revoke keys of the JSON API."),
    "prices": ("evaluator.cli.prices", "Show what models cost, as far as it is known."),
    "model": ("evaluator.cli.model", "Install the local model, or show where it is."),
}


class _Commands(click.Group):
    """A group whose commands are imported when they are run: the help itself imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(_COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in _COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(package_name="screening-answer-evaluator", prog_name="evaluator")
def cli() -> None:
    """Grade written screening answers against a rubric. Every level points at the candidate's own words; a score
    sorts, and a person decides.

    Begin with:  evaluator grade answers.csv --grader baseline
    """


def main() -> None:
    """The entry point: runs a command and turns this package's errors into a message and exit code 2."""
    look_for_garbage_seldom()
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except EvaluatorError as error:
        click.echo(f"evaluator: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        # The reader of our output went away (as in `| head`): nothing is left to say to it.
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:  # the border: what nobody foresaw is told without what it says
        click.echo(crash_report(error), err=True)
        sys.exit(1)


def crash_report(error: BaseException) -> str:
    """Where something nobody foresaw happened, for whoever mends it. Not its message, nor any value: these may be a
    candidate's words.
    """
    kinds = [type(error).__name__]
    while (error.__cause__ or error.__context__) is not None:
        error = error.__cause__ or error.__context__ or error
        kinds.append(type(error).__name__)
    places = "".join(traceback.format_tb(error.__traceback__))
    return (
        f"evaluator: something nobody foresaw happened ({' after '.join(kinds)}). What was written so far is whole.\n"
        f"{places}Its message is left out, for it may repeat an answer. Please report the lines above."
    )
