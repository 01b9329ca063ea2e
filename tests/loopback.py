"""A web server on loopback: one handler, in a thread, for as long as a block lasts."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class LoopbackHandler(BaseHTTPRequestHandler):
    """What every handler here does the same way: it reads whole bodies, answers with a length, and is silent."""

    protocol_version = "HTTP/1.1"

    @property
    def said(self) -> dict[str, str]:
        """The request's headers, their names in small letters."""
        return {name.lower(): value for name, value in self.headers.items()}

    def read_body(self) -> bytes:
        """What was sent; to be called once, also where nobody wants to know."""
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def answer(self, status: int, body: object = b"", headers: Mapping[str, str] | None = None) -> None:
        """Bytes as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = {} if isinstance(body, bytes) else {"content-type": "application/json"}
        self.send_response(status)
        for name, value in {**kind, **(headers or {}), "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Silent: a test's output is the program's."""


class LoopbackServer(ThreadingHTTPServer):
    """Takes connections from the beginning, and answers for as long as the block lasts. A client that goes away, or is
    killed, is no failure.
    """

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def host(self) -> str:
        """127.0.0.1 and the port."""
        return f"127.0.0.1:{self.server_port}"

    def handle_error(self, *arguments: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*arguments)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
