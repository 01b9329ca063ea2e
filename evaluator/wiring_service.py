"""Where the service's parts are built: connections to applicant tracking systems, the doors, and the intake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from evaluator.ats.connection import Connection, Connections, connection_name
from evaluator.ats.signatures import standard_key
from evaluator.ats.sources import SOURCES
from evaluator.core.question_map import QuestionMap
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.tenant import DEFAULT_TENANT, NAMES, is_tenant
from evaluator.core.tracing import Tracer
from evaluator.errors import Mistake, UsageError
from evaluator.files.question_map_file import load_question_maps
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import load_question_set
from evaluator.report.wording import counted
from evaluator.run.assessment_desk import PARTNERS, AssessmentDesk
from evaluator.run.doors import Doors
from evaluator.run.intake import Intake
from evaluator.run.submission_desk import SubmissionDesk
from evaluator.settings import AtsAccess, AtsSettings
from evaluator.store.store import Store
from evaluator.wiring import DEFAULT_QUESTIONNAIRE

_MOST_SECRETS = 2


def find_questionnaire() -> Callable[[str], Questionnaire]:
    """What finds questionnaires by name or path, each read once."""

    @lru_cache(maxsize=64)
    def find(name: str) -> Questionnaire:
        return load_question_set(name, [shipped("rubrics")]).questionnaire

    return find


def make_connections(settings: AtsSettings, questionnaire: Callable[[str], Questionnaire]) -> Connections:
    """The connections that the environment and the question maps make. Raises InputError with every mistake."""
    maps = () if settings.maps is None else load_question_maps(settings.maps, questionnaire)
    mistakes = [mistake for place, access in settings.access.items() for mistake in _mistakes(place, access)]
    mistakes += _shared(settings.access)
    if mistakes:
        raise UsageError("The connections cannot be made.", mistakes=mistakes, hint="docs/ats.md has the table.")
    return connections_of(settings, maps)


def connections_of(settings: AtsSettings, maps: tuple[QuestionMap, ...] = ()) -> Connections:
    """The same from maps that were read, and without looking for mistakes."""
    places = {*settings.access, *((each.tenant, each.source) for each in maps)}
    fallback = settings.questionnaire or DEFAULT_QUESTIONNAIRE
    return {place: _connection(place, settings, maps, fallback) for place in sorted(places)}


def make_intake(settings: AtsSettings, store: Store) -> Intake:
    """What settles the events of a store's inbox. Raises InputError as `make_connections` does."""
    questionnaire = find_questionnaire()
    connections = make_connections(settings, questionnaire)
    return Intake(store.inbox, connections, questionnaire, store.erase_candidate, store.erasure.erased_at)


@dataclass(frozen=True, slots=True)
class Service:
    """What the web needs for webhooks and the JSON API."""

    connections: Connections
    doors: Doors
    desk: SubmissionDesk
    assessments: AssessmentDesk


def make_service(
    settings: AtsSettings,
    store: Store,
    rung: Callable[[str], None] = lambda _: None,
    *,
    public_url: str | None = None,
    tracer: Tracer | None = None,
) -> Service:
    """The doors and the desk over a store. Raises InputError as `make_connections` does.

    `rung` is told the ids of new events and submissions, after they are kept.
    """
    questionnaire = find_questionnaire()
    connections = make_connections(settings, questionnaire)
    question_set = lru_cache(maxsize=64)(lambda name: load_question_set(name, [shipped("rubrics")]))
    default = settings.questionnaire or DEFAULT_QUESTIONNAIRE
    question_set(default)  # one that is not there is told now, not to each who hands something in
    desk = SubmissionDesk(store.submissions, question_set, default, store.erase_candidate, rung, tracer)
    assessments = AssessmentDesk(connections, questionnaire, store, public_url, rung)
    return Service(connections, Doors(connections, store.inbox, rung), desk, assessments)


def _connection(
    place: tuple[str, str], settings: AtsSettings, maps: tuple[QuestionMap, ...], fallback: str
) -> Connection:
    tenant, name = place
    source = SOURCES[name]
    access = settings.access.get(place, AtsAccess())
    own = tuple(each for each in maps if (each.tenant, each.source) == place)
    # Without a map, questions are found by their own words, and what is not found is held back.
    unwritten = QuestionMap.model_validate({"source": name, "questionnaire": fallback, "tenant": tenant})
    return Connection(
        source=source,
        tenant=tenant,
        secrets=access.secrets,
        maps=own or (unwritten,),
        is_mapped=bool(own),
        api_key=access.api_key,
        api_url=access.api_url,
        hosts=(*source.hosts, *settings.hosts),
        assessment_keys=access.assessment_keys,
    )


def _mistakes(place: tuple[str, str], access: AtsAccess) -> list[Mistake]:
    tenant, source = place
    where = _variable(place, "SECRETS")
    said = []
    if not is_tenant(tenant):
        said.append(f"'{tenant}' cannot name a tenant, whose name is made of {NAMES}")
    if access.assessment_keys and source not in PARTNERS:
        said.append(f"{source} orders no assessments: it takes no _ASSESSMENT_KEYS")
    if len(access.assessment_keys) > _MOST_SECRETS:
        said.append(f"{len(access.assessment_keys)} assessment keys; two may be live while they are changed")
    if len(access.secrets) > _MOST_SECRETS:
        said.append(f"{len(access.secrets)} secrets; two may be live while they are changed")
    if source == "standard":
        for secret in access.secrets:
            try:
                standard_key(secret)
            except ValueError as error:
                said.append(str(error))
    return [Mistake(each, where) for each in said]


def _shared(access: Mapping[tuple[str, str], AtsAccess]) -> list[Mistake]:
    """Secrets that stand at two places: what one source signs could be delivered as another's, and be taken."""
    places: dict[str, list[str]] = {}
    for place, each in access.items():
        for what, secrets in (("SECRETS", each.secrets), ("ASSESSMENT_KEYS", each.assessment_keys)):
            for secret in dict.fromkeys(secrets):
                places.setdefault(secret, []).append(_variable(place, what))
    return [
        Mistake(
            f"has a secret that {' and '.join(others)} has too: a delivery of one could be replayed at the other; "
            "give each its own",
            first,
        )
        for first, *others in map(sorted, places.values())
        if others
    ]


def _variable(place: tuple[str, str], what: str) -> str:
    tenant, source = place
    return f"EVALUATOR_{source.upper()}_{what}" + ("" if tenant == DEFAULT_TENANT else f"__{tenant.upper()}")


def described(connections: Connections) -> Mapping[str, str]:
    """What each connection can do, for people: by its name."""
    return {
        connection_name(*place): ", ".join(
            [
                counted(len(each.secrets), "secret") if each.secrets else "no secret: nothing is let in",
                "API key" if each.api_key else "no API key: nothing is fetched",
                counted(len(each.maps), "question map")
                if each.is_mapped
                else "no question map: questions are known by their own words only",
                *(["assessments can be ordered"] if each.assessment_keys else []),
            ]
        )
        for place, each in connections.items()
    }
