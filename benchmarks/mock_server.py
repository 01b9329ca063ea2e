"""The mock server's command: an OpenAI-compatible endpoint on loopback, one process, one core.

    python -m benchmarks.mock_server --port 0 --latency-ms 300 --share-429 0.05

It prints its base URL as its first line. Everything that can be set is in `benchmarks/mock/options.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import signal
import ssl
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import msgspec

from benchmarks.mock.connection import Connection
from benchmarks.mock.endpoint import Endpoint
from benchmarks.mock.options import Options, changed

_BACKLOG = 4096


async def serve(options: Options, port: int, certificate: ssl.SSLContext | None, *, until_stdin_closes: bool) -> None:
    """Serves until it is told to stop (SIGTERM, Ctrl-C) or, where wished, whoever started it has gone."""
    endpoint = Endpoint(options)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(
        lambda: Connection(endpoint), "127.0.0.1", port, backlog=_BACKLOG, ssl=certificate
    )
    scheme = "https" if certificate else "http"
    click.echo(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
    sys.stdout.flush()
    if until_stdin_closes:
        loop.add_reader(sys.stdin.fileno(), stop.set)
    # A million prompts are remembered; walking them again and again would be measured as the client's waiting.
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)
    await stop.wait()
    server.close()


def _loop() -> Any:
    """uvloop's where it is installed; it halves the cost of a request."""
    if find_spec("uvloop"):
        import uvloop

        return uvloop.new_event_loop
    return None


def _option_for(field: msgspec.structs.FieldInfo) -> click.Option:
    default = field.default
    return click.Option(["--" + field.name.replace("_", "-")], type=type(default), default=default, show_default=True)


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes one that is free.")
@click.option("--tls-cert", type=click.Path(exists=True, path_type=Path), help="A certificate (PEM) to speak TLS.")
@click.option("--tls-key", type=click.Path(exists=True, path_type=Path), help="Its key (PEM).")
@click.option("--until-stdin-closes", is_flag=True, help="Stop when whoever started it has gone.")
def main(port: int, tls_cert: Path | None, tls_key: Path | None, until_stdin_closes: bool, **options: Any) -> None:
    """An OpenAI-compatible mock endpoint on 127.0.0.1."""
    try:
        chosen = changed(Options(), options)
    except msgspec.ValidationError as error:
        raise click.UsageError(str(error)) from None
    certificate = None
    if tls_cert is not None:
        certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.load_cert_chain(tls_cert, tls_key)
    try:
        with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=_loop()) as runner:
            runner.run(serve(chosen, port, certificate, until_stdin_closes=until_stdin_closes))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise click.UsageError(f"port {port} is taken; 0 takes one that is free") from None


main.params += [_option_for(field) for field in msgspec.structs.fields(Options)]

if __name__ == "__main__":
    main()
