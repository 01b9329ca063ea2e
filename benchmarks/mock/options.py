"""The options of the mock endpoint: how slow it is, how often it fails and in which way; changed while it runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
"""Of all requests, between 0 and 1."""
Amount = Annotated[float, msgspec.Meta(ge=0.0)]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that can be set, with `POST /config` or on the command line.

    Times named `_ms` are milliseconds, all others seconds. With `latency="lognormal"`, `latency_ms` is the median.
    A rate of 0 is no limit. A share is of requests (of lines, for a batch); those of one kind add up to 1 at most.
    """

    seed: int = 1
    latency_ms: Amount = 0.0
    latency: Literal["constant", "lognormal"] = "constant"
    sigma: Amount = 0.35

    share_429: Share = 0.0
    share_500: Share = 0.0
    share_truncated: Share = 0.0
    """A whole HTTP reply whose message is JSON that breaks off. It is paid for."""
    share_reset: Share = 0.0
    """The connection is reset, half of the times in the middle of the reply."""
    share_hung: Share = 0.0
    """A reply that never comes; the connection stays open."""
    retry_after: Amount = 1.0

    requests_per_second: Amount = 0.0
    burst: Annotated[float, msgspec.Meta(ge=1.0)] = 50.0
    tokens_per_second: Amount = 0.0
    token_burst: Annotated[float, msgspec.Meta(ge=1.0)] = 200_000.0

    fail_next: Annotated[int, msgspec.Meta(ge=0)] = 0
    """The next so many requests of any /v1 path fail with `fail_status`."""
    fail_status: Annotated[int, msgspec.Meta(ge=400, le=599)] = 500
    api_key: str = ""
    """The only key that is let in; every key where it is empty."""

    batch_seconds: Amount = 0.0
    batch_share_failed: Share = 0.0
    batch_share_expired: Share = 0.0
    batch_share_missing: Share = 0.0
    batch_share_garbled: Share = 0.0
    """Output lines that break off."""
    batch_share_duplicated: Share = 0.0


def changed(options: Options, changes: dict[str, Any]) -> Options:
    """The options with these changes. Raises msgspec.ValidationError, which names the key that is wrong."""
    together = msgspec.convert(msgspec.structs.asdict(options) | changes, Options)
    live = (
        together.share_429 + together.share_500 + together.share_truncated + together.share_reset + together.share_hung
    )
    batch = (
        together.batch_share_failed
        + together.batch_share_expired
        + together.batch_share_missing
        + together.batch_share_garbled
        + together.batch_share_duplicated
    )
    for kind, total in (("share_*", live), ("batch_share_*", batch)):
        if total > 1.0:
            raise msgspec.ValidationError(f"{kind} add up to {total:g}, more than 1")
    return together
