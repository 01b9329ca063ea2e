"""The price list: strict, dated, and silent about what it does not know."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from evaluator.core.budget import Budget
from evaluator.core.price import Price
from evaluator.errors import InputError, UsageError
from evaluator.files.price_file import load_prices
from evaluator.wiring import make_grader
from evaluator.wiring_options import GraderOptions

OPENAI = "api.openai.com"
GOOD = """
read_on: "2026-01-01"
sources: [somewhere]
endpoints:
  - name: A
    hosts: [a.test]
    batch: 0.5
    models:
      small: {input: 1, output: 2}
"""


def test_the_shipped_list_is_whole() -> None:
    """Every price is positive, a cached token never costs more than a fresh one, and the list says its day."""
    prices = load_prices()
    assert date.fromisoformat(prices.read_on) <= date(2026, 12, 31)
    for endpoint in prices.endpoints:
        for name, model in endpoint.models.items():
            assert 0 < model.input <= model.output, name
            assert model.cached is None or 0 < model.cached < model.input, name
            assert model.cache_write is None or model.cache_write >= model.input, name


@pytest.mark.parametrize(
    ("model", "known_as"),
    [
        ("gpt-4.1-mini", "gpt-4.1-mini"),
        ("gpt-4.1-mini-2025-04-14", "gpt-4.1-mini"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("ft:gpt-4.1-mini:us::1", None),
        ("gpt-4.1-mini-preview", None),
        ("gpt-99", None),
        ("", None),
    ],
)
def test_a_model_is_known_by_its_name_or_a_snapshot_of_it(model: str, known_as: str | None) -> None:
    """A snapshot that has a price of its own keeps it; a tuned or unlisted model has none."""
    found = load_prices().price_of(OPENAI, model)
    assert found == (load_prices().price_of(OPENAI, known_as) if known_as else None)
    assert (found is None) == (known_as is None)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (GOOD.replace("output: 2", "ouput: 2"), "unknown key"),
        (GOOD.replace(", output: 2", ""), "is missing"),
        (GOOD.replace("input: 1", "input: -1"), "greater than or equal to 0"),
        (GOOD.replace("input: 1", "input: .nan"), "finite"),
        (GOOD.replace("batch: 0.5", "batch: 50"), "less than or equal to 1"),
        (GOOD.replace("2026-01-01", "lately"), "read_on"),
        (GOOD.replace("hosts: [a.test]", "hosts: [a.test, a.test]"), "2 times"),
        ("", "expected keys"),
    ],
)
def test_a_mistake_in_a_price_list_is_an_error_that_names_it(tmp_path: Path, written: str, said: str) -> None:
    """Nothing is billed by a price that was misspelt."""
    path = tmp_path / "prices.yaml"
    path.write_text(written, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        load_prices(path)


@pytest.mark.parametrize(
    ("spec", "options", "price"),
    [
        ("openai:gpt-4.1-mini", {}, Price(0.4, 1.6, 0.1, batch=0.5)),
        ("openai:gpt-99", {}, None),
        ("openai:gpt-4.1-mini", {"base_url": "https://elsewhere.test/v1"}, None),
        ("openai:gpt-4.1-mini", {"base_url": "https://api.openai.com/v1"}, Price(0.4, 1.6, 0.1, batch=0.5)),
        ("openai:gpt-4.1-mini", {"base_url": "http://127.0.0.1:8000/v1"}, Price(0.0, 0.0)),
        ("openai:gpt-99", {"price": Price(1.0, 2.0)}, Price(1.0, 2.0, batch=0.5)),
        ("openai:m", {"price": Price(1.0, 2.0), "base_url": "https://elsewhere.test/v1"}, Price(1.0, 2.0)),
        ("baseline", {}, Price(0.0, 0.0)),
    ],
)
def test_a_price_holds_only_at_the_endpoint_it_is_for(
    spec: str, options: dict[str, object], price: Price | None
) -> None:
    """The same name behind another address has no known price; a server on this computer sends no bill."""
    grader = make_grader(spec, options=GraderOptions(api_key="sk-test", **options))
    assert grader.pipeline.prices == (price,)


def test_a_panel_pays_each_grader_at_its_own_price() -> None:
    """Two models, two prices."""
    grader = make_grader("panel:openai:gpt-4.1,openai:gpt-4.1-nano", options=GraderOptions(api_key="sk-test"))
    assert [price.input for price in grader.pipeline.prices if price] == [2.0, 0.1]


def test_a_cap_without_a_price_is_refused() -> None:
    """Nothing can be held under a cap that cannot be counted; --price makes it countable."""
    with pytest.raises(UsageError, match="--max-cost needs a price"):
        make_grader("openai:gpt-99", options=GraderOptions(api_key="sk-test", budget=Budget(1.0)))
