"""Style sheets and scripts, served under a hash of what they hold: browsers keep them, and never too long."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"


class Assets(StaticFiles):
    """The files of `static/`, under a path with their hash. One hash for all, so that modules import each other."""

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)
        digest = hashlib.sha256()
        for path in sorted(each for each in FOLDER.rglob("*") if each.is_file()):
            digest.update(path.relative_to(FOLDER).as_posix().encode() + b"\0" + path.read_bytes())
        self.path = f"/static/{digest.hexdigest()[:16]}"

    def url(self, name: str) -> str:
        """Where a file is served. Raises FileNotFoundError where there is none."""
        if not (FOLDER / name).is_file():
            raise FileNotFoundError(FOLDER / name)
        return f"{self.path}/{name}"

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept for a year."""
        response = await super().get_response(path, scope)
        if response.status_code in (200, 304):
            response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response
