"""What the pages show: every GET of a signed-in person, one noun a file."""

from __future__ import annotations

from fastapi import APIRouter

from evaluator.web.pages import (
    adjudication,
    administration,
    agreement,
    candidate,
    quarantine,
    queue,
    review,
    run,
    run_files,
)


def routers() -> tuple[APIRouter, ...]:
    """The routes of all pages."""
    return (
        queue.router,
        review.router,
        adjudication.router,
        agreement.router,
        run.router,
        run_files.router,
        candidate.router,
        administration.router,
        quarantine.router,
    )
