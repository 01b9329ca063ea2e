"""Made-up answers by the thousand or the million, written as they are made: each with a marker, no two alike."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("candidate_id", "question_id", "answer")
MOST = 10_000_000
"""Answers; the marker has seven digits."""
_FEWEST_WORDS, _MOST_WORDS = 80, 150

_PARTS = {
    "unit": "one payment|one account per week|one application|one session|one customer at the month's end|one order",
    "event": "a chargeback|a cancelled contract|a missed instalment|a purchase within the session|a returned parcel",
    "column": "the balance after disbursement|the number of support calls|the postcode's default rate|the account age"
    "|the last login|the amount against the median|the device's history|the bureau score",
    "system": "the feature store|the nightly batch|the gateway|the ranking service|the warehouse|the score cache",
    "signal": "the score distribution|the share of missing values|the approval rate|the precision in the top hundred"
    "|the feature freshness|the ninety-fifth percentile of latency",
    "person": "the fraud desk|the credit team|the product manager|whoever is on call|the review team|the data owner",
    "metric": "precision at the capacity of the desk|recall at a fixed cost|the area under the precision curve"
    "|the calibration error|the cost for each thousand cases",
    "step": "a shadow week|a canary of five percent|an experiment with a hold-out|a staged launch by region",
    "period": "days|weeks|hours|months",
}
_SENTENCES = (
    "One example is {unit}, scored when it is made, and it is positive if {event} follows within {n} {period}.",
    "I would refuse {column}, since it is known only {n} {period} after the decision.",
    "The share of positives is about {n} in a thousand, so I would look at {metric} and never at accuracy.",
    "A missed case costs about {n} times what a false alarm costs, which is how I would set the threshold.",
    "The split is by time: train up to month {n}, leave a gap of {m} {period}, test on what comes after.",
    "No customer stands on both sides of that split, because {column} repeats for the same person.",
    "Labels that are younger than {n} {period} are withheld, they are not negatives yet.",
    "At request time {column} comes from {system}, and it may be {n} {period} old there.",
    "We log what was served and compare it with the training table; above {n} differences in a thousand we stop.",
    "I would watch {signal} every {n} {period} and page {person} when it moves by more than {m} percent.",
    "The launch goes through {step}, and {person} can switch back to the old rule within {n} minutes.",
    "With {n} cases a day {person} can read {m} of them, so only the top of the list matters.",
    "Before anything else I would check whether {system} still computes {column} as in month {n}.",
    "My guess is that {event} is reported later than it was, and I would test that on {n} cases by hand.",
    "If {metric} falls while {signal} stays flat for {n} {period}, the world moved and not the pipeline.",
    "I am less sure about {column}; I would drop it, measure again and keep it if {metric} loses more than {n} points.",
    "In my last team {event} was counted twice for {n} {period}, nobody had asked {person} for the definition.",
    "The first thing I would say to {person} is what {n} wrong decisions a week would mean for {m} customers.",
)


@dataclass(frozen=True, slots=True)
class MadeAnswer:
    """An answer as a row of the input."""

    candidate_id: str
    question_id: str
    answer: str


def make_answer(number: int, seed: int = 1) -> str:
    """The text of the `number`-th answer: a marker (`A0000123`), then 80 to 150 words about the questions."""
    chance = random.Random(f"{seed}-{number}")
    target = chance.randint(_FEWEST_WORDS, _MOST_WORDS)
    words = [f"A{number:07d}"]
    order = list(range(len(_SENTENCES)))
    chance.shuffle(order)
    for sentence in order:
        added = _filled(_SENTENCES[sentence], chance).split()
        if len(words) + len(added) > _MOST_WORDS or len(words) >= target:
            break
        words += added
    return " ".join(words)


def _filled(sentence: str, chance: random.Random) -> str:
    chosen = {name: chance.choice(values) for name, values in _CHOICES.items()}
    return sentence.format(n=chance.randint(2, 90), m=chance.randint(2, 90), **chosen)


_CHOICES = {name: values.split("|") for name, values in _PARTS.items()}


def make_answers(count: int, questions: Sequence[str], seed: int = 1) -> Iterator[MadeAnswer]:
    """`count` answers; each candidate answers every question before the next one does."""
    if not 0 < count <= MOST:
        raise ValueError(f"{count} answers: at least 1, at most {MOST}")
    for number in range(count):
        candidate, question = divmod(number, len(questions))
        yield MadeAnswer(f"c{candidate:07d}", questions[question], make_answer(number, seed))


def write_answers(path: Path, count: int, questions: Sequence[str], seed: int = 1) -> None:
    """Writes them as CSV or JSONL, by the name's ending, without holding more than one."""
    made = make_answers(count, questions, seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows((each.candidate_id, each.question_id, each.answer) for each in made)
        elif path.suffix == ".jsonl":
            for each in made:
                row = dict(zip(COLUMNS, (each.candidate_id, each.question_id, each.answer), strict=True))
                file.write(json.dumps(row) + "\n")
        else:
            raise ValueError(f"{path.name}: answers are written as .csv or .jsonl")
