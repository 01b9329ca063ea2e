"""Where and how the site listens: an address that is safe, a socket that is free, a server for it."""

from __future__ import annotations

import ipaddress
import logging
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from evaluator.errors import UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from uvicorn import Server

_PATIENCE = 10  # seconds for requests in flight, once it is to stop


@dataclass(frozen=True, slots=True)
class Listening:
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


def check_listening(listening: Listening, *, asked_for_proxy: bool) -> None:
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


def bound_socket(listening: Listening) -> socket.socket:
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


def make_server(app: ASGIApp, listening: Listening) -> Server:
    """A web server for an application; who runs it gives it the socket."""
    import uvicorn

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
    return uvicorn.Server(config)
