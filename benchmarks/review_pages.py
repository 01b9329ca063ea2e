"""How long the site takes for the pages of the queue and of one answer: `python -m benchmarks.review_pages`.

A store is filled with grades of made-up answers, every second of which needs a person. Each page is asked for over
loopback, one after another, in an order drawn with a fixed seed; a round trip is what is timed, so the site's own time
is less. Percentiles are of all round trips of a kind.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import uvicorn

from evaluator import Answer, Grade, make_grader
from evaluator.core.grade import Flag, FlagCode
from evaluator.core.review_draw import DrawShares
from evaluator.files.grades_file import GradesFile
from evaluator.run.grader import Grader
from evaluator.run.grading_run import GradingRun
from evaluator.store.run_record import RunCounts, RunOrder
from evaluator.store.store import Store, open_store
from evaluator.web.app import create_app
from evaluator.web.site import Site, WebSettings, make_site

_FLAGS: tuple[FlagCode, ...] = ("near_bar", "graders_disagree", "evidence_unverified", "low_confidence")
_TEXT = (
    "Positive: a chargeback within 120 days. Split by time: train until March, test in April. We watch drift daily. "
)
_PASSWORD = "lantern gravel tuesday orbit"


def main() -> None:
    """Fills a store, serves it, and prints a row for each kind of page."""
    asked = _arguments()
    with TemporaryDirectory(prefix="evaluator-pages-") as folder:
        where = asked.store or str(Path(folder) / "store.sqlite3")
        with open_store(where) as store:
            _fill(store, asked.answers, folder)
            with _served(store) as (site, url):
                begun = time.perf_counter()
                site.upkeep.catch_up()
                print(f"taken into the queue: {asked.answers:,} answers in {time.perf_counter() - begun:.1f} s")
                _measure(site, url, asked.requests)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200, help="of each kind")
    parser.add_argument("--store", help="address of an empty store, for PostgreSQL; otherwise a SQLite file")
    return parser.parse_args()


def _fill(store: Store, count: int, folder: str) -> None:
    """Grades of `count` answers, five a candidate, in one finished run."""
    grader: Grader = make_grader("baseline")
    questions = [question.id for question in grader.questionnaire.questions]
    run: Any = GradingRun(grader, [], GradesFile(Path(folder) / "none"), limit=None)
    manifest = run.manifest(
        run_id="be9c4a1e",
        about_grader="grades of made-up answers",
        input_name="answers.csv",
        input_sha256="0" * 64,
        layout="long csv",
        notes=(),
        questions_asked=tuple(questions),
        candidates=count // 5,
    ).model_copy(update={"answers": count})
    order = RunOrder(manifest, grader.rubric, grader.questionnaire, folder, "answers.csv", {})
    record = store.runs.begin(order)
    asyncio.run(_append(store, record.number, grader, questions, count))
    store.runs.finish(record.number, manifest.model_copy(update={"outcome": "finished"}))


async def _append(store: Store, number: int, grader: Grader, questions: list[str], count: int) -> None:
    draw = random.Random(1)
    patterns: dict[str, Grade] = {}
    async with grader:
        for question in questions:
            patterns[question] = await grader.grade(Answer("a", "c", question, _TEXT * 6))
    log = store.runs.open_log(number)
    for at in range(count):
        question = questions[at % 5]
        answer = Answer(f"a{at}", f"c{at // 5}", question, _TEXT * draw.randint(3, 10))
        codes = draw.sample(_FLAGS, draw.randint(1, 2)) if at % 2 else []
        flags = tuple(Flag(code=code, severity="review", detail=f"made up: {code}") for code in codes)
        update = {"answer_id": answer.answer_id, "candidate_id": answer.candidate_id, "flags": flags}
        grade = patterns[question].model_copy(update={**update, "score": round(draw.uniform(0, 10), 2)})
        await log.append(answer, grade, grade.model_dump_json().encode(), (0, None))
    log.came_to(RunCounts(graded=count, to_review=count // 2))
    await log.flush()
    log.close()


@contextmanager
def _served(store: Store) -> Iterator[tuple[Site, str]]:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        site = make_site(store, WebSettings((url,), secure=False), shares=DrawShares())
        server = uvicorn.Server(uvicorn.Config(create_app(site), log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        yield site, url
        server.should_exit = True
        thread.join()


def _measure(site: Site, url: str, requests: int) -> None:
    _, link = site.accounts.add_user("", "measurement", "administrator")
    made = site.accounts.use_link(link, _PASSWORD)
    draw = random.Random(2)
    with httpx.Client(base_url=url, cookies={"evaluator-session": made.token}, timeout=120) as client:
        pages, items = _walk(client, requests)
        kinds: dict[str, Callable[[], str]] = {
            "queue, first page": lambda: "/queue",
            "queue, a page further on": lambda: draw.choice(pages),
            "queue, filtered by a flag": lambda: f"/queue?flag={draw.choice(_FLAGS)}",
            "queue, filtered by a question": lambda: "/queue?question=fraud_framing",
            "one answer": lambda: f"/review/{draw.choice(items)}",
            "one run": lambda: "/runs/be9c4a1e",
        }
        for name, path_of in kinds.items():
            took, used = [], []
            for _ in range(requests):
                path = path_of()
                begun, cpu = time.perf_counter(), time.process_time()
                client.get(path).raise_for_status()
                took.append(1000 * (time.perf_counter() - begun))
                used.append(1000 * (time.process_time() - cpu))
            print(f"{name:30} n={requests}  round trip {_spread(took)}  CPU, this client's too {_spread(used)}")


def _spread(figures: list[float]) -> str:
    return f"p50 {statistics.median(figures):6.1f} p95 {statistics.quantiles(figures, n=20)[18]:6.1f} ms"


def _walk(client: httpx.Client, most: int) -> tuple[list[str], list[int]]:
    """The addresses of further pages of the queue, as its own links lead to them, and the answers on them."""
    pages: list[str] = []
    items: list[int] = []
    path = "/queue"
    for _ in range(most):
        page = client.get(path).text
        items += [int(found) for found in re.findall(r'href="/review/(\d+)"', page)]
        found = re.search(r'rel="next" href="([^"]+)"', page)
        if found is None:
            break
        path = found[1].replace("&amp;", "&")
        pages.append(path)
    return pages, items


if __name__ == "__main__":
    main()
