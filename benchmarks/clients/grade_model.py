"""The reply as a pydantic model, for packages that take one; built from the workload's criteria."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, create_model

_STRICT = ConfigDict(extra="forbid")


def grade_model(criteria: list[dict[str, Any]]) -> type[BaseModel]:
    """`{"criteria": {<id>: {evidence, missing, rationale, level}}}`."""
    fields: dict[str, Any] = {}
    for criterion in criteria:
        levels = tuple(int(level) for level in criterion["levels"])
        verdict = create_model(
            f"Verdict_{criterion['id']}",
            __config__=_STRICT,
            evidence=(list[str], ...),
            missing=(str, ...),
            rationale=(str, ...),
            level=(Literal[levels], ...),
        )
        fields[criterion["id"]] = (verdict, ...)
    inner = create_model("Criteria", __config__=_STRICT, **fields)
    return create_model("Grade", __config__=_STRICT, criteria=(inner, ...))
