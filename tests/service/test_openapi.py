"""The description of the API is true: whatever it allows is answered as it says, and so is what it forbids."""

from __future__ import annotations

import hypothesis
import pytest
import schemathesis
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from tests.service.conftest import Running

OPERATIONS = [
    ("POST", "/v1/submissions"),
    ("POST", "/v1/submissions/batch"),
    ("GET", "/v1/submissions/{submission_id}"),
    ("GET", "/v1/grades/{submission_id}"),
    ("GET", "/v1/candidates/{candidate_id}"),
    ("DELETE", "/v1/candidates/{candidate_id}"),
]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "forbidden"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_call_is_answered_as_described(running: Running, method: str, path: str, mode: GenerationMode) -> None:
    """With a key that may everything: no failure of ours, no status or shape that the description lacks."""
    operation = schemathesis.openapi.from_url(f"{running.url}/openapi.json")[path][method]
    with running.client() as client:
        authorization = client.headers["authorization"]

    @hypothesis.settings(
        max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def call(case: schemathesis.Case) -> None:
        # Which questions there are is not in the description: what it allows may be refused for naming others. That no
        # call is answered without a key is tried elsewhere: here a key goes with every one.
        excluded = [ignored_auth, *([positive_data_acceptance] if method == "POST" else [])]
        response = case.call(headers={"authorization": authorization})
        if response.status_code == 413:  # which no schema says, for it is of the whole
            assert response.headers["content-type"] == ["application/problem+json"]
            return
        case.validate_response(response, excluded_checks=excluded)

    call()


def test_an_id_that_nobody_can_have_is_answered_as_described(running: Running) -> None:
    """A line end in the path: there is no such candidate, said as every problem is, and nothing to erase."""
    with running.client() as client:
        shown = client.get("/v1/candidates/line%0Aend")
        erased = client.delete("/v1/candidates/line%0Aend")
    assert (shown.status_code, shown.headers["content-type"]) == (404, "application/problem+json")
    assert (erased.status_code, erased.json()["erased"]) == (200, {})


def test_the_description_has_the_api_and_nothing_else(running: Running) -> None:
    """Every operation with its key, its words and its errors, and an example to copy."""
    with running.client() as client:
        described = client.get("/openapi.json").json()
    found = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert found == set(OPERATIONS)
    for operations in described["paths"].values():
        for operation in operations.values():
            assert operation["security"] == [{"ApiKey": []}]
            assert operation["description"]
            assert {"401", "403", "422", "503"} <= set(operation["responses"])
    assert described["components"]["schemas"]["SubmissionIn"]["examples"]
    assert described["info"]["version"]
