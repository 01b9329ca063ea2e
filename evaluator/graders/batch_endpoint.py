"""The Batch API of an endpoint, through the openai client: files up, batches made, looked at, and files down."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import openai
from openai import AsyncOpenAI
from openai.types import Batch

from evaluator.errors import GraderSetupError, InputError, OutputError, SetupError
from evaluator.graders.batch_line import ENDPOINT

OPENAI = "https://api.openai.com/v1"
_TICKET = "evaluator_ticket"
_TRIES = 5  # of requests that may be repeated: those that look, upload or download
_GOES_ON = "Run the command again: it goes on where it stopped, and nothing is paid for twice."
_RECENT = 500  # batches that are looked through for one's own


@dataclass(frozen=True, slots=True)
class BatchLook:
    """A batch as the endpoint describes it."""

    id: str
    status: str
    total: int
    completed: int
    failed: int
    output_file_id: str | None
    error_file_id: str | None
    errors: tuple[str, ...]
    """Why it failed as a whole, where it did."""


class BatchEndpoint:
    """Files and batches behind `client`."""

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client
        self._again = client.with_options(max_retries=_TRIES)

    async def upload(self, path: Path) -> str:
        """The id of the uploaded file. Uploading twice costs nothing. Raises InputError where it cannot be read."""
        try:
            with _said("upload the requests"), path.open("rb") as file:
                return (await self._again.files.create(file=(path.name, file), purpose="batch")).id
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}.") from error

    async def create(self, file_id: str, ticket: str) -> str:
        """The id of a new batch. Never repeated by itself: whether a lost reply made one is for `find` to say."""
        with _said("create the batch"):
            batch = await self._client.with_options(max_retries=0).batches.create(
                input_file_id=file_id,
                endpoint=ENDPOINT,
                completion_window="24h",
                metadata={_TICKET: ticket},
            )
        return batch.id

    async def find(self, file_id: str, ticket: str) -> str | None:
        """The id of the batch that was created with this file and ticket, among the most recent ones."""
        looked_at = 0
        with _said("list the batches"):
            async for batch in self._again.batches.list(limit=100):
                if batch.input_file_id == file_id or (batch.metadata or {}).get(_TICKET) == ticket:
                    return batch.id
                looked_at += 1
                if looked_at >= _RECENT:
                    break
        return None

    async def look(self, batch_id: str) -> BatchLook:
        """How it stands."""
        with _said(f"look at {batch_id}"):
            return _looked_at(await self._again.batches.retrieve(batch_id))

    async def download(self, file_id: str, into: Path) -> None:
        """Writes a file to disk; it appears there when it is whole. Raises OutputError where it cannot be written."""
        part = into.with_name(f".{into.name}.part")
        try:
            with _said(f"download {file_id}"):
                await self._stream(file_id, part)
            part.replace(into)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise OutputError(
                f"{into} cannot be written: {error.strerror}.", hint=f"Make room there. {_GOES_ON}"
            ) from error

    async def _stream(self, file_id: str, into: Path) -> None:
        """The client repeats requests that fail, not replies that break off in the middle: those are begun again."""
        for last in (False,) * (_TRIES - 1) + (True,):
            try:
                async with self._again.files.with_streaming_response.content(file_id) as content:
                    await content.stream_to_file(into)
                return
            except httpx2.TransportError:
                if last:
                    raise

    async def close(self) -> None:
        """Lets go of connections."""
        await self._client.close()


@asynccontextmanager
async def batch_endpoint(api_key: str, base_url: str | None, deadline: float) -> AsyncIterator[BatchEndpoint]:
    """The endpoint at this address; None is OpenAI's."""
    endpoint = BatchEndpoint(
        AsyncOpenAI(
            api_key=api_key,
            base_url=base_url,
            timeout=deadline,
            # Answers go to the address that was given, and to no other.
            http_client=openai.DefaultAsyncHttpxClient(follow_redirects=False),
        )
    )
    try:
        yield endpoint
    finally:
        await endpoint.close()


@contextmanager
def _said(what: str) -> Iterator[None]:
    """Inside, the openai client's errors become SetupError, saying what was being done."""
    try:
        yield
    except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
        raise GraderSetupError(
            f"The endpoint refuses the key (HTTP {error.status_code}) to {what}.",
            hint="Check OPENAI_API_KEY: batches need a key with the rights for files and batches.",
        ) from error
    except openai.APIStatusError as error:
        raise GraderSetupError(
            f"The endpoint does not {what}: HTTP {error.status_code}, {error.code or 'no code'}.", hint=_GOES_ON
        ) from error
    except (openai.APIError, httpx2.TransportError) as error:
        raise SetupError(f"The connection failed while trying to {what}.", hint=_GOES_ON) from error


def _looked_at(batch: Batch) -> BatchLook:
    counts = batch.request_counts
    problems = batch.errors.data if batch.errors and batch.errors.data else []
    return BatchLook(
        id=batch.id,
        status=batch.status,
        total=counts.total if counts else 0,
        completed=counts.completed if counts else 0,
        failed=counts.failed if counts else 0,
        output_file_id=batch.output_file_id,
        error_file_id=batch.error_file_id,
        errors=tuple(f"{each.code or 'no code'}: {each.message or ''} (line {each.line})" for each in problems[:5]),
    )
