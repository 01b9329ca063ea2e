"""The application: routes, and what every request goes through. Built from ready objects; nothing is global."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI

from evaluator.web.actions import administration, candidate, review
from evaluator.web.assets import Assets
from evaluator.web.doors import session
from evaluator.web.error_pages import Unforeseen, add_error_pages
from evaluator.web.pages import routers as pages
from evaluator.web.safety import Safety
from evaluator.web.signed_in import admit
from evaluator.web.site import Site


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """While the site is up, the review queue follows the runs."""
    site: Site = app.state.site
    site.upkeep.start()
    yield
    site.upkeep.stop()


def create_app(site: Site, *, service: Sequence[APIRouter] = ()) -> FastAPI:
    """The site's application. Every route states who may use it (`access.rule`); one that does not is closed.

    `service`: the routers of webhooks and of the JSON API, where the site has them.
    """
    app = FastAPI(dependencies=[Depends(admit)], lifespan=_lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.site = site
    app.state.assets = Assets()
    app.mount(app.state.assets.path, app.state.assets, name="static")
    # Routes are looked through one by one: those that are in a hurry stand first.
    for router in (*service, session.router, review.router, candidate.router, administration.router, *pages()):
        app.include_router(router)
    add_error_pages(app)
    # The last one added is the first that a request meets.
    app.add_middleware(Unforeseen)
    app.add_middleware(Safety, settings=site.settings)
    return app
