"""Whom the courier tells of what: each tenant's addresses, also where several tenants, or all, have the same one."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from evaluator.run.durable.courier import Courier
from evaluator.settings import OutSettings
from evaluator.store.address import store_address
from evaluator.store.database import Database
from evaluator.store.outbox import Outbox, announce, announce_of_grader
from evaluator.store.store import open_store
from evaluator.wiring_worker import webhooks
from tests.ats.test_outgoing import NEW, OLD
from tests.graded_run import begin_run
from tests.store.conftest import address, postgresql  # noqa: F401 fixtures
from tests.webhook_receiver import WebhookReceiver

DRIFT = "grader.drifted"


def told(address: str, folder: Path, receiver: WebhookReceiver, tenants: Mapping[str | None, str]) -> list[str]:  # noqa: F811
    """Whose events arrive at a receiver that these tenants (None: all) named, each with its secret. There is one event
    of each of three tenants, and one that the grader drifted.
    """
    with open_store(address) as store:
        run = begin_run(store, str(folder)).number
    settings = OutSettings(
        urls=dict.fromkeys(tenants, (receiver.url,)),
        secrets={tenant: (secret,) for tenant, secret in tenants.items()},
        allow_private=True,
        public_url=None,
    )
    with contextlib.closing(Database(store_address(address))) as database:
        now = datetime.now(UTC)
        with database.writing() as connection:
            for tenant in ("acme", "beta", "default"):
                of = {"tenant": tenant, "run": run, "submission": None, "candidate_id": tenant}
                announce(connection, "submission.graded", **of, now=now)
            announce_of_grader(connection, json.dumps({"of": DRIFT}).encode(), now)
        courier = Courier(
            Outbox(database), lambda event: event.body or json.dumps({"of": event.tenant}).encode(), webhooks(settings)
        )
        asyncio.run(courier.once())
    found = []
    for headers, body in receiver.got:
        whose = json.loads(body)["of"]
        secret = tenants.get(whose) or tenants[None]
        assert Webhook(secret).verify(body, headers)["of"] == whose
        found.append(whose)
    return sorted(found)


@pytest.mark.parametrize(
    ("tenants", "of"),
    [
        ({None: OLD}, ["acme", "beta", "default", DRIFT]),
        ({"acme": OLD}, ["acme"]),
        ({"acme": OLD, "beta": NEW}, ["acme", "beta"]),
        ({None: OLD, "acme": NEW}, ["acme", "beta", "default", DRIFT]),
    ],
    ids=["all", "one", "two", "all and one"],
)
def test_who_is_told_of_what(address: str, tmp_path: Path, tenants: Mapping[str | None, str], of: list[str]) -> None:  # noqa: F811
    """Nobody's events are lost over somebody else's; each is sent once, with its tenant's own secret. That the grader
    drifted is told to addresses of all tenants alone.
    """
    with WebhookReceiver() as receiver:
        assert told(address, tmp_path, receiver, tenants) == of
