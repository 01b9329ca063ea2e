"""What all tests share: the openai client's HTTP made visible to respx, and small builders."""

from __future__ import annotations

import httpx2

# The openai client speaks through httpx2, respx watches httpx: they have to be one module before either is used.
httpx2.alias_httpx()

import json  # noqa: E402 only after the alias
from collections.abc import Callable, Iterator  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import hypothesis  # noqa: E402
import pytest  # noqa: E402
import respx  # noqa: E402

from evaluator import Answer, Grader, GraderOptions, make_grader  # noqa: E402
from evaluator.graders.model_rater import Retries  # noqa: E402

# No deadline, and nobody complains of slow examples: how long they take says more about the machine's other work than
# about the code.
NO_HURRY: dict[str, Any] = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
# The same examples each time: what a change breaks is told by the change's own run, and a soak looks for what is new.
hypothesis.settings.register_profile("usual", **NO_HURRY, derandomize=True)
hypothesis.settings.register_profile("soak", **NO_HURRY, max_examples=2000)
hypothesis.settings.load_profile("usual")

NO_WAITING = Retries(first_wait=0.0, longest_wait=0.0)
URL = "http://model.test/v1"


@pytest.fixture(autouse=True)
def own_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Commands that tests start have a store, settings and data of the test's own, not the user's. The cache is shared:
    a model is large.
    """
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("EVALUATOR_SETTINGS", raising=False)
        environment.setenv("EVALUATOR_STORE", str(folder / "store.sqlite3"))
        environment.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        environment.setenv("XDG_DATA_HOME", str(folder / "data"))
        yield


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real browser, one for a file of tests."""
    from tests.chromium import launched  # here: nothing else needs its driver

    with launched() as chromium:
        yield chromium


@pytest.fixture
def respx_mock() -> Iterator[respx.MockRouter]:
    """Answers the openai client's requests; respx's own plugin would import httpx before this file could act."""
    with respx.mock(assert_all_called=False) as router:
        yield router


@pytest.fixture
def answer() -> Answer:
    """An answer to the loan question with words that tests quote."""
    text = (
        "I would refuse the balance 30 days after disbursement: it is known only after the decision.\n"
        "Train on 2022 and test on 2023, by application date. We watch the share of missing values per day."
    )
    return Answer("c1.loan_features", "c1", "loan_features", text)


def level_reply(level: int = 2, quote: str = "Train on 2022 and test on 2023", **changes: Any) -> dict[str, Any]:
    """A whole reply of the `levels` prompt: every criterion at one level with one quote."""
    criterion = {"evidence": [quote], "missing": "more", "rationale": "said so", "level": level}
    names = ("positive_class_definition", "leakage_awareness", "production_consciousness")
    return {"criteria": dict.fromkeys(names, criterion) | changes.pop("criteria", {}), "red_flags": [], **changes}


def completion(reply: object, **changes: Any) -> dict[str, Any]:
    """The body of a chat completion whose message is `reply` (JSON unless it is a string)."""
    content = reply if isinstance(reply, str) else json.dumps(reply)
    message = {"role": "assistant", "content": content, "refusal": None, **changes.pop("message", {})}
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "model-2026-01-01",
        "choices": [{"index": 0, "finish_reason": changes.pop("finish_reason", "stop"), "message": message}],
        "usage": {
            "prompt_tokens": 1000,
            "completion_tokens": 100,
            "total_tokens": 1100,
            "prompt_tokens_details": {"cached_tokens": 800},
        },
        **changes,
    }


@pytest.fixture
def scripted(tmp_path: Path) -> Callable[..., Grader]:
    """Makes a grader that repeats the given lines of a script."""

    def make(*lines: dict[str, Any], prompt: str = "levels", **options: Any) -> Grader:
        path = tmp_path / f"script{len(list(tmp_path.iterdir()))}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        chosen = GraderOptions(prompt=prompt, retries=options.pop("retries", NO_WAITING), **options)
        return make_grader(f"scripted:{path}", options=chosen)

    return make


@pytest.fixture
def openai_grader() -> Callable[..., Grader]:
    """Makes a grader that speaks to URL through the real openai client."""

    def make(**options: Any) -> Grader:
        defaults = {"prompt": "levels", "base_url": URL, "api_key": "sk-test", "retries": NO_WAITING, "timeout": 5.0}
        # respx sees what goes through httpx2; the other transport is tested against a server.
        return make_grader("openai:model", options=GraderOptions(**{**defaults, "transport": "httpx2", **options}))

    return make
