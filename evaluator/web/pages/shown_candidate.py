"""What a page calls a candidate: a short code that stands for the id, and the id itself only where it was asked for."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request

from evaluator.core.candidate_key import candidate_key

IDS_COOKIE = "ids"
"""Set by the page's script, "shown" or "hidden"; it holds nothing secret and changes nothing on the server."""


@dataclass(frozen=True, slots=True)
class ShownCandidate:
    """A candidate as a page names them. `id` is empty unless ids are shown; `href` leads to their answers."""

    code: str
    id: str
    href: str


def candidate_code(candidate_id: str) -> str:
    """Seven characters that stand for the id: the same everywhere, so that people can speak of a candidate."""
    digest = hashlib.sha256(candidate_id.encode("utf-8", "surrogatepass")).digest()
    letters = base64.b32encode(digest[:5]).decode()
    return f"{letters[:3]}-{letters[3:6]}"


def shows_ids(request: Request) -> bool:
    """Whether this browser wants to see candidates' ids."""
    return request.cookies.get(IDS_COOKIE) == "shown"


def shown_candidate(candidate_id: str, run_id: str, request: Request) -> ShownCandidate:
    """The candidate of a run, as this browser wants them named."""
    is_shown = shows_ids(request)
    href = f"/runs/{quote(run_id, safe='')}/candidates/{candidate_key(candidate_id)}"
    return ShownCandidate(candidate_code(candidate_id), candidate_id if is_shown else "", href)
