"""The files of a run, as `evaluator grade` writes them: written anew from the store for whoever asks, and then gone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import APIRouter
from starlette.responses import Response

from evaluator.errors import NotThereError, UsageError
from evaluator.store.run_record import RunRecord
from evaluator.web.access import ADMINISTRATOR, RECRUITER, rule
from evaluator.web.signed_in import AtSite, SignedIn
from evaluator.web.site import Site

router = APIRouter()

MOST_ANSWERS = 5_000
"""Above it a browser would wait too long: the command writes them."""
_EVERYTHING = "everything.zip"
RUN_FILES: Mapping[str, tuple[str, str]] = {
    "report.html": ("the report, to read and to print", "text/html"),
    "grades.xlsx": (
        "candidates, answers and evidence, to sort and filter",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    "candidates.csv": ("a row a candidate", "text/csv"),
    "grades.csv": ("a row an answer", "text/csv"),
    "grades.jsonl": ("the whole record of each grade", "application/jsonl"),
    "run.json": ("what was graded, by what, and how it ended", "application/json"),
    _EVERYTHING: ("all of them", "application/zip"),
}


# Not for reviewers: the files hold the levels of answers that are still to be labelled blind.
@router.get("/runs/{run_id}/files/{name}")
@rule(RECRUITER, ADMINISTRATOR)
def run_file(site: AtSite, visitor: SignedIn, run_id: str, name: str) -> Response:
    """One file of a run, or all of them."""
    record = site.reading.require_run(visitor.who, run_id)
    if name not in RUN_FILES or site.export_run is None:
        raise NotThereError("There is no such file.", hint="Go back to the run.")
    if site.store.runs.standing(record.number) > MOST_ANSWERS:
        raise UsageError("This run is too large to download here.", hint=f"Use: evaluator runs export {record.id}")
    body = _written(site, record, name)
    site.store.audit.append(site.now().isoformat(timespec="seconds"), visitor.user.id, "file taken", record.id, name)
    headers = {"content-disposition": f'attachment; filename="{record.id}-{name}"'}
    return Response(body, media_type=RUN_FILES[name][1], headers=headers)


def _written(site: Site, record: RunRecord, name: str) -> bytes:
    assert site.export_run is not None  # noqa: S101 the route has looked  # nosec B101
    with TemporaryDirectory(prefix="evaluator-files-") as folder:
        out = Path(folder) / "run"
        site.export_run(site.store, record, out)
        if name != _EVERYTHING:
            return (out / name).read_bytes()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(each for each in out.iterdir() if each.is_file() and not each.name.startswith(".")):
                archive.write(path, path.name)
        return packed.getvalue()
