"""The storm from the command line, with its table: `python -m tests.storm [--size whole] [--rate 30]`."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.storm.storm import SMALL, WHOLE, storm


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=("small", "whole"), default="small")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, help="deliveries a second  [default: the size's own, 25 or 30]")
    parser.add_argument(
        "--events", type=int, help="fewer submissions than the size's own, and deliveries in proportion"
    )
    parser.add_argument("--keep", type=Path, help="a folder for the logs of all processes")
    given = parser.parse_args()
    if given.keep is not None:
        given.keep.mkdir(parents=True, exist_ok=True)
    size = SMALL if given.size == "small" else WHOLE
    if given.rate is not None:
        size = replace(size, rate=given.rate)
    if given.events is not None:
        size = size.cut_to(given.events)
    with tempfile.TemporaryDirectory() as folder:
        outcome = storm(size, given.keep or Path(folder), seed=given.seed)
    print(outcome.table())
    print(outcome.rows["inbox"], outcome.plan.events, outcome.ended_by_itself)
    from tests.storm.test_storm import check

    check(outcome)


if __name__ == "__main__":
    main()
