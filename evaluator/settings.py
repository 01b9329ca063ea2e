"""Settings, read once from the environment at the edge; everything else receives what it needs as arguments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path, user_data_path


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. The key is never printed."""

    api_key: str | None
    base_url: str | None
    cache: Path
    store: str
    """The path or URL of the store; may hold a password."""

    def __repr__(self) -> str:
        key = "set" if self.api_key else "not set"
        return f"Settings(api_key=<{key}>, base_url={self.base_url!r}, cache={str(self.cache)!r})"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that these environment variables make.

    `OPENAI_API_KEY` and `OPENAI_BASE_URL` as the openai client names them; `EVALUATOR_CACHE` for where the local
    model is kept (default: the user's cache folder); `EVALUATOR_STORE` for the store of replies and runs (default:
    a file in the user's data folder).
    """
    cache = environment.get("EVALUATOR_CACHE")
    return Settings(
        api_key=environment.get("OPENAI_API_KEY") or None,
        base_url=environment.get("OPENAI_BASE_URL") or None,
        cache=Path(cache) if cache else user_cache_path("screening-answer-evaluator"),
        store=environment.get("EVALUATOR_STORE")
        or str(user_data_path("screening-answer-evaluator", appauthor=False) / "store.sqlite3"),
    )
