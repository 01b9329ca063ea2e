"""Writes docs/api.md from the API's own description: `python docs/write_api.py`. A test holds the two together."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evaluator.settings import AtsSettings
from evaluator.store.store import open_store
from evaluator.web.api import records
from evaluator.web.api.router import api_router
from evaluator.web.service import describe_api
from evaluator.wiring_service import make_service

PAGE = Path(__file__).parent / "api.md"
_OWN = {name for name, each in vars(records).items() if getattr(each, "__module__", "") == records.__name__}

_BEGINNING = """\
# The JSON API

{about}

Written by `docs/write_api.py` from the description that `evaluator serve` gives at `/openapi.json`; clients can be
made from that. [Connecting an applicant tracking system](ats.md) needs no program at all.

## Keys

```text
evaluator keys create "the hiring platform" --scope submit --scope read
```

prints a key, once; the store has only its hash. It goes into every request as `Authorization: Bearer sae_…`. `submit`
hands in, `read` reads, `erase` erases candidates; `--tenant` ties it to one tenant, who never sees another's;
`--expires DAYS` ends it by itself. To change a key without a gap, make a second one of the same name, put it to use,
and `evaluator keys revoke` the first: two of a name may be live.

```text
curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  http://127.0.0.1:8380/v1/submissions -d '{example}'
```

A submission handed in twice under one idempotency key (header `Idempotency-Key`, or `idempotency_key` in the body;
without either its content is the key) is one submission, and says `duplicate`. So a request that got no answer can be
sent again. Other content under a used key: 409.

Every error is `application/problem+json`: `title`, `status`, `detail`, and for mistakes in a body `errors` with a JSON
pointer each; what was sent is never repeated. 401 and 403 come before anything of the body is read. 503: try again
after `Retry-After` seconds.
"""


def page() -> str:
    """The text of docs/api.md."""
    description = _description()
    example = {"candidate_id": "c-1024", "answers": [{"question_id": "fraud_framing", "text": "One example is …"}]}
    parts = [
        _BEGINNING.format(about=description["info"]["description"], example=json.dumps(example, ensure_ascii=False))
    ]
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            parts.append("\n".join(_operation(f"{method.upper()} {path}", operation)) + "\n")
    parts.append("\n".join(_schemas(description["components"]["schemas"])))
    return "\n".join(parts) + "\n"


def _description() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, open_store(f"{folder}/store.sqlite3") as store:
        service = make_service(AtsSettings({}, None, (), None), store)
        return describe_api(api_router(service.desk, store.keys))


def _operation(name: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"## `{name}`"
    yield ""
    yield operation["description"]
    yield ""
    body = operation.get("requestBody")
    if body:
        yield f"Body: {_kind(body['content']['application/json']['schema'])}."
    headers = [each for each in operation.get("parameters", []) if each["in"] == "header"]
    for each in headers:
        yield f"Header `{each['name']}`: {each['description'].rstrip('.')}."
    if body or headers:
        yield ""
    yield "| status | answer |"
    yield "|---|---|"
    for status, answer in sorted(operation["responses"].items()):
        shape = answer.get("content", {}).get("application/json", {}).get("schema")
        said = _kind(shape) if shape else answer["description"]
        yield f"| {status} | {said} |"


def _schemas(schemas: dict[str, Any]) -> Iterator[str]:
    yield "## Bodies"
    # A grade's own records are those of grades.jsonl, which another page explains.
    for name in sorted(_OWN & set(schemas)):
        schema = schemas[name]
        yield f"\n### {name}\n"
        if schema.get("description"):
            yield " ".join(schema["description"].split()) + "\n"
        yield "| field | type | |"
        yield "|---|---|---|"
        needed = schema.get("required", [])
        for field, said in schema.get("properties", {}).items():
            about = said.get("description", "").replace("\n", " ")
            yield f"| `{field}`{'' if field in needed else ' (optional)'} | {_kind(said)} | {about} |"
    yield "\n`Grade` is a line of `grades.jsonl`: [how a grade is made](how-a-grade-is-made.md)."


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})" if name in _OWN else f"`{name}`"
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{each}`" for each in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}" + _range(schema, "Items", "")
    if schema.get("type") == "object":
        more = schema.get("additionalProperties")
        return f"object of {_kind(more)}" if isinstance(more, dict) else "object"
    kind = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    return kind.get(schema.get("type", ""), schema.get("type", "anything")) + _range(schema, "Length", " characters")


def _range(schema: dict[str, Any], of: str, unit: str) -> str:
    least, most = schema.get(f"min{of}"), schema.get(f"max{of}")
    if most is None:
        return ""
    return f" ({least or 0:,} to {most:,}{unit})"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
