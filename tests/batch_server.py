"""An endpoint on loopback that speaks files, batches and chat completions, and does to each line what a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from email.parser import BytesParser
from typing import Any

from tests.conftest import completion
from tests.loopback import LoopbackHandler, LoopbackServer

Fate = str
"""answered, expired, failed, missing, garbled, doubled, refused-temperature."""


class BatchServer(LoopbackServer):
    """Batches end at once unless `held`. `fate` says what becomes of the n-th line (from 0) of a batch."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.live_requests = 0
        self.asked: list[str] = []
        """The custom_id of every line that a batch answered, which is what is paid for."""
        self.fate: Callable[[int], Fate] = lambda _: "answered"
        self.held = False
        self.ends_as = "completed"
        self.creates_and_hangs = threading.Event()
        self.takes_uploads = True
        self.breaks_off = 0
        """Downloads, from now on, that end in the middle."""
        self.refused: set[str] = set()
        self.quote = "split by time"

    @property
    def address(self) -> str:
        return f"http://{self.host}/v1"

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        made = {
            "id": f"batch_{len(self.batches) + 1:032d}",
            "object": "batch",
            "created_at": 1,
            "status": "in_progress",
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
            "output_file_id": None,
            "error_file_id": None,
            **request,
        }
        self.batches[made["id"]] = made
        return made

    def look(self, batch: dict[str, Any]) -> dict[str, Any]:
        if self.held or batch["status"] != "in_progress":
            return batch
        output, errors = [], []
        lines = self.files[batch["input_file_id"]].splitlines()
        for number, line in enumerate(lines):
            request = json.loads(line)
            fate = "failed" if self.ends_as == "failed" else self.fate(number)
            self._work(request, fate, output, errors)
        for kind, written in (("output", output), ("error", errors)):
            if written and self.ends_as != "failed":
                name = f"file-{kind}-{batch['id']}"
                self.files[name] = b"".join(reversed(written))
                batch[f"{kind}_file_id"] = name
        if self.ends_as == "failed":
            batch["errors"] = {"object": "list", "data": [{"code": "token_limit", "message": "too much", "line": 1}]}
        counts = {"total": len(lines), "completed": len(output), "failed": len(errors)}
        batch |= {"status": self.ends_as, "request_counts": counts}
        return batch

    def _work(self, request: dict[str, Any], fate: Fate, output: list[bytes], errors: list[bytes]) -> None:
        name, body = request["custom_id"], request["body"]
        refused = sorted(self.refused & set(body))
        if refused:
            error = {"code": "unsupported_parameter", "param": refused[0], "message": "no"}
            errors.append(_line(name, {"status_code": 400, "body": {"error": error}}))
        elif fate == "expired":
            errors.append(_line(name, None, {"code": "batch_expired", "message": "too late"}))
        elif fate == "failed":
            errors.append(_line(name, {"status_code": 500, "body": {"error": {"type": "server_error"}}}))
        else:
            self.asked.append(name)
            line = _line(name, {"status_code": 200, "body": self.reply(body)})
            if fate != "missing":
                output.append(line[: len(line) // 2] + b"\n" if fate == "garbled" else line)
            if fate == "doubled":
                output.append(line)

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        names = body["response_format"]["json_schema"]["schema"]["properties"]["criteria"]["properties"]
        said = {"evidence": [self.quote], "missing": "", "rationale": "", "level": 2}
        return completion({"criteria": dict.fromkeys(names, said), "red_flags": []})


class _Handler(LoopbackHandler):
    server: BatchServer

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].removeprefix("/v1")
        if path == "/batches":
            batches = [self.server.look(batch) for batch in reversed(self.server.batches.values())]
            self.answer(200, {"object": "list", "data": batches, "has_more": False})
        elif path.startswith("/batches/"):
            self.answer(200, self.server.look(self.server.batches[path.removeprefix("/batches/")]))
        elif path.endswith("/content"):
            self._send(self.server.files[path.split("/")[2]])
        else:
            self.answer(200, {"object": "list", "data": []})

    def do_POST(self) -> None:
        content = self.read_body()
        path = self.path.removeprefix("/v1")
        if path == "/files" and not self.server.takes_uploads:
            self.answer(403, {"error": {"message": "no"}})
        elif path == "/files":
            form = BytesParser().parsebytes(
                b"Content-Type: " + self.headers["Content-Type"].encode() + b"\n\n" + content
            )
            parts = {part.get_param("name", header="content-disposition"): part for part in form.get_payload()}
            name = f"file-{len(self.server.files) + 1}"
            self.server.files[name] = parts["file"].get_payload(decode=True)
            made = {"id": name, "object": "file", "bytes": 1, "created_at": 1, "filename": "x", "purpose": "batch"}
            self.answer(200, {**made, "status": "processed"})
        elif path == "/batches":
            made = self.server.create(json.loads(content))
            if self.server.creates_and_hangs.is_set():
                threading.Event().wait(30)  # the batch is there, and nobody hears of it
            self.answer(200, made)
        else:
            self._complete(json.loads(content))

    def _send(self, content: bytes) -> None:
        if not self.server.breaks_off:
            self.answer(200, content, {"content-type": "application/octet-stream"})
            return
        self.server.breaks_off -= 1
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.close_connection = True

    def _complete(self, body: dict[str, Any]) -> None:
        refused = sorted(self.server.refused & set(body))
        if refused:
            error = {"code": "unsupported_parameter", "param": refused[0], "message": "no"}
            self.answer(400, {"error": error})
            return
        self.server.live_requests += 1
        self.answer(200, self.server.reply(body))


def _line(name: str, response: dict[str, Any] | None, error: dict[str, Any] | None = None) -> bytes:
    return json.dumps({"id": "x", "custom_id": name, "response": response, "error": error}).encode() + b"\n"
