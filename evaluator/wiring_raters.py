"""Where raters are built: a model with its prompt, price, pace and ledger, or word matching."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from urllib.parse import urlsplit

from evaluator.core.fingerprint import fingerprint
from evaluator.core.price import FREE, Price
from evaluator.core.prompt import Prompt
from evaluator.core.spotlight import spotlit
from evaluator.core.task import Rater, RaterIdentity
from evaluator.errors import UsageError
from evaluator.files.price_file import load_prices
from evaluator.files.prompt_file import check_fit, load_prompt, load_spotlight_words
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import QuestionSet, load_question_set
from evaluator.graders.budgeted_model import BudgetedModel
from evaluator.graders.chat_model import ChatModel
from evaluator.graders.model_rater import ModelRater
from evaluator.graders.paced_model import PacedModel
from evaluator.graders.pacers import Pacers
from evaluator.graders.spec import RaterSpec, parse_grader
from evaluator.graders.traced_model import TracedModel
from evaluator.wiring_models import make_model
from evaluator.wiring_options import GraderOptions

PACED = frozenset({"openai", "langchain"})
"""Kinds of graders whose endpoint has a pace to keep."""
# Chosen on the calibration split; docs/local-model.md has the comparison.
_LOCAL_PROMPT = "local"
_REMOTE_PROMPT = "checks"
_WITHOUT_CHECKS = "levels"
_OPENAI = "api.openai.com"


def make_rater(
    spec: RaterSpec, question_set: QuestionSet, options: GraderOptions, price: Price | None, pacers: Pacers
) -> Rater:
    """One rater of a grader. Raises InputError for a prompt that does not fit, SetupError for what the model lacks."""
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
    model = make_model(spec, options)
    # What waits for a batch is only written down: there is no endpoint whose pace to keep.
    pacer = pacers.of(model.address or str(spec)) if spec.kind in PACED and options.sink is None else None
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


def price_of(spec: RaterSpec, options: GraderOptions) -> Price | None:
    """What a rater's tokens cost; None where that is not known: another endpoint, or a model that is not listed."""
    host = (urlsplit(options.base_url).hostname or "") if options.base_url else _OPENAI
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
