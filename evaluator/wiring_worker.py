"""Where workers are built: graders for the runs that they take part in, at one pace, with one key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evaluator.ats.connection import Connection, connection_name
from evaluator.ats.outgoing import WebhookSender, WebhookTarget, check_target
from evaluator.ats.write_back.ashby import AshbyAssessments
from evaluator.ats.write_back.greenhouse import GreenhouseAssessments
from evaluator.ats.write_back.lever import LeverNotes
from evaluator.ats.write_back.write_back import WriteBack
from evaluator.core.meant import suggestion
from evaluator.core.pace import PaceSettings
from evaluator.core.price import Price
from evaluator.core.tenant import DEFAULT_TENANT
from evaluator.core.tracing import Tracer
from evaluator.core.work import Lane
from evaluator.errors import Mistake, UsageError
from evaluator.files.calibration_file import load_calibration
from evaluator.graders.pacers import Pacers
from evaluator.graders.spec import parse_grader
from evaluator.run.about_grader import describe
from evaluator.run.durable.admission import Admission
from evaluator.run.durable.courier import Courier, Target, WebhookDelivery
from evaluator.run.durable.patience import PatientLedger
from evaluator.run.durable.run_graders import RunGraders
from evaluator.run.durable.scheduled import Schedule
from evaluator.run.durable.worker import ServiceWork, Worker, WorkerOptions
from evaluator.run.durable.write_back_delivery import WriteBackDelivery
from evaluator.run.grader import Grader
from evaluator.run.outbound_body import body_of
from evaluator.settings import AtsSettings, OutSettings
from evaluator.store.run_record import RunRecord
from evaluator.store.store import Store
from evaluator.wiring import make_plain_grader
from evaluator.wiring_options import GraderOptions
from evaluator.wiring_service import connections_of, make_intake


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
        # Runs of before these options were there: as they were graded then.
        redact=kept.get("redact") or own.redact,
        spotlight=kept.get("spotlight") or "off",
        control=kept.get("control_reading") or False,
        control_below_bar=kept.get("control_below_bar") or False,
        calibration=load_calibration(Path(found(kept["calibration"]))) if kept["calibration"] else None,
    )
    return make_plain_grader(kept["grader"], found(kept["questionnaire"]), options)


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """How a worker serves submissions: the grader that they are graded by, their questionnaires, whom to tell."""

    grader: str
    ats: AtsSettings
    out: OutSettings
    rubrics: tuple[Path, ...] = ()
    prompts: tuple[Path, ...] = ()
    samples: int = 1
    schedules: Mapping[str, Schedule] | None = None
    """What the worker does by the clock, beside; None: it leaves that to others."""


def make_worker(
    store: Store,
    own: GraderOptions,
    limits: PaceSettings,
    *,
    drain: float,
    service: ServiceOptions | None = None,
    tracer: Tracer | None = None,
) -> Worker:
    """A worker for the queue of a store. `own`: its key and endpoint; `limits` hold for all workers together.

    Without `service` it leaves submissions and events to others. Raises InputError with every mistake in the settings.
    """
    pacers = Pacers(limits)
    own = replace(own, tracer=tracer)

    def make(record: RunRecord, lane: Lane) -> Grader:
        ledger = PatientLedger(store.ledger(record.number), worker.leaving)
        return grader_of_run(record, replace(own, ledger=ledger, pacers=pacers, urgent=lane == "webhook"))

    options = WorkerOptions(limits, version("screening-answer-evaluator"), drain, tracer)
    work = make_service_work(store, own, service) if service is not None else ServiceWork()
    worker = Worker(store, RunGraders(store.runs.get, make), pacers, options, work)
    return worker


def make_service_work(store: Store, own: GraderOptions, service: ServiceOptions) -> ServiceWork:
    """What a worker does for the service. Raises InputError with every mistake in the settings."""
    asked = replace(own, rubrics=service.rubrics, prompts=service.prompts, samples=service.samples)

    def make(questionnaire: str) -> Grader:
        return make_plain_grader(service.grader, questionnaire, replace(asked, pacers=None, ledger=None))

    def kept(questionnaire: str) -> dict[str, Any]:
        unsaid = ("prompt", "calls", "price", "timeout", "gguf", "threads", "calibration", "concurrency")
        chosen = {
            "grader": service.grader,
            "questionnaire": questionnaire,
            "samples": service.samples,
            "spotlight": own.spotlight,
            "base_url": own.base_url,
            "control_reading": own.control,
            "control_below_bar": own.control_below_bar,
            "rubrics": [str(each) for each in service.rubrics],
            "prompts": [str(each) for each in service.prompts],
        }
        return {"given_in": str(Path.cwd()), "options": dict.fromkeys(unsaid) | chosen}

    return ServiceWork(
        schedules=service.schedules,
        admission=Admission(store, make, describe, kept),
        intake=make_intake(service.ats, store),
        courier=Courier(
            store.outbox,
            lambda event: body_of(event, store, service.out.public_url),
            {**webhooks(service.out), **write_backs(service.out, service.ats, store)},
        ),
    )


def webhooks(settings: OutSettings) -> dict[str, Target]:
    """The web servers that are told of events, by address. Raises UsageError as `webhook_targets` does."""
    sender = WebhookSender(allow_private=settings.allow_private)
    by_address: dict[str, list[WebhookTarget]] = {}
    for each in webhook_targets(settings):
        by_address.setdefault(each.url, []).append(each)
    return {url: WebhookDelivery(sender, targets) for url, targets in by_address.items()}


def write_backs(settings: OutSettings, ats: AtsSettings, store: Store) -> dict[str, Target]:
    """The applicant tracking systems that results are written back to. Raises UsageError with every mistake."""
    return {
        f"ats:{connection_name(connection.tenant, connection.source.name)}": WriteBackDelivery(
            write_back, connection, store, settings.public_url or ""
        )
        for write_back, connection in check_write_backs(settings, ats)
    }


def check_write_backs(settings: OutSettings, ats: AtsSettings) -> list[tuple[WriteBack, Connection]]:
    """What is written back to, and with which connection. Raises UsageError with every mistake."""
    connections = connections_of(ats)
    made = []
    mistakes = []
    for tenant, sources in settings.write_back.items():
        where = "EVALUATOR_WRITE_BACK" + ("" if tenant == DEFAULT_TENANT else f"__{tenant.upper()}")
        for source in dict.fromkeys(sources):
            write_back, connection = WRITE_BACKS.get(source), connections.get((tenant, source))
            if write_back is None:
                said = f"nothing can be written back to '{source}'; {_KNOWN}{suggestion(source, WRITE_BACKS)}"
                mistakes.append(Mistake(said, where))
            elif connection is None:
                mistakes.append(Mistake(f"{source} is not connected; docs/ats.md says how", where))
            elif lacking := write_back.lacks(connection):
                mistakes.append(Mistake(f"{source} needs {lacking} (of the same tenant) besides", where))
            elif settings.public_url is None:
                mistakes.append(Mistake(f"{source} needs EVALUATOR_PUBLIC_URL, which links begin with", where))
            else:
                made.append((write_back, connection))
    if mistakes:
        hint = "docs/write-back.md has the table."
        raise UsageError("Results cannot be written back.", mistakes=mistakes, hint=hint)
    return made


WRITE_BACKS: Mapping[str, WriteBack] = {
    each.source: each for each in (GreenhouseAssessments(), AshbyAssessments(), LeverNotes())
}
_KNOWN = f"there are {', '.join(WRITE_BACKS)}"


def webhook_targets(settings: OutSettings) -> list[WebhookTarget]:
    """Whom to tell. Raises UsageError for an address that events cannot be sent to."""
    targets = [
        WebhookTarget(url, settings.secrets.get(tenant) or settings.secrets.get(None) or (), tenant)
        for tenant, urls in settings.urls.items()
        for url in urls
    ]
    for each in targets:
        check_target(each, allow_private=settings.allow_private)
    return targets
