"""Every setting there is: its name in the environment and in a settings file, what it takes and what it is for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from evaluator.core.cron import cron_of

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")  # more than `is_tenant` takes, which says what is wrong
SOURCES = ("greenhouse", "lever", "ashby", "workable", "smartrecruiters", "standard")
YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value has to be. `wrong` says what is not right about a text; it never repeats it: it may be a secret."""

    takes: str
    wrong: Callable[[str], str | None] = lambda _: None


def _whole(least: int, most: int) -> Kind:
    def wrong(text: str) -> str | None:
        is_good = text.isascii() and text.isdigit() and least <= int(text[:20]) <= most
        return None if is_good else f"has to be a whole number from {least:,} to {most:,}"

    return Kind(f"a whole number, {least:,} to {most:,}", wrong)


def _number(least: float, most: float) -> Kind:
    def wrong(text: str) -> str | None:
        try:
            is_good = least <= float(text) <= most
        except ValueError:
            is_good = False
        return None if is_good else f"has to be a number from {least:g} to {most:g}"

    return Kind(f"a number, {least:g} to {most:g}", wrong)


def _wrong_address(text: str) -> str | None:
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    return None if is_good else "has to be an address such as https://HOST[:PORT]"


def _wrong_addresses(text: str) -> str | None:
    return next((wrong for each in text.split() if (wrong := _wrong_address(each))), None)


def _wrong_time(text: str) -> str | None:
    try:
        cron_of(text)
    except ValueError as error:
        return str(error)
    return None


def home_path(text: str) -> Path:
    """The path with its `~` written out; as it stands where it names nobody's home."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def _wrong_folder(text: str) -> str | None:
    return None if home_path(text).is_dir() else "has to be a folder that is there"


def _wrong_file(text: str) -> str | None:
    return None if home_path(text).is_file() else "has to be a file that is there"


TEXT = Kind("text")
PATH = Kind("a path")
FOLDER = Kind("a folder", _wrong_folder)
FILE = Kind("a file", _wrong_file)
LIST = Kind("one, or several with a space between (in a file: a list)")
ADDRESS = Kind("an address", _wrong_address)
ADDRESSES = Kind("addresses with a space between (in a file: a list)", _wrong_addresses)
SWITCH = Kind("1 or 0", lambda text: None if text.lower() in (*YES, *NO) else "has to be 1 or 0 (yes or no)")
TIME = Kind("`HH:MM` in UTC, or five fields as cron has them", _wrong_time)
DAYS = _whole(1, 36_500)
MARKS = Kind("`off` or `marks`", lambda text: None if text in ("off", "marks") else "has to be off or marks")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `key` is its place in a settings file; None: only the environment has it.

    A `name` with `<SOURCE>` in it is there for each ATS; `by_tenant`: also with `__<TENANT>` after it, for one tenant.
    A secret is never shown, and may be read from a file that `<name>_FILE` names. A `default` in words (with a space in
    it) depends on the machine; any other one is what the environment would have.
    """

    name: str
    key: str | None
    about: str
    kind: Kind = TEXT
    default: str | None = None
    is_secret: bool = False
    by_tenant: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Settings that belong together."""

    title: str
    about: str
    settings: tuple[Setting, ...]


PARTS = (
    Part(
        "The store and the model",
        "For every command.",
        (
            Setting("EVALUATOR_SETTINGS", None, "the settings file", FILE),
            Setting(
                "EVALUATOR_STORE",
                "store",
                "a file, or `postgresql://…`; `--store` comes before it",
                default="a file in your data folder",
                is_secret=True,
            ),
            Setting(
                "EVALUATOR_STORE_WAIT",
                "store_wait",
                "seconds that `serve` and `worker` wait, when they start, for a PostgreSQL that is away; 0: not at all",
                _number(0, 86_400),
                "300",
            ),
            Setting(
                "EVALUATOR_ENCRYPTION_KEY",
                "encryption_key",
                "32 bytes in base64, from `evaluator store new-key`; a new one and the old one with a comma between",
                is_secret=True,
            ),
            Setting("EVALUATOR_CACHE", "cache", "where the local model is kept", PATH, "your cache folder"),
            Setting("OPENAI_API_KEY", "openai.api_key", "the key of the model's endpoint", is_secret=True),
            Setting("OPENAI_BASE_URL", "openai.base_url", "its address; `--base-url` comes before it", ADDRESS),
        ),
    ),
    Part(
        "Pages and doors: `evaluator serve`",
        "An option of the command comes before its setting.",
        (
            Setting("EVALUATOR_HOST", "serve.host", "`--host`", default="127.0.0.1"),
            Setting("EVALUATOR_PORT", "serve.port", "`--port`", _whole(0, 65535), "8380"),
            Setting(
                "EVALUATOR_PUBLIC_URL",
                "public_url",
                "what people type to come to the pages, `--public-url`; links in events begin with it",
                ADDRESS,
            ),
            Setting("EVALUATOR_BEHIND_PROXY", "serve.behind_proxy", "`--behind-proxy`", SWITCH, "0"),
            Setting("EVALUATOR_PROXY_ADDRESSES", "serve.proxy_addresses", "`--proxy-address`, each", LIST, "127.0.0.1"),
            Setting("EVALUATOR_TLS_CERT", "serve.tls_cert", "`--tls-cert`", FILE),
            Setting("EVALUATOR_TLS_KEY", "serve.tls_key", "`--tls-key`", FILE),
            Setting(
                "EVALUATOR_METRICS_TOKEN",
                "serve.metrics_token",
                "what Prometheus has to show; without it there are no metrics",
                is_secret=True,
            ),
        ),
    ),
    Part(
        "Workers: `evaluator worker`",
        "An option of the command comes before its setting.",
        (
            Setting("EVALUATOR_GRADER", "worker.grader", "what grades submissions, `--grader`"),
            Setting("EVALUATOR_SAMPLES", "worker.samples", "`--samples`", _whole(1, 25), "1"),
            Setting("EVALUATOR_SPOTLIGHT", "worker.spotlight", "`--spotlight`", MARKS, "off"),
            Setting("EVALUATOR_CONTROL_READING", "worker.control_reading", "`--control-reading`", SWITCH, "1"),
            Setting("EVALUATOR_CONTROL_BELOW_BAR", "worker.control_below_bar", "`--control-below-bar`", SWITCH, "0"),
            Setting("EVALUATOR_CONCURRENCY", "worker.concurrency", "`--concurrency`", _whole(1, 5000), "64"),
            Setting("EVALUATOR_RPM", "worker.rpm", "requests a minute, `--rpm`", _number(1, 1e9)),
            Setting("EVALUATOR_TPM", "worker.tpm", "tokens a minute, `--tpm`", _number(1, 1e12)),
            Setting("EVALUATOR_DRAIN", "worker.drain", "seconds, `--drain`", _number(0, 3600), "30"),
        ),
    ),
    Part(
        "Scheduled work",
        "For workers with a grader, once for all of them; give all the same, the one that started last counts. What is "
        "left out is off. More: [durable-work.md](durable-work.md#by-the-clock).",
        (
            Setting("EVALUATOR_CANARY_AT", "canary.at", "when the golden set is graded anew", TIME),
            Setting("EVALUATOR_CANARY_SET", "canary.set", "the golden set", default="ml_engineer_screen"),
            Setting("EVALUATOR_CANARY_SPLIT", "canary.split", "its split", default="calibration"),
            Setting("EVALUATOR_CANARY_LIMIT", "canary.limit", "only so many answers of it", _whole(1, 100_000)),
            Setting("EVALUATOR_RETENTION_AT", "retention.at", "when what was kept long enough is deleted", TIME),
            Setting(
                "EVALUATOR_RETENTION_POLICY",
                "retention.policy",
                "how long that is: [privacy.md](privacy.md#retention)",
                FILE,
            ),
        ),
    ),
    Part(
        "Applicant tracking systems",
        "`<SOURCE>` is " + ", ".join(f"`{source.upper()}`" for source in SOURCES) + ". More: [ats.md](ats.md).",
        (
            Setting(
                "EVALUATOR_<SOURCE>_SECRETS",
                "ats.<source>.secrets",
                "what the source signs with; two while it is changed",
                LIST,
                is_secret=True,
                by_tenant=True,
            ),
            Setting(
                "EVALUATOR_<SOURCE>_API_KEY",
                "ats.<source>.api_key",
                "a key of the source's API",
                is_secret=True,
                by_tenant=True,
            ),
            Setting(
                "EVALUATOR_<SOURCE>_API_URL",
                "ats.<source>.api_url",
                "its address, where it is not the usual one",
                ADDRESS,
                by_tenant=True,
            ),
            Setting(
                "EVALUATOR_<SOURCE>_ASSESSMENT_KEYS",
                "ats.<source>.assessment_keys",
                "`GREENHOUSE`, `ASHBY`: what it shows when it orders assessments; two while it is changed",
                LIST,
                is_secret=True,
                by_tenant=True,
            ),
            Setting("EVALUATOR_ATS_MAPS", "ats.maps", "the folder of question maps", PATH),
            Setting("EVALUATOR_ATS_HOSTS", "ats.hosts", "further hosts that may be asked", LIST),
            Setting(
                "EVALUATOR_QUESTIONNAIRE",
                "questionnaire",
                "for whatever no question map is for",
                default="ml_engineer_screen",
            ),
        ),
    ),
    Part(
        "Events that are sent",
        "More: [webhooks-out.md](webhooks-out.md).",
        (
            Setting("EVALUATOR_WEBHOOK_URLS", "webhooks.urls", "whom to tell", ADDRESSES, by_tenant=True),
            Setting(
                "EVALUATOR_WEBHOOK_SECRETS",
                "webhooks.secrets",
                "`whsec_…`; two while it is changed",
                LIST,
                is_secret=True,
                by_tenant=True,
            ),
            Setting("EVALUATOR_WEBHOOK_PRIVATE", "webhooks.private", "allow private addresses", SWITCH, "0"),
            Setting(
                "EVALUATOR_WRITE_BACK",
                "write_back.to",
                "which ATS results go back into: `greenhouse`, `ashby`, `lever` ([write-back.md](write-back.md))",
                LIST,
                by_tenant=True,
            ),
        ),
    ),
    Part(
        "Traces",
        "OpenTelemetry's own names, read from the environment alone; off where no address is set. More: "
        "[durable-work.md](durable-work.md#traces).",
        (
            Setting("OTEL_EXPORTER_OTLP_ENDPOINT", None, "where to, such as `http://127.0.0.1:4318`", ADDRESS),
            Setting("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", None, "the same for traces alone, with its path", ADDRESS),
            Setting("OTEL_SDK_DISABLED", None, "`true`: off all the same", SWITCH, "false"),
        ),
    ),
)
SETTINGS = tuple(setting for part in PARTS for setting in part.settings)
DEFAULTS = {each.name: each.default for each in SETTINGS if each.default is not None and " " not in each.default}
"""What is not set is this, as the environment would have it; options of commands tell these too."""


@dataclass(frozen=True, slots=True)
class Place:
    """A setting as it was written: whose it is, and whether it names a file that holds the value."""

    setting: Setting
    name: str
    """Its name in the environment, without `_FILE`."""
    is_file: bool = False


def place_of_variable(name: str) -> Place | None:
    """Which setting an environment variable is; None for one that is none."""
    for setting in SETTINGS:
        if matched := _variable(setting).fullmatch(name):
            parts = matched.groupdict()
            plain = name.replace("_FILE", "", 1) if parts.get("file") else name
            return Place(setting, plain, bool(parts.get("file")))
    return None


def place_of_key(key: str) -> Place | None:
    """Which setting a key of a settings file is, such as `ats.ashby.tenants.acme.secrets`; None where there is none."""
    for setting in SETTINGS:
        if setting.key is None:
            continue
        matched = _key(setting).fullmatch(key)
        if matched is None:
            continue
        parts = matched.groupdict()
        name = setting.name.replace("<SOURCE>", (parts.get("source") or "").upper())
        if tenant := parts.get("tenant"):
            name = f"{name}__{tenant.upper()}"
        return Place(setting, name, bool(parts.get("file")))
    return None


def every_variable() -> list[str]:
    """Every name there is in the environment, with each source written out, without tenants."""
    return [written for each in SETTINGS for written in _written(each, each.name, "_FILE")]


def every_key() -> list[str]:
    """Every key there is in a settings file, with each source written out, without tenants."""
    return [written for each in SETTINGS if each.key for written in _written(each, each.key, "_file")]


def _written(setting: Setting, name: str, file: str) -> Iterator[str]:
    for source in SOURCES if "<SOURCE>" in setting.name else SOURCES[:1]:
        plain = name.replace("<SOURCE>", source.upper()).replace("<source>", source)
        yield plain
        if setting.is_secret:
            yield plain + file


def _variable(setting: Setting) -> re.Pattern[str]:
    source = "(?:" + "|".join(source.upper() for source in SOURCES) + ")"
    pattern = re.escape(setting.name).replace("<SOURCE>", source)
    if setting.is_secret:
        pattern += "(?P<file>_FILE)?"
    if setting.by_tenant:
        pattern += "(?:__[A-Z][A-Z0-9_]{0,39})?"
    return re.compile(pattern)


def _key(setting: Setting) -> re.Pattern[str]:
    section, _, last = (setting.key or "").rpartition(".")
    pattern = re.escape(section).replace("<source>", "(?P<source>" + "|".join(SOURCES) + ")")
    if setting.by_tenant:
        pattern += rf"(?:\.tenants\.(?P<tenant>{_NAME.pattern}))?"
    pattern += (r"\." if section else "") + re.escape(last)
    if setting.is_secret:
        pattern += "(?P<file>_file)?"
    return re.compile(pattern)
