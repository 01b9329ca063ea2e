"""The options of a grader, and what they cannot be: a misspelt one is said before anything is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from evaluator.core.budget import Budget
from evaluator.core.calibration import Calibration
from evaluator.core.ledger import Ledger
from evaluator.core.price import Price
from evaluator.core.prompt import Calls
from evaluator.core.redaction import Redact
from evaluator.core.spotlight import Spotlight
from evaluator.core.tracing import Tracer
from evaluator.errors import UsageError
from evaluator.graders.chat_model import Parameter
from evaluator.graders.model_rater import Retries
from evaluator.graders.pacers import Pacers
from evaluator.graders.request_sink import RequestSink

Transport = Literal["pyreqwest", "httpx2"]

_WHOLE = {"samples": True, "concurrency": False}  # and whether it has to be there
_CHOICES = {
    "redact": get_args(Redact),
    "calls": (None, *get_args(Calls)),
    "spotlight": get_args(Spotlight),
    "transport": (None, *get_args(Transport)),
}


@dataclass(frozen=True, slots=True)
class GraderOptions:
    """How a grader is to be made. What is None is chosen by the grader and the rubric."""

    prompt: str | None = None
    calls: Calls | None = None
    samples: int = 1
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    timeout: float | None = None
    """Seconds for one request, whatever it does meanwhile."""
    concurrency: int | None = None
    """Requests to an endpoint that are in flight at once, at most. None: 64; 1 for `local`."""
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    price: Price | None = None
    """Overrides the price list."""
    budget: Budget | None = field(default=None, repr=False)
    """What may be spent; graders made with the same one share it."""
    gguf: Path | None = None
    threads: int | None = None
    cache: Path | None = None
    """Where the local model is kept."""
    rubrics: Sequence[Path] = ()
    """Folders that are searched before the shipped ones."""
    prompts: Sequence[Path] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    retries: Retries = field(default_factory=Retries)
    transport: Transport | None = None
    """What carries requests to an OpenAI-compatible endpoint. None: pyreqwest where it is installed, else httpx2."""
    ledger: Ledger | None = field(default=None, repr=False)
    """Where replies are kept, so that nothing is asked and paid for twice."""
    sink: RequestSink | None = field(default=None, repr=False)
    """Where requests are collected for a batch instead of being asked."""
    redact: Redact = "identity"
    """What is taken out of an answer before a grader reads it: nothing (`off`), what `Answer.identity` says of the
    candidate, or also whatever looks like an e-mail address, phone number, link, handle or postal address (`all`)."""
    spotlight: Spotlight = "off"
    """`marks`: every word of an answer carries a mark in what a model reads, so that it can tell whose words they are.
    Part of what is asked: grades, kept replies and calibrations with and without it are different ones."""
    control: bool = True
    """Whether models are asked, beside every grade that meets the bar, for what the answer says nothing of: one that
    finds it there gives marks for anything. Word matching is not asked."""
    control_below_bar: bool = False
    """Whether that is asked beside every grade."""
    trial: bool = False
    """With a `sink`: the first request is asked at once, to see what the model takes."""
    pacers: Pacers | None = field(default=None, repr=False)
    """The pace of endpoints that other graders ask too; its bounds count, not those of these options."""
    urgent: bool = False
    """What others ask of the same endpoints waits behind what this grader asks."""
    tracer: Tracer | None = field(default=None, repr=False)
    """Where requests become spans; None: there are no traces."""
    calibration: Calibration | None = None
    """Fitted for just this grader, prompt, rubric and so on (`load_calibration`); refused for any other."""


def require_sound(options: GraderOptions) -> None:
    """Raises UsageError for the first option that no grader could be made with."""
    for name, is_needed in _WHOLE.items():
        value = getattr(options, name)
        if value is None and not is_needed:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            raise UsageError(f"{name}={value!r} is no whole number.", hint="Give 1 or more.")
        if value < 1:
            raise UsageError(f"{name}={value} is too few.", hint="Ask for 1 or more.")
    for name, known in _CHOICES.items():
        value = getattr(options, name)
        if value not in known:
            choices = ", ".join(repr(each) for each in known if each is not None)
            raise UsageError(f"{name}={value!r} is not known.", hint=f"Give one of: {choices}.")
    if options.base_url is not None:
        require_address(options.base_url)


def require_address(base_url: str) -> None:
    """Raises UsageError where a model's endpoint is not named by a whole address."""
    try:
        parts = urlsplit(base_url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        # Not repeated as a whole: a password may stand in it.
        shown = base_url.rpartition("@")[2]
        raise UsageError(
            f"The model's address '{shown}' is not a whole one.",
            hint="Give it with http:// or https:// and its path, as in http://127.0.0.1:8080/v1",
        )
