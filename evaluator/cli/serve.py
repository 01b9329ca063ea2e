"""`evaluator serve`: the reviewers' pages, on this computer alone unless told how to be safe elsewhere."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

import click

from evaluator.cli.awaited_store import address_of, awaited
from evaluator.cli.finite_range import FiniteRange
from evaluator.cli.listening import Listening, bound_socket, check_listening, make_server
from evaluator.cli.service_extra import require_service_extra
from evaluator.cli.store_option import opened_store, store_option
from evaluator.cli.thread_turns import take_short_turns
from evaluator.cli.worker_beside import worker_beside
from evaluator.errors import StoreError
from evaluator.settings import (
    ServeSettings,
    read_ats_settings,
    read_out_settings,
    read_serve_settings,
    read_settings,
    read_trace_settings,
)
from evaluator.settings_sources import read_sources
from evaluator.settings_table import DEFAULTS
from evaluator.store.address import StoreAddress
from evaluator.store.reachable import is_away
from evaluator.store.store import Store

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI

    from evaluator.core.account import User
    from evaluator.core.tracing import Tracer
    from evaluator.web.site import Site, WebSettings

_SHARE = FiniteRange(0, 1)


@dataclass(frozen=True, slots=True)
class _Opened:
    """The site of a store that is open, and what there is to say of it: how many runs, and a link for the first
    administrator, where there is none with a password.
    """

    site: Site
    runs: int
    administrator: tuple[User, str] | None


@click.command(name="serve", short_help="Open the reviewers' pages.")
@store_option
@click.option("--host", help=f"The address to listen at.  [default: {DEFAULTS['EVALUATOR_HOST']}]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help=f"The port; 0: any.  [default: {DEFAULTS['EVALUATOR_PORT']}]"
)
@click.option("--public-url", metavar="URL", help="What people type, such as https://review.example.com.")
@click.option("--behind-proxy", is_flag=True, help="A proxy in front takes care of TLS.")
@click.option(
    "--proxy-address",
    "proxies",
    multiple=True,
    metavar="IP",
    help=f"A proxy whose word on a client's address is taken. [default: {DEFAULTS['EVALUATOR_PROXY_ADDRESSES']}]",
)
@click.option("--tls-cert", "certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="PEM.")
@click.option("--tls-key", "key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="PEM.")
@click.option("--blind-share", type=_SHARE, default=0.2, show_default=True, help="Labelled before levels are shown.")
@click.option("--double-share", type=_SHARE, default=0.05, show_default=True, help="Labelled by two people, blind.")
@click.option(
    "--audit-share", type=_SHARE, default=0.01, show_default=True, help="Of answers with no flag, drawn all the same."
)
@click.option("--work", "work_grader", metavar="GRADER", help="Start a worker too, that grades submissions by this.")
def command(
    where: str | None,
    host: str | None,
    port: int | None,
    public_url: str | None,
    behind_proxy: bool,
    proxies: tuple[str, ...],
    certificate: Path | None,
    key: Path | None,
    blind_share: float,
    double_share: float,
    audit_share: float,
    work_grader: str | None,
) -> None:
    """Open the pages where people review what a grader was not sure of, and decide on candidates.

    With nothing else said it opens your store on this computer alone, and gives the first administrator a link. What
    no option says is taken from the settings: docs/settings.md.
    """
    require_service_extra()
    take_short_turns()
    from evaluator.cli.export_run import export_run
    from evaluator.core.review_draw import DrawShares
    from evaluator.web.app import create_app
    from evaluator.web.site import make_site
    from evaluator.wiring_settings import check_settings
    from evaluator.wiring_traces import make_tracer

    check_settings(read_sources(os.environ))
    usual = read_serve_settings()
    behind_proxy = behind_proxy or usual.behind_proxy
    trusted = (proxies or usual.proxies) if behind_proxy else ()
    if certificate is None and key is None:
        certificate, key = usual.certificate, usual.key
    listening = Listening(
        usual.host if host is None else host,
        usual.port if port is None else port,
        public_url,
        trusted,
        certificate,
        key,
    )
    listening = _with_usual_address(listening, usual)
    check_listening(listening, asked_for_proxy=bool(proxies))
    with bound_socket(listening) as bound, ExitStack() as at_the_end:
        settings = _settings(listening, bound.getsockname()[1])
        shares = DrawShares(blind_share, double_share, audit_share)
        tracer = make_tracer(read_trace_settings(), "serve")
        if tracer is not None:
            at_the_end.enter_context(closing(tracer))

        def opened() -> _Opened:
            with ExitStack() as failing:
                store = failing.enter_context(opened_store(where, read_settings()))
                site = make_site(store, settings, shares=shares, export_run=export_run)
                found = _Opened(site, len(store.runs.all()), site.accounts.first_administrator())
                failing.pop_all()
                return found

        signal.signal(signal.SIGTERM, _ended)
        try:
            found = _awaited(address_of(where, read_settings()), opened, bound, listening)
            site = found.site
            at_the_end.enter_context(site.store)
            service = _service(site.store, settings.origins[0], tracer)
            _say(found)
            if work_grader:
                at_the_end.enter_context(worker_beside(site.store.address, work_grader))
            _serve(create_app(site, service=service), bound, listening)
        except KeyboardInterrupt:
            pass
    click.echo("Stopped.")


def _with_usual_address(listening: Listening, usual: ServeSettings) -> Listening:
    """Reached at the settings' public address, where no option names another. A trial on this computer alone is not:
    links in events may well begin with the address of the real site.
    """
    is_trial = listening.is_loopback and not listening.has_tls
    if listening.public_url is not None or is_trial:
        return listening
    return replace(listening, public_url=usual.public_url)


def _settings(listening: Listening, port: int) -> WebSettings:
    from evaluator.web.site import WebSettings

    scheme = "https" if listening.has_tls else "http"
    origins = []
    if listening.public_url is not None:
        origins.append(listening.public_url.rstrip("/").lower())
    if listening.is_loopback:
        origins += [f"{scheme}://{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")]
    from evaluator.web.service import BODY_LIMITS

    return WebSettings(tuple(dict.fromkeys(origins)), secure=listening.has_tls, body_limits=BODY_LIMITS)


def _service(store: Store, own_address: str, tracer: Tracer | None) -> Sequence[APIRouter]:
    """The webhooks that the environment opens, and the JSON API. Raises InputError with every mistake in them.

    `own_address`: what links begin with where no other address is set.
    """
    from evaluator.web.operations import operations_router
    from evaluator.web.service import service_routers
    from evaluator.wiring_service import described, make_service

    out = read_out_settings()
    parts = make_service(read_ats_settings(), store, public_url=out.public_url or own_address, tracer=tracer)
    for name, what in described(parts.connections).items():
        click.echo(f"Webhook /webhooks/{name}: {what}")
    routers = service_routers(parts.doors, parts.desk, parts.assessments, store.keys)
    return [*routers, operations_router(out.metrics_token)]


def _awaited(
    address: StoreAddress, opened: Callable[[], _Opened], bound: socket.socket, listening: Listening
) -> _Opened:
    """The site of a store, once its server is there; until then everybody is told to come again."""
    try:
        return opened()
    except StoreError:
        settings = read_settings()
        if not settings.store_wait or not is_away(address):
            return opened()  # it may have come up meanwhile
    from evaluator.web.waiting import waiting_app

    ended = Event()
    server = make_server(waiting_app, listening)
    with ThreadPoolExecutor(1) as thread:
        opening = thread.submit(awaited, address, opened, settings, ended, lambda said: click.echo(said, err=True))
        opening.add_done_callback(lambda _: setattr(server, "should_exit", True))
        try:
            # What it is given it closes at the end.
            server.run(sockets=[bound.dup()])
        finally:
            ended.set()
    return opening.result()


def _say(opened: _Opened) -> None:
    site = opened.site
    start = site.settings.origins[0]
    click.echo(f"Store: {site.store.address}")
    if not opened.runs:
        click.echo("There are no runs in it yet. Grade something:  evaluator grade answers.csv")
    if opened.administrator is None:
        click.echo(f"Open {start} and sign in.")
    else:
        user, token = opened.administrator
        click.echo(f"There is no administrator with a password yet. Open this link, as '{user.name}':")
        click.echo(f"  {start}/link/{token}")
        click.echo("It works once, for 24 hours. Then: review what waits, and add users under Administration.")
    click.echo("Ctrl-C stops it.")


def _serve(app: FastAPI, bound: socket.socket, listening: Listening) -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    make_server(app, listening).run(sockets=[bound])


def _ended(_signal: int, _frame: FrameType | None) -> None:
    """As by Ctrl-C. What uvicorn was stopped by is raised again when it is done: the store is closed then."""
    raise KeyboardInterrupt
