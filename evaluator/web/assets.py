"""Style sheets and scripts, served from a folder named by what they hold: browsers keep them for ever."""

from __future__ import annotations

import hashlib
import mimetypes
from importlib.resources import files
from pathlib import Path

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_FOLDER = Path(__file__).parent / "static"
_REPORT = files("evaluator.report") / "templates"
_KEPT = "public, max-age=31536000, immutable"


class Assets:
    """The files of `static/`, and the report's colours and marks, under a path with their hash.

    One hash for all, so that modules import each other. They are in memory: a page's own files are small and few.
    """

    def __init__(self) -> None:
        self._files = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.is_file()}
        self._files["colours.css"] = _colours().encode()
        self._files["marks.css"] = (_REPORT / "marks.css").read_bytes()
        digest = hashlib.sha256()
        for name, body in sorted(self._files.items()):
            digest.update(name.encode() + b"\0" + body)
        self.path = f"/static/{digest.hexdigest()[:16]}"

    def url(self, name: str) -> str:
        """Where a file is served. Raises KeyError where there is none."""
        if name not in self._files:
            raise KeyError(name)
        return f"{self.path}/{name}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends a file, to be kept for a year."""
        name = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
        body = self._files.get(name)
        if body is None or scope["method"] not in ("GET", "HEAD"):
            await Response("There is no such file.\n", status_code=404, media_type="text/plain")(scope, receive, send)
            return
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        await Response(body, media_type=kind, headers={"cache-control": _KEPT})(scope, receive, send)


def _colours() -> str:
    """The report's two themes as the pages use them: the system's, or the one that was chosen in the browser."""
    light, dark = ((_REPORT / f"{theme}.css").read_text("utf-8") for theme in ("light", "dark"))
    return f"""{_theme(":root", "light", light)}
@media screen and (prefers-color-scheme: dark) {{ {_theme(":root:not([data-theme=light])", "dark", dark)} }}
@media screen {{ {_theme(":root[data-theme=dark]", "dark", dark)} }}
"""


def _theme(where: str, name: str, colours: str) -> str:
    return f"{where} {{ color-scheme: {name};\n{colours}}}"
