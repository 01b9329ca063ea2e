"""The benchmark's command: run parts of the matrix, show the tables, draw the plot, make answers."""

from __future__ import annotations

import os
from pathlib import Path

import click

from benchmarks.cells import CELLS, GROUPS, chosen
from benchmarks.result_row import ResultRow, read_rows

_CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "screening-answer-evaluator"
_FOLDER = Path(os.environ.get("BENCHMARK_WORK", _CACHE / "benchmarks"))
_NEIGHBOURS = Path(os.environ.get("BENCHMARK_NEIGHBOURS", _CACHE / "neighbours"))
_results = click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=_FOLDER / "results.jsonl",
    help="Rows of results (JSON lines).",
)


class _Told(click.Group):
    """What cannot be read or written, and results that are none, are said in a sentence."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except OSError as error:
            raise click.ClickException(f"{error.filename}: {error.strerror}") from error


@click.group(cls=_Told)
def main() -> None:
    """Our command line beside raw clients and other packages, against a mock endpoint on loopback."""


@main.command()
@_results
@click.option("--only", help="Contestants, with commas. [default: all that are installed]")
@click.option("--cells", default="c64,lat300,fault,kill,start", show_default=True, help="Cells, with commas.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--n", "count", type=click.IntRange(16), default=500, show_default=True, help="Answers.")
@click.option("--neighbours", type=click.Path(path_type=Path), default=_NEIGHBOURS, help="Where they are installed.")
@click.option("--work", type=click.Path(path_type=Path), default=_FOLDER, help="For inputs and outputs of the runs.")
@click.option("--ours-arguments", default="", help="Further arguments of our command line.")
@click.option("--client-core", type=int, default=0, show_default=True, help="-1: anywhere.")
@click.option("--server-core", type=int, default=1, show_default=True, help="-1: anywhere.")
@click.option(
    "--priority",
    type=click.IntRange(1, 90),
    help="Real-time priority, where other work is on the computer. [Linux, root]",
)
@click.option(
    "--longest", type=float, default=3600.0, show_default=True, help="Seconds for one contestant in one cell."
)
@click.option("--again", is_flag=True, help="Measure also what is already in the results.")
def run(
    results: Path,
    only: str | None,
    cells: str,
    rounds: int,
    count: int,
    neighbours: Path,
    work: Path,
    ours_arguments: str,
    client_core: int,
    server_core: int,
    priority: int | None,
    longest: float,
    again: bool,
) -> None:
    """Measure, and add each result to the file as it comes; what is there already is left out."""
    from benchmarks.contestants import contestants
    from benchmarks.matrix import Matrix, Plan
    from benchmarks.table import tables

    everybody = contestants(neighbours.absolute(), ours_arguments)
    names = only.split(",") if only else [name for name in everybody if everybody[name].version()]
    unknown = [name for name in names if name not in everybody]
    if unknown:
        raise click.UsageError(f"no such contestant: {', '.join(unknown)}; there are {', '.join(everybody)}")
    try:
        wanted = chosen(cells.split(","))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    plan = Plan(
        contestants=[everybody[name] for name in names],
        cells=wanted,
        rounds=rounds,
        count=count,
        results=results,
        work=work.absolute(),
        client_core=_core(client_core),
        server_core=_core(server_core),
        longest=longest,
        again=again,
        priority=priority,
    )
    _read(results)  # before anything is measured
    Matrix(plan, click.echo).run()
    click.echo("\n" + tables(_read(results)))


@main.command()
@_results
def show(results: Path) -> None:
    """Print the tables."""
    from benchmarks.table import tables

    rows = _read(results)
    if not rows:
        raise click.UsageError(f"{results} holds no results; run `python -m benchmarks run` first.")
    click.echo(tables(rows))


@main.command()
@_results
@click.argument("svg", type=click.Path(path_type=Path))
def plot(results: Path, svg: Path) -> None:
    """Draw CPU and memory of each client as SVG."""
    from benchmarks.plot import write_plot

    try:
        write_plot(_read(results), svg)
    except ValueError as error:
        raise click.UsageError(f"{results}: {error}") from None


@main.command("answers")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--n", "count", type=click.IntRange(1), default=500, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def make_answers(path: Path, count: int, seed: int) -> None:
    """Write made-up answers as .csv or .jsonl."""
    from benchmarks.answers import write_answers
    from benchmarks.workload import workload

    try:
        write_answers(path, count, list(workload()["questions"]), seed)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@main.command("cells")
def list_cells() -> None:
    """Say which cells there are."""
    for cell in CELLS:
        click.echo(f"{cell.name:12} {cell.about}")
    for name, cells in GROUPS.items():
        click.echo(f"{name:12} {', '.join(cells)}")


def _read(results: Path) -> list[ResultRow]:
    try:
        return read_rows(results)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _core(number: int) -> int | None:
    return number if 0 <= number < (os.cpu_count() or 1) else None


if __name__ == "__main__":
    main()
