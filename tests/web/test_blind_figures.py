"""What a reviewer is still to label blind is not told by the figures around it either."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from evaluator.core.review_draw import DrawShares
from evaluator.core.review_queue import QueueFilter
from evaluator.store.store import Store
from tests.graded_run import Given, put_run
from tests.web.conftest import Served


def test_no_filter_and_no_chart_tells_what_is_hidden(
    serve: Callable[..., Served], sqlite_store: Store, tmp_path: Path
) -> None:
    """A filter by what the grade says finds none whose grade is hidden; a reviewer sees no levels of a run."""
    put_run(sqlite_store, [Given(f"c{n}", flags=("near_bar",)) for n in range(3)], str(tmp_path))
    made = serve(sqlite_store, DrawShares(blind=1, double=0, audit=0))
    made.site.upkeep.catch_up()
    reading, who = made.site.reading, made.who("ben")
    assert len(reading.queue(who, QueueFilter()).items) == 3
    assert reading.queue(who, QueueFilter(flag="near_bar")).items == ()
    (run,) = sqlite_store.runs.all()
    page = made.sign_in("ben").get(f"/runs/{run.id}").text
    assert "Levels and scores" not in page
    assert "Levels and scores" in made.sign_in("ada", "administrator").get(f"/runs/{run.id}").text
