"""Where things are built: from specifications and settings to ready objects. Nothing else builds them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from evaluator.core.budget import Budget
from evaluator.core.calibration import Calibration
from evaluator.core.fingerprint import fingerprint
from evaluator.core.ledger import Ledger
from evaluator.core.pace import PaceSettings
from evaluator.core.price import FREE, Price
from evaluator.core.prompt import Calls, Prompt
from evaluator.core.redaction import Redact
from evaluator.core.spotlight import Spotlight, spotlit
from evaluator.core.task import Rater, RaterIdentity
from evaluator.core.tracing import Tracer
from evaluator.errors import GraderSetupError, UsageError
from evaluator.files.local_model import find_default_model
from evaluator.files.price_file import load_prices
from evaluator.files.prompt_file import check_fit, load_prompt, load_spotlight_words
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import QuestionSet, load_question_set
from evaluator.graders.budgeted_model import BudgetedModel
from evaluator.graders.chat_model import ChatModel, Parameter
from evaluator.graders.light_openai import hold_back_records
from evaluator.graders.model_rater import ModelRater, Retries
from evaluator.graders.paced_model import PacedModel
from evaluator.graders.pacers import Pacers
from evaluator.graders.request_sink import RequestSink
from evaluator.graders.spec import RaterSpec, parse_grader
from evaluator.graders.traced_model import TracedModel
from evaluator.run.fitted_for import require_fitted_for
from evaluator.run.grader import Grader
from evaluator.run.pipeline import Pipeline
from evaluator.wiring_options import require_sound

if TYPE_CHECKING:
    import httpx2

    from evaluator.graders.openai_compatible import OpenAICompatibleModel
    from evaluator.run.runnable_grader import RunnableGrader

Transport = Literal["pyreqwest", "httpx2"]

DEFAULT_QUESTIONNAIRE = "ml_engineer_screen"
# Chosen on the calibration split; docs/local-model.md has the comparison.
_LOCAL_PROMPT = "local"
_REMOTE_PROMPT = "checks"
_WITHOUT_CHECKS = "levels"
_OPENAI = "api.openai.com"
_PACED = frozenset({"openai", "langchain"})
_MOST_REQUESTS = 64
_CONNECT_TIMEOUT = 10.0  # seconds; a server that is up takes a connection at once


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


def make_grader(
    grader: str = "local",
    questionnaire: str = DEFAULT_QUESTIONNAIRE,
    options: GraderOptions | None = None,
) -> RunnableGrader:
    """A grader for a questionnaire (its name, or a path); it is a Runnable of langchain-core too.

    `grader` is what `--grader` takes: `baseline`, `local`, `openai:MODEL`, `langchain:package.module:factory`,
    `scripted:FILE`, `panel:SPEC,SPEC`. Nothing is read from the environment: pass a key in `options`. Raises
    InputError for mistakes in what is named (CalibrationError for a calibration that was fitted for something else)
    and SetupError where a grader lacks what it needs.
    """
    # Here: importing langchain's runnables takes half a second, which commands need not wait for.
    from evaluator.run.runnable_grader import RunnableGrader

    made = make_plain_grader(grader, questionnaire, options)
    return RunnableGrader(made.pipeline, concurrency=made.concurrency)


def make_plain_grader(
    grader: str = "local",
    questionnaire: str = DEFAULT_QUESTIONNAIRE,
    options: GraderOptions | None = None,
) -> Grader:
    """As `make_grader`, for commands: what it makes stands in no chain of langchain's."""
    chosen = options or GraderOptions()
    if not isinstance(chosen, GraderOptions):
        raise UsageError(
            f"The options of a grader are GraderOptions(…), not {type(chosen).__name__}.",
            hint='As in make_grader("baseline", options=GraderOptions(redact="all")).',
        )
    require_sound(chosen)
    specs = parse_grader(grader)
    kinds = {spec.kind for spec in specs}
    folders = [*chosen.rubrics, shipped("rubrics")]
    question_set = load_question_set(questionnaire, folders, vocabulary="baseline" in kinds)
    prices = tuple(_price(spec, chosen) for spec in specs)
    pacers = chosen.pacers or Pacers(_pace_settings(chosen))
    raters = tuple(_rater(spec, question_set, chosen, price, pacers) for spec, price in zip(specs, prices, strict=True))
    calibration = chosen.calibration
    if calibration is not None:
        question_set = replace(question_set, examples=(*question_set.examples, *calibration.examples))
    pipeline = Pipeline(
        question_set=question_set,
        raters=raters,
        samples=chosen.samples,
        prices=prices,
        version=version("screening-answer-evaluator"),
        now=lambda: datetime.now(UTC),
        pacers=() if chosen.pacers else tuple(pacers.made.values()),
        calibration=calibration,
        redact=chosen.redact,
        reads_control=chosen.control and any(each.identity.can_be_talked_to for each in raters),
        control_below_bar=chosen.control_below_bar,
        yardstick=_yardstick(specs, questionnaire, folders),
    )
    if calibration is not None:
        require_fitted_for(calibration, pipeline)
    return Grader(pipeline, concurrency=_answers_held(chosen, kinds))


def _yardstick(specs: Sequence[RaterSpec], questionnaire: str, folders: Sequence[Path]) -> Callable[[], Rater | None]:
    """Word matching by a vocabulary, to hold beside what models say; made where a first grade needs it."""

    @cache
    def made() -> Rater | None:
        from evaluator.graders.baseline import BaselineRater

        vocabulary = load_question_set(questionnaire, folders).vocabulary
        return None if vocabulary is None else BaselineRater(vocabulary)

    return _nothing if all(spec.kind == "baseline" for spec in specs) else made


def _nothing() -> None:
    return None


def _pace_settings(options: GraderOptions) -> PaceSettings:
    return PaceSettings(
        most=options.concurrency or _MOST_REQUESTS,
        requests_per_minute=options.requests_per_minute,
        tokens_per_minute=options.tokens_per_minute,
    )


def _answers_held(options: GraderOptions, kinds: Set[str]) -> int:
    """How many answers are being graded at once."""
    if "local" in kinds:
        # It answers one request at a time; more in flight would only wait in it, until their deadline.
        return options.concurrency or 1
    if not kinds & _PACED:
        return options.concurrency or 8
    # More than may be asked at once: some only wait to be asked again, and that must not keep others from their turn.
    most = options.concurrency or _MOST_REQUESTS
    return most + most // 2


def _host(base_url: str) -> str:
    """The host of an endpoint's address. Raises UsageError where it is none."""
    try:
        parts = urlsplit(base_url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        # It is not repeated: it may hold a password.
        raise UsageError("--base-url is not the address of a server.", hint="Write https://HOST[:PORT]/v1.")
    return parts.hostname or ""


def _price(spec: RaterSpec, options: GraderOptions) -> Price | None:
    """What a rater's tokens cost; None where that is not known: another endpoint, or a model that is not listed."""
    host = _host(options.base_url) if options.base_url else _OPENAI
    if spec.kind in ("baseline", "local", "scripted"):
        return options.price or FREE
    if spec.kind != "openai":
        return options.price
    endpoint = load_prices().endpoint(host)
    if options.price is not None:
        return replace(options.price, batch=endpoint.batch if endpoint else None)
    if host in ("localhost", "127.0.0.1", "::1"):
        return FREE
    return endpoint.price_of(spec.name) if endpoint else None


def _within_budget(model: ChatModel, spec: RaterSpec, price: Price | None, options: GraderOptions) -> ChatModel:
    if options.budget is None:
        return model
    if price is None:
        raise UsageError(
            f"--max-cost needs a price, and none is known for {spec}.",
            hint="Give it with --price IN,OUT[,CACHED], US dollars for a million tokens; "
            "`evaluator prices` shows what is known.",
        )
    if options.sink is not None:
        price = price.in_batch
    return BudgetedModel(model, price, options.budget) if price.costs_money else model


def _rater(
    spec: RaterSpec, question_set: QuestionSet, options: GraderOptions, price: Price | None, pacers: Pacers
) -> Rater:
    if spec.kind == "baseline":
        from evaluator.graders.baseline import BaselineRater

        return BaselineRater(question_set.vocabulary)
    prompt = _prompt(spec, question_set, options)
    check_fit(prompt, question_set.rubric)
    calls = options.calls or prompt.calls
    if calls == "per-check" and prompt.asks_for != "checks":
        raise UsageError(
            f"--calls per-check needs a prompt that asks for checks; '{prompt.id}' asks for {prompt.asks_for}."
        )
    model = _chat_model(spec, options)
    # What waits for a batch is only written down: there is no endpoint whose pace to keep.
    pacer = pacers.of(model.address or str(spec)) if spec.kind in _PACED and options.sink is None else None
    # The budget outside the pace: a request that waits for its turn has its money set aside.
    if options.tracer is not None:
        model = TracedModel(model, options.tracer, _provider(spec, model.address))
    model = _within_budget(PacedModel(model, pacer, urgent=options.urgent) if pacer else model, spec, price, options)
    published, marks = prompt, {}
    if options.spotlight == "marks":
        words = load_spotlight_words()
        prompt, marks = spotlit(prompt, words), {"spotlight": f"{words.id}@{words.version}"}
    sampling = prompt.sampling_parameters if options.samples > 1 else {}
    parameters = {**prompt.parameters, **sampling, **options.parameters}
    identity = RaterIdentity(
        spec=str(spec),
        model=model.name,
        prompt=f"{prompt.id}@{prompt.version}",
        prompt_sha256=fingerprint(published),
        asks_for=prompt.asks_for,
        params=tuple(sorted({**parameters, "calls": calls, **marks}.items())),
        address=model.address,
    )
    # A script's replies cost nothing, and are told apart by their turn, not by what is asked.
    ledger = None if spec.kind == "scripted" else options.ledger
    return ModelRater(
        model,
        prompt,
        identity,
        calls=calls,
        parameters=parameters,
        retries=options.retries,
        ledger=ledger,
        sleep=pacer.sleep if pacer else asyncio.sleep,
        keeping=pacer.keeping if pacer else nullcontext,
        marks=bool(marks),
    )


def _provider(spec: RaterSpec, address: str | None) -> str:
    """Who answers, as OpenTelemetry names it; who speaks OpenAI's protocol counts as OpenAI."""
    if spec.kind != "openai":
        return {"local": "llama.cpp"}.get(spec.kind, spec.kind)
    host = urlsplit(address or "").hostname or ""
    return "azure.ai.openai" if host.endswith(".azure.com") else "openai"


def shows_examples(grader: str, questionnaire: str, options: GraderOptions) -> bool:
    """Whether a prompt of this grader has a place for graded examples; baseline has no prompt."""
    question_set = load_question_set(questionnaire, [*options.rubrics, shipped("rubrics")])
    prompts = [_prompt(spec, question_set, options) for spec in parse_grader(grader) if spec.kind != "baseline"]
    return any("examples" in prompt.variables for prompt in prompts)


def _prompt(spec: RaterSpec, question_set: QuestionSet, options: GraderOptions) -> Prompt:
    return load_prompt(options.prompt or _prompt_for(spec, question_set), [*options.prompts, shipped("prompts")])


def _prompt_for(spec: RaterSpec, question_set: QuestionSet) -> str:
    has_checks = all(criterion.checks for criterion in question_set.rubric.criteria)
    if not has_checks:
        return _WITHOUT_CHECKS
    return _LOCAL_PROMPT if spec.kind == "local" else _REMOTE_PROMPT


def _chat_model(spec: RaterSpec, options: GraderOptions) -> ChatModel:
    """The chat model of a specification; each kind is imported only where it is used."""
    hold_back_records()
    if options.sink is not None:
        if spec.kind != "openai":
            raise UsageError(
                f"'{spec}' cannot wait for a batch.", hint="Batches are for openai:MODEL, alone or in a panel."
            )
        from evaluator.graders.collecting_model import CollectingModel

        return CollectingModel(_openai_model(spec, options), str(spec), options.sink, trial=options.trial)
    if spec.kind == "scripted":
        from evaluator.graders.scripted import ScriptedModel, read_script

        return ScriptedModel(read_script(Path(spec.name)), Path(spec.name).name)
    if spec.kind == "langchain":
        from evaluator.graders.langchain_chat import LangchainModel, model_from_factory

        return LangchainModel(model_from_factory(spec.name), spec.name, deadline=options.timeout or 120.0)
    if spec.kind == "local":
        return _local_model(options)
    return _openai_model(spec, options)


def _openai_model(spec: RaterSpec, options: GraderOptions) -> OpenAICompatibleModel:
    from evaluator.graders.openai_compatible import EndpointClient, OpenAICompatibleModel

    deadline = options.timeout or 120.0
    key = options.api_key
    is_asked = options.sink is None or options.trial
    if key is None and options.base_url is None and is_asked:
        raise GraderSetupError(
            f"The grader {spec} needs a key, and there is none.",
            hint="Set OPENAI_API_KEY, or give --base-url for a server of your own that needs no key.",
        )
    if key is not None and not (key.isascii() and key.isprintable()):
        # It would end up in a header, where a line end begins another one.
        raise GraderSetupError(
            "The key holds a character that no key has: a line end, or a letter outside ASCII.",
            hint="Copy it again, without what stands around it.",
        )
    client = EndpointClient(
        # A server of one's own takes any key; the client insists on one.
        api_key=key or "none",
        base_url=options.base_url,
        max_retries=0,
        timeout=deadline,
        http_client=_http_client(options.transport),
    )
    return OpenAICompatibleModel(client, spec.name, deadline=deadline)


def _http_client(transport: Transport | None) -> httpx2.AsyncClient:
    """What the openai client sends through. Neither follows a redirect: an answer goes to no other address."""
    if transport == "httpx2" or (transport is None and find_spec("pyreqwest") is None):
        from openai import DefaultAsyncHttpxClient

        return DefaultAsyncHttpxClient(follow_redirects=False)
    from evaluator.graders.openai_compatible import LARGEST_REPLY
    from evaluator.graders.pyreqwest_client import PyreqwestClient

    return PyreqwestClient(connect_timeout=_CONNECT_TIMEOUT, largest_reply=LARGEST_REPLY)


def _local_model(options: GraderOptions) -> ChatModel:
    from evaluator.graders.local_chat import LocalModel
    from evaluator.graders.local_server import MODEL_INSTALL_HINT, LocalServerSettings

    path = options.gguf or (find_default_model(options.cache) if options.cache else None)
    if path is None:
        raise GraderSetupError(
            "The grader 'local' has no model yet.",
            hint=f"{MODEL_INSTALL_HINT}\nOr grade without a model, by matching words: --grader baseline.",
        )
    settings = LocalServerSettings(gguf=path, threads=options.threads or 2)
    return LocalModel(settings, deadline=options.timeout or 600.0)
