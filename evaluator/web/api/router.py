"""`/v1`: submissions in, grades out, candidates erased."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response, Security
from fastapi.security import HTTPBearer

from evaluator.run.submission_desk import SubmissionDesk
from evaluator.store.api_key_shelf import ApiKeyShelf
from evaluator.store.submission_rows import Submitted
from evaluator.web.api.keyed_route import keyed_route, needs, submission_errors
from evaluator.web.api.records import (
    CANDIDATE_ID,
    Accepted,
    BatchAccepted,
    BatchIn,
    BatchResult,
    CandidateOut,
    Erased,
    GradesOut,
    Id,
    SubmissionIn,
    SubmissionOut,
)
from evaluator.web.api.whole_path import whole_paths
from evaluator.web.problem import Problem, ProblemBody

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: {"description": "No valid API key"},
    403: {"description": "The key may not do that"},
    408: {"description": "The body did not arrive in time"},
    413: {"description": "The body is too large"},
    415: {"description": "The body is not JSON"},
    422: {"description": "Mistakes in the request, each with its place"},
    503: {"description": "The store cannot be used now"},
}
_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "There is none of yours"}}
_AS_PROBLEM = {"content": {"application/problem+json": {"schema": ProblemBody.model_json_schema()}}}

SubmissionId = Annotated[str, Path(max_length=100, examples=["sub_0123456789abcdef0123456789"])]
CandidateId = Annotated[
    str, Path(max_length=200, pattern=CANDIDATE_ID, description="Your id of the candidate.", examples=["c-1024"])
]


def _problems(*more: dict[int | str, dict[str, Any]], without: tuple[int, ...] = ()) -> dict[int | str, dict[str, Any]]:
    merged = {status: said for each in (_PROBLEMS, *more) for status, said in each.items() if status not in without}
    return {status: {**said, **_AS_PROBLEM} for status, said in sorted(merged.items(), key=lambda item: str(item[0]))}


_NO_BODY = (408, 413, 415)


def api_router(desk: SubmissionDesk, keys: ApiKeyShelf) -> APIRouter:
    """The routes. Each opens with a key that has the scope which it says."""
    whole_paths()
    bearer = HTTPBearer(auto_error=False, scheme_name="ApiKey", description="A key made with `evaluator keys create`.")
    router = APIRouter(prefix="/v1", route_class=keyed_route(keys), dependencies=[Security(bearer)])

    @router.post("/submissions", status_code=202, tags=["submissions"], responses=_problems(_BAD, _CONFLICT))
    @needs("submit")
    def submit(
        request: Request,
        submission: SubmissionIn,
        idempotency_key: Annotated[
            Id | None, Header(description="As `idempotency_key` in the body, and before it.")
        ] = None,
    ) -> Accepted:
        """Take in one candidate's answers. They are graded soon; ask for the grades, or have them sent."""
        return _accepted(desk.submit(request.state.key.tenant, submission.asked(idempotency_key)))

    @router.post("/submissions/batch", tags=["submissions"], responses=_problems(_BAD))
    @needs("submit")
    def submit_batch(request: Request, batch: BatchIn) -> BatchAccepted:
        """Take in up to a thousand at once. One that cannot be taken leaves the others as they are."""
        asked = [each.asked() for each in batch.submissions]
        results = []
        for result in desk.submit_many(request.state.key.tenant, asked):
            if isinstance(result, Submitted):
                accepted = _accepted(result)
                results.append(BatchResult(status=accepted.status, id=accepted.id))
            else:
                errors = [f"{each.pointer}: {each.message}" for each in submission_errors(result)]
                results.append(BatchResult(status="refused", detail=result.message, errors=errors))
        return BatchAccepted(results=results)

    @router.get("/submissions/{submission_id}", tags=["submissions"], responses=_problems(_NOT_FOUND, without=_NO_BODY))
    @needs("read")
    def show_submission(request: Request, submission_id: SubmissionId) -> SubmissionOut:
        """How far a submission is."""
        found = desk.find(request.state.key.tenant, submission_id)
        if found is None:
            raise _none(submission_id)
        return SubmissionOut.of(found)

    @router.get(
        "/grades/{submission_id}",
        tags=["grades"],
        responses={**_problems(_NOT_FOUND, without=_NO_BODY), 202: _TO_COME},
    )
    @needs("read")
    def show_grades(request: Request, response: Response, submission_id: SubmissionId) -> GradesOut:
        """The grades of a submission, each level with the candidate's own words; 202 while some are to come."""
        graded = desk.graded(request.state.key.tenant, submission_id)
        if graded is None:
            raise _none(submission_id)
        if graded.submission.state in ("received", "queued", "grading"):
            response.status_code = 202
            response.headers["Retry-After"] = "5"
        return GradesOut.of(graded)

    @router.get(
        "/candidates/{candidate_id:whole}", tags=["candidates"], responses=_problems(_NOT_FOUND, without=_NO_BODY)
    )
    @needs("read")
    def show_candidate(request: Request, candidate_id: CandidateId) -> CandidateOut:
        """A candidate's submissions, from whichever way in."""
        found = desk.of_candidate(request.state.key.tenant, candidate_id)
        if not found:
            raise _none(candidate_id)
        return CandidateOut(candidate_id=candidate_id, submissions=[SubmissionOut.of(each) for each in found])

    @router.delete("/candidates/{candidate_id:whole}", tags=["candidates"], responses=_problems(without=_NO_BODY))
    @needs("erase")
    def erase_candidate(request: Request, candidate_id: CandidateId) -> Erased:
        """Erase a candidate: answers, grades, events and what was derived from them. For good, and safe to repeat."""
        erased = desk.erase(request.state.key.tenant, candidate_id)
        return Erased(candidate_id=candidate_id, erased=dict(erased))

    return router


_BAD: dict[int | str, dict[str, Any]] = {400: {"description": "The body cannot be read"}}
_CONFLICT: dict[int | str, dict[str, Any]] = {409: {"description": "The idempotency key was used for other content"}}
_TO_COME: dict[str, Any] = {"description": "Some of the grades are to come", "model": GradesOut}


def _accepted(submitted: Submitted) -> Accepted:
    return Accepted(id=submitted.id, status="accepted" if submitted.is_new else "duplicate")


def _none(name: str) -> Problem:
    del name  # a path may hold a candidate's id, which is not repeated where it may be logged
    return Problem(404, "There is no such thing.", "Or it is not yours, or its candidate was erased.")
