"""`prices.yaml`, loaded strictly: an unknown key, a missing price or a host that stands twice is an error."""

from __future__ import annotations

from collections import Counter
from importlib.resources import as_file, files
from pathlib import Path

from evaluator.core.price_list import PriceList
from evaluator.errors import InputError, number_of
from evaluator.files.strict_yaml import read_yaml, validated


def load_prices(path: Path | None = None) -> PriceList:
    """The price list at `path`, by default the one of this package. Raises InputError with every mistake."""
    if path is None:
        with as_file(files("evaluator.files") / "prices.yaml") as packaged:
            return load_prices(packaged)
    document = read_yaml(path, InputError)
    prices, mistakes = validated(document, PriceList)
    if prices is not None:
        hosts = Counter(host for endpoint in prices.endpoints for host in endpoint.hosts)
        for host, times in hosts.items():
            if times > 1:
                mistakes.append(document.mistake(("endpoints",), f"the host '{host}' stands here {times} times"))
    if prices is None or mistakes:
        raise InputError(f"{path} has {number_of(mistakes)}.", mistakes=mistakes)
    return prices
