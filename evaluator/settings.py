"""Settings, read once at the edge; everything else receives what it needs as arguments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

from evaluator.core.spotlight import Spotlight
from evaluator.settings_sources import Sources, is_on, read_sources
from evaluator.settings_table import DEFAULTS, home_path


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
    store_wait: float = 0.0
    """Seconds that a service waits, when it starts, for a store whose server is away."""

    def __repr__(self) -> str:
        key = "set" if self.api_key else "not set"
        return f"Settings(api_key=<{key}>, base_url={self.base_url!r}, cache={str(self.cache)!r})"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that these environment variables, and the settings file, make.

    What there is says `evaluator.settings_table`. Raises UsageError with every mistake in all settings.
    """
    said = _checked(environment)
    cache = said.get("EVALUATOR_CACHE")
    return Settings(
        api_key=said.get("OPENAI_API_KEY"),
        base_url=said.get("OPENAI_BASE_URL"),
        cache=home_path(cache) if cache else user_cache_path("screening-answer-evaluator"),
        store=said.get("EVALUATOR_STORE")
        or str(user_data_path("screening-answer-evaluator", appauthor=False) / "store.sqlite3"),
        encryption_key=said.get("EVALUATOR_ENCRYPTION_KEY"),
        store_wait=float(said["EVALUATOR_STORE_WAIT"]),
    )


def _checked(environment: Mapping[str, str]) -> Mapping[str, str]:
    """What is set, and else the defaults of the table."""
    sources = read_sources(environment)
    sources.require()
    return {**DEFAULTS, **sources.texts}


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
    """The settings of connections to applicant tracking systems. Raises UsageError as `read_settings` does."""
    sources = read_sources(environment)
    sources.require()
    return ats_settings(sources)


def ats_settings(sources: Sources) -> AtsSettings:
    """The settings of connections, as far as they can be read."""
    said = sources.texts
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name, each in sources.said.items():
        if "<SOURCE>" in each.setting.name:
            variable, _, tenant = name.partition("__")
            source, _, what = variable.removeprefix("EVALUATOR_").partition("_")
            found.setdefault(((tenant or "default").lower(), source.lower()), {})[what] = each.text
    maps = said.get("EVALUATOR_ATS_MAPS")
    return AtsSettings(
        access={
            place: AtsAccess(
                tuple(each.get("SECRETS", "").split()),
                each.get("API_KEY"),
                each.get("API_URL"),
                tuple(each.get("ASSESSMENT_KEYS", "").split()),
            )
            for place, each in found.items()
        },
        maps=home_path(maps) if maps else None,
        hosts=tuple(said.get("EVALUATOR_ATS_HOSTS", "").split()),
        questionnaire=said.get("EVALUATOR_QUESTIONNAIRE"),
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
    """The settings of events that are sent to others. Raises UsageError as `read_settings` does."""
    sources = read_sources(environment)
    sources.require()
    return out_settings(sources)


def out_settings(sources: Sources) -> OutSettings:
    """The settings of events that are sent, as far as they can be read."""
    said = sources.texts
    urls: dict[str | None, tuple[str, ...]] = {}
    secrets: dict[str | None, tuple[str, ...]] = {}
    back: dict[str | None, tuple[str, ...]] = {}
    for name, text in said.items():
        what, _, tenant = name.partition("__")
        place = {
            "EVALUATOR_WEBHOOK_URLS": urls, "EVALUATOR_WEBHOOK_SECRETS": secrets, "EVALUATOR_WRITE_BACK": back
        }.get(what)  # fmt: skip
        if place is not None:
            place[tenant.lower() or None] = tuple(text.split())
    return OutSettings(
        urls=urls,
        secrets=secrets,
        allow_private=is_on(said.get("EVALUATOR_WEBHOOK_PRIVATE")),
        public_url=said.get("EVALUATOR_PUBLIC_URL"),
        write_back={tenant or "default": tuple(map(str.lower, names)) for tenant, names in back.items()},
        metrics_token=said.get("EVALUATOR_METRICS_TOKEN"),
    )


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How workers work, where no option of the command says otherwise. None: the command's own default."""

    grader: str | None
    samples: int
    spotlight: Spotlight
    control_reading: bool
    control_below_bar: bool
    concurrency: int
    requests_per_minute: float | None
    tokens_per_minute: float | None
    drain: float


def read_worker_settings(environment: Mapping[str, str] = os.environ) -> WorkerSettings:
    """How workers work. Raises UsageError as `read_settings` does."""
    said = _checked(environment)
    rpm, tpm = said.get("EVALUATOR_RPM"), said.get("EVALUATOR_TPM")
    return WorkerSettings(
        grader=said.get("EVALUATOR_GRADER"),
        samples=int(said["EVALUATOR_SAMPLES"]),
        spotlight="marks" if said["EVALUATOR_SPOTLIGHT"] == "marks" else "off",
        control_reading=is_on(said["EVALUATOR_CONTROL_READING"]),
        control_below_bar=is_on(said["EVALUATOR_CONTROL_BELOW_BAR"]),
        concurrency=int(said["EVALUATOR_CONCURRENCY"]),
        requests_per_minute=None if rpm is None else float(rpm),
        tokens_per_minute=None if tpm is None else float(tpm),
        drain=float(said["EVALUATOR_DRAIN"]),
    )


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """How the pages and doors are reached, where no option of the command says otherwise."""

    host: str
    port: int
    public_url: str | None
    behind_proxy: bool
    proxies: tuple[str, ...]
    certificate: Path | None
    key: Path | None


def read_serve_settings(environment: Mapping[str, str] = os.environ) -> ServeSettings:
    """How the pages and doors are reached. Raises UsageError as `read_settings` does."""
    said = _checked(environment)
    certificate, key = said.get("EVALUATOR_TLS_CERT"), said.get("EVALUATOR_TLS_KEY")
    return ServeSettings(
        host=said["EVALUATOR_HOST"],
        port=int(said["EVALUATOR_PORT"]),
        public_url=said.get("EVALUATOR_PUBLIC_URL"),
        behind_proxy=is_on(said.get("EVALUATOR_BEHIND_PROXY")),
        proxies=tuple(said["EVALUATOR_PROXY_ADDRESSES"].split()),
        certificate=None if certificate is None else home_path(certificate),
        key=None if key is None else home_path(key),
    )


@dataclass(frozen=True, slots=True)
class CanarySettings:
    """When workers grade the golden set anew (None: never), and which it is."""

    at: str | None
    eval_set: str
    split: str
    limit: int | None


def read_canary_settings(environment: Mapping[str, str] = os.environ) -> CanarySettings:
    """When and what the canary measures. Raises UsageError as `read_settings` does."""
    said = _checked(environment)
    limit = said.get("EVALUATOR_CANARY_LIMIT")
    return CanarySettings(
        at=said.get("EVALUATOR_CANARY_AT"),
        eval_set=said["EVALUATOR_CANARY_SET"],
        split=said["EVALUATOR_CANARY_SPLIT"],
        limit=None if limit is None else int(limit),
    )


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """When workers delete what was kept long enough (None: never), and the file that says how long that is."""

    at: str | None
    policy: Path | None


def read_retention_settings(environment: Mapping[str, str] = os.environ) -> RetentionSettings:
    """When, and for how long. Raises UsageError as `read_settings` does."""
    said = _checked(environment)
    policy = said.get("EVALUATOR_RETENTION_POLICY")
    return RetentionSettings(said.get("EVALUATOR_RETENTION_AT"), None if policy is None else home_path(policy))


@dataclass(frozen=True, slots=True)
class TraceSettings:
    """Whether traces are sent; where to and how reads OpenTelemetry itself."""

    is_on: bool


def read_trace_settings(environment: Mapping[str, str] = os.environ) -> TraceSettings:
    """Whether traces are sent. Raises UsageError as `read_settings` does."""
    said = _checked(environment)
    places = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    is_off = is_on(said.get("OTEL_SDK_DISABLED"))
    return TraceSettings(any(name in said for name in places) and not is_off)
