"""`evaluator serve`: the reviewers' pages, on this computer alone unless told how to be safe elsewhere."""

from __future__ import annotations

import ipaddress
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from evaluator.cli.service_extra import require_service_extra
from evaluator.cli.store_option import opened_store, store_option
from evaluator.cli.worker_beside import worker_beside
from evaluator.errors import UsageError
from evaluator.settings import (
    ServeSettings,
    read_ats_settings,
    read_out_settings,
    read_serve_settings,
    read_settings,
    read_trace_settings,
)
from evaluator.settings_sources import read_sources
from evaluator.store.store import Store

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI

    from evaluator.core.tracing import Tracer
    from evaluator.web.site import Site, WebSettings

_PATIENCE = 10  # seconds for requests in flight, once it is to stop
_SHARE = click.FloatRange(0, 1)


@dataclass(frozen=True, slots=True)
class _Listening:
    """Where and how the site listens."""

    host: str
    port: int
    public_url: str | None
    proxies: tuple[str, ...]
    certificate: Path | None
    key: Path | None

    @property
    def is_loopback(self) -> bool:
        """Whether only this computer can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def has_tls(self) -> bool:
        """Whether browsers speak to it over TLS, here or at a proxy."""
        return self.certificate is not None or bool(self.proxies)


@click.command(name="serve", short_help="Open the reviewers' pages.")
@store_option
@click.option("--host", help="The address to listen at.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0: any.  [default: 8380]")
@click.option("--public-url", metavar="URL", help="What people type, such as https://review.example.com.")
@click.option("--behind-proxy", is_flag=True, help="A proxy in front takes care of TLS.")
@click.option(
    "--proxy-address",
    "proxies",
    multiple=True,
    metavar="IP",
    help="A proxy whose word on a client's address is taken. [default: 127.0.0.1]",
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
    from evaluator.cli.export_run import export_run
    from evaluator.core.review_draw import DrawShares
    from evaluator.web.app import create_app
    from evaluator.web.site import make_site
    from evaluator.wiring_settings import check_settings
    from evaluator.wiring_traces import make_tracer

    check_settings(read_sources(os.environ))
    usual = read_serve_settings()
    behind_proxy = behind_proxy or usual.behind_proxy
    trusted = (proxies or usual.proxies or ("127.0.0.1",)) if behind_proxy else ()
    if certificate is None and key is None:
        certificate, key = usual.certificate, usual.key
    listening = _Listening(
        usual.host if host is None else host,
        usual.port if port is None else port,
        public_url,
        trusted,
        certificate,
        key,
    )
    listening = _with_usual_address(listening, usual)
    _check(listening, asked_for_proxy=bool(proxies))
    with opened_store(where, read_settings()) as store, _bound(listening) as bound:
        settings = _settings(listening, bound.getsockname()[1])
        shares = DrawShares(blind_share, double_share, audit_share)
        site = make_site(store, settings, shares=shares, export_run=export_run)
        tracer = make_tracer(read_trace_settings(), "serve")
        service = _service(store, settings.origins[0], tracer)
        _say(site)
        beside = worker_beside(store.address, work_grader) if work_grader else nullcontext()
        with nullcontext() if tracer is None else closing(tracer), beside:
            _serve(create_app(site, service=service), bound, listening)
    click.echo("Stopped.")


def _with_usual_address(listening: _Listening, usual: ServeSettings) -> _Listening:
    """Reached at the settings' public address, where no option names another. A trial on this computer alone is not:
    links in events may well begin with the address of the real site.
    """
    is_trial = listening.is_loopback and not listening.has_tls
    if listening.public_url is not None or is_trial:
        return listening
    return replace(listening, public_url=usual.public_url)


def _check(listening: _Listening, *, asked_for_proxy: bool) -> None:
    """Raises UsageError where somebody on the way could read or change what is sent."""
    if (listening.certificate is None) != (listening.key is None):
        raise UsageError("--tls-cert and --tls-key go together.", hint="Give both, or leave both out.")
    if asked_for_proxy and not listening.proxies:
        raise UsageError("--proxy-address goes with --behind-proxy.", hint="Add --behind-proxy.")
    if not listening.is_loopback and not listening.has_tls:
        raise UsageError(
            f"Anybody on the network of {listening.host} could read what candidates wrote, and passwords.",
            hint="Give --tls-cert FILE --tls-key FILE, or --behind-proxy with a proxy in front that does TLS; or leave "
            "--host out to listen on this computer alone.",
        )
    if (not listening.is_loopback or listening.proxies) and listening.public_url is None:
        raise UsageError(
            "What people type to come here is not known, so their browsers could not be told from others.",
            hint="Give it: --public-url https://review.example.com",
        )
    if listening.public_url is not None:
        wanted = "https" if listening.has_tls else "http"
        if not _is_site(listening.public_url, wanted):
            raise UsageError(
                f"--public-url {listening.public_url} is not a site's address.", hint=f"Such as {wanted}://HOST[:PORT]"
            )


def _is_site(url: str, scheme: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return has_host and parts.scheme == scheme and parts.path in ("", "/") and not parts.query


def _settings(listening: _Listening, port: int) -> WebSettings:
    from evaluator.web.site import WebSettings

    scheme = "https" if listening.has_tls else "http"
    origins = []
    if listening.public_url is not None:
        origins.append(listening.public_url.rstrip("/").lower())
    if listening.is_loopback:
        origins += [f"{scheme}://{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")]
    from evaluator.web.service import BODY_LIMITS

    return WebSettings(tuple(dict.fromkeys(origins)), secure=listening.has_tls, body_limits=BODY_LIMITS)


def _bound(listening: _Listening) -> socket.socket:
    """The socket to listen at. Raises UsageError where it cannot be had."""
    try:
        return socket.create_server(
            (listening.host, listening.port),
            family=socket.AF_INET6 if ":" in listening.host else socket.AF_INET,
            backlog=256,
        )
    except OSError as error:
        raise UsageError(
            f"It cannot listen at {listening.host}, port {listening.port}: {error.strerror}.",
            hint="Stop what listens there, or choose another: --port PORT",
        ) from error


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


def _say(site: Site) -> None:
    start = site.settings.origins[0]
    click.echo(f"Store: {site.store.address}")
    runs = len(site.store.runs.all())
    if not runs:
        click.echo("There are no runs in it yet. Grade something:  evaluator grade answers.csv")
    first = site.accounts.first_administrator()
    if first is None:
        click.echo(f"Open {start} and sign in.")
    else:
        user, token = first
        click.echo(f"There is no administrator with a password yet. Open this link, as '{user.name}':")
        click.echo(f"  {start}/link/{token}")
        click.echo("It works once, for 24 hours. Then: review what waits, and add users under Administration.")
    click.echo("Ctrl-C stops it.")


def _serve(app: FastAPI, bound: socket.socket, listening: _Listening) -> None:
    import uvicorn

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # addresses of pages hold ids; who did what is in the audit log
        server_header=False,
        proxy_headers=bool(listening.proxies),
        forwarded_allow_ips=list(listening.proxies) or None,
        ssl_certfile=listening.certificate,
        ssl_keyfile=listening.key,
        timeout_graceful_shutdown=_PATIENCE,
        ws="none",
    )
    # What uvicorn was stopped by is raised again when it is done: the store is closed then like after Ctrl-C.
    signal.signal(signal.SIGTERM, _ended)
    try:
        uvicorn.Server(config).run(sockets=[bound])
    except KeyboardInterrupt:
        return


def _ended(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
