"""`evaluator prices`: the prices that are known, with their date."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from evaluator.core.price import Price
from evaluator.files.price_file import load_prices


@click.command(short_help="Show what models cost, as far as it is known.")
def command() -> None:
    """Show the prices that estimates, costs and --max-cost go by, in US dollars for a million tokens.

    A model or an endpoint that is not listed has no known price: give it with --price IN,OUT[,CACHED].
    """
    prices = load_prices()
    console = Console(highlight=False, emoji=False)
    for endpoint in prices.endpoints:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column(f"{endpoint.name} ({', '.join(endpoint.hosts)})", no_wrap=True)
        for heading in ("input", "cached", "output", "batch in", "batch out"):
            table.add_column(heading, justify="right")
        for model in endpoint.models:
            price = endpoint.price_of(model)
            if price is not None:
                table.add_row(model, *_cells(price))
        console.print(table)
    console.print(f"US dollars for a million tokens, read on {prices.read_on}. Prices change: --price overrides them.")
    console.print("[dim]From " + ", ".join(prices.sources) + "[/]", soft_wrap=True)


def _cells(price: Price) -> tuple[str, ...]:
    batch = price.in_batch if price.batch is not None else None
    return (
        _dollars(price.input),
        _dollars(price.cached),
        _dollars(price.output),
        _dollars(batch.input if batch else None),
        _dollars(batch.output if batch else None),
    )


def _dollars(price: float | None) -> str:
    if price is None:
        return "–"
    exact = f"{price:.4f}".rstrip("0")
    return exact if len(exact.partition(".")[2]) >= 2 else f"{price:.2f}"
