"""The batches of the endpoint: created from a file, worked on while time passes, ended with files."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.mock.batch_lines import AnswerLine, LineProblem, read_lines, write_output
from benchmarks.mock.options import Options
from benchmarks.mock.uploaded_files import FileShelf, UploadedFile

_ENDED = ("completed", "failed", "expired", "cancelled")
_DAY = 24 * 60 * 60


class Batch:
    """One batch. Its state follows from the clock whenever somebody looks; nothing runs in between.

    Validating for the first twentieth of its time, finalizing for the last, in progress between.
    """

    def __init__(
        self, number: int, request: dict[str, Any], source: UploadedFile, options: Options, answer: AnswerLine
    ) -> None:
        self.id = f"batch_{number:024d}"
        self._request = request
        self._options = options
        self._answer = answer
        self._created = time.time()
        self._ended: float | None = None
        self._cancelled: float | None = None
        self._files: dict[str, str | None] = {"output_file_id": None, "error_file_id": None}
        self._completed = self._failed = 0
        self.status = "validating"
        self._lines, self._problems = read_lines(source.content, request["endpoint"])

    def look(self, shelf: FileShelf) -> dict[str, Any]:
        """Brings the batch up to now and describes it."""
        if self.status not in _ENDED:
            self._advance(shelf)
        return self.described()

    def cancel(self, shelf: FileShelf) -> dict[str, Any]:
        """What was done until now is kept."""
        if self.status not in _ENDED:
            self._advance(shelf)
        if self.status not in _ENDED and self._cancelled is None:
            self._cancelled = time.time()
            self.status = "cancelling"
        return self.described()

    def _advance(self, shelf: FileShelf) -> None:
        if self._problems:
            self._end("failed")
            return
        if self._cancelled is not None:
            self._finish("cancelled", int(len(self._lines) * self._share(self._cancelled)), shelf)
            return
        share = self._share(time.time())
        if share >= 1.0:
            self._finish("expired" if self._options.batch_share_expired else "completed", len(self._lines), shelf)
        else:
            self.status = "validating" if share < 0.05 else "in_progress" if share < 0.95 else "finalizing"
            self._completed = int(len(self._lines) * share)

    def _share(self, now: float) -> float:
        """Of the time that the batch takes, between 0 and 1."""
        if not self._options.batch_seconds:
            return 1.0
        return min(1.0, (now - self._created) / self._options.batch_seconds)

    def _finish(self, status: str, done: int, shelf: FileShelf) -> None:
        written = write_output(self._options, self._lines, done, self._answer)
        for name, content in (("output", written.output), ("error", written.errors)):
            if content:
                kept = shelf.add(f"{self.id}_{name}.jsonl", "batch_output", content)
                self._files[f"{name}_file_id"] = kept.id
        self._completed, self._failed = written.completed, written.failed
        self._end(status)

    def _end(self, status: str) -> None:
        self.status = status
        self._ended = time.time()

    def described(self) -> dict[str, Any]:
        """As OpenAI's API says it; as it was when somebody last looked."""
        moments = {f"{name}_at": int(self._ended) if self._ended and self.status == name else None for name in _ENDED}
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self._request["endpoint"],
            "input_file_id": self._request["input_file_id"],
            "completion_window": self._request["completion_window"],
            "metadata": self._request.get("metadata"),
            "status": self.status,
            "errors": {"object": "list", "data": [_problem(each) for each in self._problems]}
            if self._problems and self.status == "failed"
            else None,
            **self._files,
            "created_at": int(self._created),
            "in_progress_at": int(self._created),
            "expires_at": int(self._created) + _DAY,
            "finalizing_at": None,
            "cancelling_at": int(self._cancelled) if self._cancelled else None,
            **moments,
            "request_counts": {"total": len(self._lines), "completed": self._completed, "failed": self._failed},
        }


class BatchDesk:
    """All batches."""

    def __init__(self, shelf: FileShelf) -> None:
        self._shelf = shelf
        self._batches: dict[str, Batch] = {}

    def create(self, request: dict[str, Any], source: UploadedFile, options: Options, answer: AnswerLine) -> Any:
        """A new batch of the requests in `source`, with the options of this moment."""
        batch = Batch(len(self._batches) + 1, request, source, options, answer)
        self._batches[batch.id] = batch
        return batch.described()

    def look(self, batch_id: str) -> dict[str, Any] | None:
        """A batch as it is now; None where there is none of this id."""
        batch = self._batches.get(batch_id)
        return batch.look(self._shelf) if batch else None

    def cancel(self, batch_id: str) -> dict[str, Any] | None:
        """A batch that is being cancelled; one that has ended stays as it is."""
        batch = self._batches.get(batch_id)
        return batch.cancel(self._shelf) if batch else None

    def all(self) -> list[dict[str, Any]]:
        """Newest first."""
        return [batch.look(self._shelf) for batch in reversed(self._batches.values())]


def _problem(problem: LineProblem) -> dict[str, Any]:
    return {"code": problem.code, "message": problem.message, "line": problem.line, "param": None}
