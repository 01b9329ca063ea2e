"""The price list: what the models of known endpoints cost, on the day that it was read."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from evaluator.core.price import Price
from evaluator.core.rubric import FileRecord, Text

_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")

Dollars = Annotated[float, Field(ge=0, lt=1e6, allow_inf_nan=False, strict=False)]
Share = Annotated[float, Field(gt=0, le=1)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class ModelPrice(FileRecord):
    """US dollars for a million tokens of one model; what is null has no price of its own."""

    input: Dollars
    output: Dollars
    cached: Dollars | None = None
    cache_write: Dollars | None = None
    caches_in_batch: bool = False


class EndpointPrices(FileRecord):
    """The models of one endpoint. `batch` is the share of the prices that its batches cost, null where it has none."""

    name: Text
    hosts: Annotated[tuple[Text, ...], Field(min_length=1)]
    batch: Share | None = None
    models: Annotated[dict[str, ModelPrice], Field(min_length=1)]

    def price_of(self, model: str) -> Price | None:
        """The price of a model by its name, or by its name without a snapshot's date; None where it is not known."""
        found = self.models.get(model) or self.models.get(_SNAPSHOT.sub("", model))
        if found is None:
            return None
        return Price(found.input, found.output, found.cached, found.cache_write, self.batch, found.caches_in_batch)


class PriceList(FileRecord):
    """Every known price, the day on which they were read (ISO 8601), and where."""

    read_on: Day
    sources: Annotated[tuple[Text, ...], Field(min_length=1)]
    endpoints: tuple[EndpointPrices, ...]

    def endpoint(self, host: str) -> EndpointPrices | None:
        """The endpoint at this host; None where nothing is known of it."""
        return next((each for each in self.endpoints if host in each.hosts), None)

    def price_of(self, host: str, model: str) -> Price | None:
        """What a model costs at this host; None where that is not known. Nothing is guessed."""
        endpoint = self.endpoint(host)
        return endpoint.price_of(model) if endpoint else None
