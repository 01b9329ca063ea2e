"""What a program is told where its request cannot be met: RFC 9457, `application/problem+json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException


class ProblemError(BaseModel):
    """One mistake in a request."""

    pointer: Annotated[str, Field(description="Where in the body, as RFC 6901 has it; empty: the whole.")]
    message: str


class ProblemBody(BaseModel):
    """The body of every answer that is not a success (RFC 9457)."""

    title: str
    status: int
    detail: str = ""
    errors: list[ProblemError] = []


class Problem(HTTPException):  # the RFC's word
    """An answer that is not a success; the framework lets it pass where it would hide other errors."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str = "",
        *,
        errors: Sequence[ProblemError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, title, dict(headers or {}))
        self.body = ProblemBody(title=title, status=status, detail=detail, errors=list(errors))

    def response(self) -> JSONResponse:
        """The answer itself."""
        return JSONResponse(
            self.body.model_dump(exclude_defaults=True),
            status_code=self.body.status,
            headers=self.headers,
            media_type="application/problem+json",
        )
