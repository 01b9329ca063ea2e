"""A connection: one tenant's ATS, with its live secrets, its question maps and the way to its API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evaluator.ats.ats_api import AtsApi
from evaluator.ats.signatures import Secrets
from evaluator.ats.source import Source
from evaluator.core.question_map import QuestionMap
from evaluator.core.tenant import DEFAULT_TENANT


@dataclass(frozen=True, slots=True)
class Connection:
    """What is known of one tenant's ATS. Without secrets nothing is let in; without a key nothing can be fetched."""

    source: Source
    tenant: str
    secrets: Secrets = field(repr=False)
    maps: Sequence[QuestionMap] = ()
    is_mapped: bool = False
    """Whether `maps` were written for it; else one stands in that knows questions by their own words only."""
    api_key: str | None = field(default=None, repr=False)
    api_url: str | None = None
    hosts: Sequence[str] = ()
    """Hosts that may be asked."""
    assessment_keys: Secrets = field(default=(), repr=False)
    """What it has to show when it orders assessments here; the first is what it is told with."""

    def api(self) -> AtsApi | None:
        """Its API, to be entered and left; None where there is no key or no address. Raises AtsRefusedError."""
        url = self.api_url or self.source.api_url
        if self.api_key is None or url is None:
            return None
        return AtsApi(url, self.source.authorization(self.api_key), self.hosts)

    def candidate(self, source_id: str) -> str:
        """The tenant's name of a candidate whom the source knows by this id."""
        # Who signs deliveries of their own names candidates as they do in every other way in.
        return source_id if self.source.name == "standard" else f"{self.source.name}:{source_id}"


Connections = Mapping[tuple[str, str], Connection]
"""By tenant and name of the source."""


def connection_name(tenant: str, source: str) -> str:
    """How a connection is called in messages and logs."""
    return source if tenant == DEFAULT_TENANT else f"{source}/{tenant}"
