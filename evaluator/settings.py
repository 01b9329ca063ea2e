"""Settings, read once from the environment at the edge; everything else receives what it needs as arguments."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

from evaluator.errors import SetupError


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. The key is never printed."""

    api_key: str | None
    base_url: str | None
    cache: Path
    store: str
    """The path or URL of the store; may hold a password."""
    encryption_key: str | None = None
    """32 bytes in base64, or several; what candidates wrote is kept encrypted where it is set."""

    def __repr__(self) -> str:
        key = "set" if self.api_key else "not set"
        return f"Settings(api_key=<{key}>, base_url={self.base_url!r}, cache={str(self.cache)!r})"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that these environment variables make.

    `OPENAI_API_KEY` and `OPENAI_BASE_URL` as the openai client names them; `EVALUATOR_CACHE` for where the local
    model is kept (default: the user's cache folder); `EVALUATOR_STORE` for the store of replies and runs (default:
    a file in the user's data folder); `EVALUATOR_ENCRYPTION_KEY`, or `EVALUATOR_ENCRYPTION_KEY_FILE` for a file that
    holds it, for a store that is encrypted. Raises SetupError where that file cannot be read.
    """
    cache = environment.get("EVALUATOR_CACHE")
    return Settings(
        api_key=environment.get("OPENAI_API_KEY") or None,
        base_url=environment.get("OPENAI_BASE_URL") or None,
        cache=Path(cache) if cache else user_cache_path("screening-answer-evaluator"),
        store=environment.get("EVALUATOR_STORE")
        or str(user_data_path("screening-answer-evaluator", appauthor=False) / "store.sqlite3"),
        encryption_key=environment.get("EVALUATOR_ENCRYPTION_KEY") or _key_in(environment),
    )


def _key_in(environment: Mapping[str, str]) -> str | None:
    path = environment.get("EVALUATOR_ENCRYPTION_KEY_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise SetupError(
            f"The file of the encryption key, {path}, cannot be read.", hint="EVALUATOR_ENCRYPTION_KEY_FILE names it."
        ) from error


@dataclass(frozen=True, slots=True)
class AtsAccess:
    """What the environment says of one tenant's ATS."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    api_key: str | None = field(default=None, repr=False)
    api_url: str | None = None
    assessment_keys: tuple[str, ...] = field(default=(), repr=False)
    """What it has to show when it orders assessments here: one, or two while they are changed, the new one first."""


@dataclass(frozen=True, slots=True)
class AtsSettings:
    """What the environment says of all connections, by tenant and source."""

    access: Mapping[tuple[str, str], AtsAccess]
    maps: Path | None
    """The folder of question maps."""
    hosts: tuple[str, ...]
    """Hosts that may be asked, beside those of the sources themselves."""
    questionnaire: str | None
    """What is graded where no question map says so."""


def read_ats_settings(environment: Mapping[str, str] = os.environ) -> AtsSettings:
    """The settings of connections to applicant tracking systems.

    `EVALUATOR_<SOURCE>_SECRETS` (one, or two with a space between while they are changed), `EVALUATOR_<SOURCE>_API_KEY`
    and `EVALUATOR_<SOURCE>_API_URL`, `EVALUATOR_<SOURCE>_ASSESSMENT_KEYS`, each with `__<TENANT>` after it for a tenant
    of that name; `EVALUATOR_ATS_MAPS` for the folder of question maps, `EVALUATOR_ATS_HOSTS` for further hosts,
    `EVALUATOR_QUESTIONNAIRE`.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name, value in environment.items():
        if (matched := _ATS_VARIABLE.fullmatch(name)) and value.strip():
            tenant = "default" if matched["tenant"] is None else matched["tenant"].lower()
            place = (tenant, matched["source"].lower())
            found.setdefault(place, {})[matched["what"]] = value.strip()
    maps = environment.get("EVALUATOR_ATS_MAPS")
    return AtsSettings(
        access={
            place: AtsAccess(
                tuple(said.get("SECRETS", "").split()),
                said.get("API_KEY"),
                said.get("API_URL"),
                tuple(said.get("ASSESSMENT_KEYS", "").split()),
            )
            for place, said in found.items()
        },
        maps=Path(maps) if maps else None,
        hosts=tuple(environment.get("EVALUATOR_ATS_HOSTS", "").split()),
        questionnaire=environment.get("EVALUATOR_QUESTIONNAIRE") or None,
    )


@dataclass(frozen=True, slots=True)
class OutSettings:
    """What the environment says of events that are sent to others: addresses and secrets by tenant (None: all)."""

    urls: Mapping[str | None, tuple[str, ...]]
    secrets: Mapping[str | None, tuple[str, ...]] = field(repr=False)
    allow_private: bool
    public_url: str | None
    """Where people open the pages: links in events begin with it."""
    write_back: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The sources that results are written back to, by tenant."""
    metrics_token: str | None = field(default=None, repr=False)
    """What Prometheus has to show; None: there are no metrics."""


def read_out_settings(environment: Mapping[str, str] = os.environ) -> OutSettings:
    """The settings of events that are sent to others.

    `EVALUATOR_WEBHOOK_URLS` (with a space between) and `EVALUATOR_WEBHOOK_SECRETS` (`whsec_…`; one, or two while they
    are changed), each with `__<TENANT>` after it for one tenant's events; `EVALUATOR_WEBHOOK_PRIVATE=1` for addresses
    in a private network; `EVALUATOR_PUBLIC_URL`; `EVALUATOR_METRICS_TOKEN` for `/metrics`. `EVALUATOR_WRITE_BACK`: the
    sources that results are written back to, with a space between, and `__<TENANT>` after it as above.
    """
    write_back: dict[str | None, tuple[str, ...]] = {}
    urls: dict[str | None, tuple[str, ...]] = {}
    secrets: dict[str | None, tuple[str, ...]] = {}
    for name, value in environment.items():
        what, _, tenant = name.partition("__")
        place = {
            "EVALUATOR_WEBHOOK_URLS": urls, "EVALUATOR_WEBHOOK_SECRETS": secrets, "EVALUATOR_WRITE_BACK": write_back
        }.get(what)  # fmt: skip
        if place is not None and value.split():
            place[tenant.lower() or None] = tuple(value.split())
    return OutSettings(
        urls=urls,
        secrets=secrets,
        allow_private=environment.get("EVALUATOR_WEBHOOK_PRIVATE") == "1",
        public_url=environment.get("EVALUATOR_PUBLIC_URL") or None,
        write_back={tenant or "default": tuple(map(str.lower, sources)) for tenant, sources in write_back.items()},
        metrics_token=environment.get("EVALUATOR_METRICS_TOKEN") or None,
    )


_ATS_VARIABLE = re.compile(
    r"EVALUATOR_(?P<source>GREENHOUSE|LEVER|ASHBY|WORKABLE|SMARTRECRUITERS|STANDARD)"
    # What cannot be a tenant is said to be none, and is not passed over.
    r"_(?P<what>SECRETS|API_KEY|API_URL|ASSESSMENT_KEYS)(?:__(?P<tenant>.*))?"
)
