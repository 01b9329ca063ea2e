"""Where workers are built: graders for the runs that they take part in, at one pace, with one key."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from evaluator.core.pace import PaceSettings
from evaluator.core.price import Price
from evaluator.core.work import Lane
from evaluator.files.calibration_file import load_calibration
from evaluator.graders.pacers import Pacers
from evaluator.graders.spec import parse_grader
from evaluator.run.durable.run_graders import RunGraders
from evaluator.run.durable.worker import Worker, WorkerOptions
from evaluator.run.grader import Grader
from evaluator.store.run_record import RunRecord
from evaluator.store.store import Store
from evaluator.wiring import GraderOptions, make_plain_grader


def grader_of_run(record: RunRecord, own: GraderOptions) -> Grader:
    """The grader that a run was begun with, for a worker: the run says what is asked, the worker's `own` options say
    with which key, at what pace and where replies are kept.

    The key goes nowhere but to the worker's own endpoint. Raises as `make_grader` does.
    """
    kept, given_in = record.order.options["options"], Path(record.order.options["given_in"])

    def found(name: str) -> str:
        return str(given_in / name) if (given_in / name).exists() else name

    base_url = kept["base_url"] or own.base_url
    price = [float(part) for part in kept["price"].split(",")] if kept["price"] else None
    is_local = any(spec.kind == "local" for spec in parse_grader(kept["grader"]))
    options = replace(
        own,
        prompt=found(kept["prompt"]) if kept["prompt"] else None,
        calls=kept["calls"],
        samples=kept["samples"],
        base_url=base_url,
        api_key=own.api_key if base_url == own.base_url else None,
        timeout=kept["timeout"],
        concurrency=kept["concurrency"] if is_local else own.concurrency,
        price=None if price is None else Price(price[0], price[1], price[2] if len(price) > 2 else None),
        gguf=Path(found(kept["gguf"])) if kept["gguf"] else None,
        threads=kept["threads"],
        rubrics=[Path(found(each)) for each in kept["rubrics"]],
        prompts=[Path(found(each)) for each in kept["prompts"]],
        calibration=load_calibration(Path(found(kept["calibration"]))) if kept["calibration"] else None,
    )
    return make_plain_grader(kept["grader"], found(kept["questionnaire"]), options)


def make_worker(store: Store, own: GraderOptions, limits: PaceSettings, *, drain: float = 30.0) -> Worker:
    """A worker for the queue of a store. `own`: its key and endpoint; `limits` hold for all workers together."""
    pacers = Pacers(limits)

    def make(record: RunRecord, lane: Lane) -> Grader:
        ledger = store.ledger(record.number)
        return grader_of_run(record, replace(own, ledger=ledger, pacers=pacers, urgent=lane == "webhook"))

    options = WorkerOptions(limits, version("screening-answer-evaluator"), drain)
    return Worker(store, RunGraders(store.runs.get, make), pacers, options)
