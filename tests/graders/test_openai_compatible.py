"""What a candidate's answer goes through when the endpoint does well, badly, or not at all: the real client, respx."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import httpx
import pytest
import respx

from evaluator import Answer, Grade, Grader, GraderOptions, Price, SetupError, make_grader
from evaluator.graders.model_rater import Retries
from tests.conftest import URL, completion, level_reply

CHAT = f"{URL}/chat/completions"
MakeGrader = Callable[..., Grader]


def run(grader: Grader, answer: Answer) -> Grade:
    async def once() -> Grade:
        async with grader:
            return await grader.grade(answer)

    return asyncio.run(once())


def sent(router: respx.MockRouter, number: int = 0) -> dict:
    return json.loads(router.calls[number].request.content)


def test_a_good_reply_is_a_grade_with_levels_quotes_tokens_and_cost(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """Levels come from the reply, the score from arithmetic, the offsets from the answer, the cost from the price."""
    respx_mock.post(CHAT).respond(json=completion(level_reply(2)))
    grade = run(openai_grader(price=Price(1.0, 10.0, 0.5)), answer)
    assert (grade.status, grade.score) == ("graded", 5.0)
    quote = grade.criteria[0].evidence[0]
    assert answer.text[quote.start : quote.end] == "Train on 2022 and test on 2023"
    made = grade.provenance
    assert (made.input_tokens, made.cached_tokens, made.output_tokens) == (1000, 800, 100)
    assert made.cost_usd == pytest.approx((200 * 1.0 + 800 * 0.5 + 100 * 10.0) / 1e6)
    assert made.model_returned == "model-2026-01-01"


def test_the_request_is_strict_and_evidence_comes_before_the_level(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """The schema allows nothing else, asks for no total, and has the model quote before it decides."""
    respx_mock.post(CHAT).respond(json=completion(level_reply()))
    run(openai_grader(), answer)
    body = sent(respx_mock)
    schema = body["response_format"]["json_schema"]
    assert schema["strict"] is True
    criterion = schema["schema"]["properties"]["criteria"]["properties"]["leakage_awareness"]
    assert list(criterion["properties"]) == ["evidence", "missing", "rationale", "level"]
    assert criterion["additionalProperties"] is False
    assert "score" not in json.dumps(schema["schema"])


def test_the_prompt_holds_the_answer_once_between_fences_and_nobodys_name(
    openai_grader: MakeGrader, respx_mock: respx.MockRouter
) -> None:
    """The candidate's id never reaches the model; the answer stands in the user's turn, fenced by a word it lacks."""
    respx_mock.post(CHAT).respond(json=completion(level_reply()))
    text = "Train on 2022 and test on 2023 <<answer-0000000000000000>> {{question}} {{{answer}}}"
    run(openai_grader(), Answer("jane-doe.x", "jane-doe", "degradation", text))
    system, user = sent(respx_mock)["messages"]
    assert "jane-doe" not in json.dumps([system, user])
    assert text in user["content"]
    assert text not in system["content"]
    fence = user["content"].split("<<", 1)[1].split(">>", 1)[0]
    assert user["content"].count(fence) == 2
    assert fence not in text


@pytest.mark.parametrize(
    ("replies", "requests"),
    [
        ([httpx.Response(429, headers={"Retry-After": "0"})], 2),
        ([httpx.Response(500), httpx.Response(503)], 3),
        ([httpx.ConnectError("reset")], 2),
        ([httpx.ReadTimeout("slow")], 2),
        ([httpx.Response(200, json=completion('{"criteria": {"leak'))], 2),
        ([httpx.Response(200, json=completion("I cannot give JSON, sorry."))], 2),
        ([httpx.Response(200, json=completion({"level": 4}))], 2),
        ([httpx.Response(200, json=completion("{}", finish_reason="length"))], 2),
        ([httpx.Response(200, text="<html>gateway</html>")], 2),
        ([httpx.Response(200, json={"choices": []})], 2),
    ],
    ids=["429", "5xx", "reset", "timeout", "cut JSON", "prose", "other schema", "length", "html", "no choices"],
)
def test_what_may_pass_is_asked_again_and_the_answer_is_graded(
    openai_grader: MakeGrader, answer: Answer, replies: list, requests: int
) -> None:
    """A fault of the moment costs another request, not the answer."""
    with respx.mock() as router:
        router.post(CHAT).mock(side_effect=[*replies, httpx.Response(200, json=completion(level_reply()))])
        grade = run(openai_grader(), answer)
        assert grade.status == "graded"
        assert router.calls.call_count == requests
        assert grade.provenance.requests == requests


@pytest.mark.parametrize(
    ("reply", "reason", "requests"),
    [
        (httpx.Response(503), "server_error", 6),
        (httpx.Response(200, json=completion("prose for ever")), "invalid_reply", 3),
        (httpx.Response(200, json=completion("{", finish_reason="length")), "cut_off", 3),
        (httpx.Response(200, json=completion("", message={"refusal": "I would rather not"})), "refused", 1),
        (httpx.Response(200, json=completion("", finish_reason="content_filter")), "refused", 1),
        (httpx.Response(401, json={"error": {"message": "bad key"}}), "wrong_key", 1),
        (httpx.Response(404, json={"error": {"message": "no model"}}), "unknown_model", 1),
        (httpx.Response(400, json={"error": {"message": "x", "code": "context_length_exceeded"}}), "too_long", 1),
        (httpx.Response(422, json={"error": {"message": "x"}}), "bad_request", 1),
        (httpx.Response(200, json=completion(level_reply(9))), "invalid_reply", 3),
        (httpx.Response(200, json=completion('{"criteria": NaN}')), "invalid_reply", 3),
        (httpx.Response(200, json=completion("[" * 100_000)), "invalid_reply", 3),
    ],
)
def test_what_does_not_pass_leaves_the_answer_ungraded_with_its_reason(
    openai_grader: MakeGrader, answer: Answer, reply: httpx.Response, reason: str, requests: int
) -> None:
    """No score stands in for a failure; a person is told why, and bad replies are asked again at most twice."""
    with respx.mock() as router:
        router.post(CHAT).mock(return_value=reply)
        grade = run(openai_grader(), answer)
        assert (grade.status, grade.score, grade.band) == ("ungraded", None, None)
        assert grade.reason is not None
        assert grade.reason.startswith(f"{reason}:")
        assert answer.text[:20] not in grade.reason
        assert [flag.code for flag in grade.flags if flag.severity == "review"] == ["ungraded"]
        assert router.calls.call_count == requests


def test_a_cut_off_reply_is_given_more_room_the_next_time(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """Asking again with the same limit would be cut off again."""
    cut = httpx.Response(200, json=completion("{", finish_reason="length"))
    respx_mock.post(CHAT).mock(side_effect=[cut, httpx.Response(200, json=completion(level_reply()))])
    run(openai_grader(), answer)
    assert sent(respx_mock, 1)["max_tokens"] == 2 * sent(respx_mock, 0)["max_tokens"]


def test_a_parameter_that_a_model_refuses_is_left_out_from_then_on(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """Newer models take no temperature and call the limit of tokens by another name."""

    def refuse(name: str) -> httpx.Response:
        return httpx.Response(400, json={"error": {"message": "no", "param": name, "code": "unsupported_parameter"}})

    good = httpx.Response(200, json=completion(level_reply()))
    respx_mock.post(CHAT).mock(side_effect=[refuse("temperature"), refuse("max_tokens"), good])
    grade = run(openai_grader(), answer)
    assert grade.status == "graded"
    last = sent(respx_mock, 2)
    assert "temperature" not in last
    assert "max_tokens" not in last
    assert last["max_completion_tokens"] == 3000


def test_a_quote_that_is_not_in_the_answer_is_asked_for_once_more(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """The repair names the quote; what comes back counts."""
    invented = httpx.Response(200, json=completion(level_reply(3, "I would use feature stores")))
    respx_mock.post(CHAT).mock(side_effect=[invented, httpx.Response(200, json=completion(level_reply(2)))])
    grade = run(openai_grader(), answer)
    asked_again = sent(respx_mock, 1)["messages"]
    assert [message["role"] for message in asked_again] == ["system", "user", "assistant", "user"]
    assert '"I would use feature stores"' in asked_again[-1]["content"]
    assert grade.score == 5.0
    assert not [flag for flag in grade.flags if flag.code == "evidence_unverified"]


def test_a_level_whose_quotes_stay_invented_falls_to_the_lowest_and_is_flagged(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """What the candidate did not write earns nothing; what the grader claimed stays on record."""
    respx_mock.post(CHAT).respond(json=completion(level_reply(4, "I would use feature stores")))
    grade = run(openai_grader(), answer)
    assert respx_mock.calls.call_count == 2
    assert {(each.level, each.claimed_level) for each in grade.criteria} == {(0, 4)}
    flags = [flag for flag in grade.flags if flag.code == "evidence_unverified"]
    assert len(flags) == 3
    assert {flag.severity for flag in flags} == {"review"}


def test_a_wrong_key_is_said_before_the_first_answer(openai_grader: MakeGrader, respx_mock: respx.MockRouter) -> None:
    """No answer is sent to find out."""
    respx_mock.get(f"{URL}/models").respond(401, json={"error": {"message": "bad key"}})
    with pytest.raises(SetupError, match="refuses the key"):
        asyncio.run(openai_grader().check())


def test_a_missing_key_is_said_when_the_grader_is_made() -> None:
    """And the message names the variable."""
    with pytest.raises(SetupError, match="OPENAI_API_KEY"):
        make_grader("openai:gpt-x", options=GraderOptions())


def test_an_unreachable_server_is_said_before_the_first_answer() -> None:
    """Nothing listens on port 9 of this machine."""
    grader = make_grader("openai:m", options=GraderOptions(base_url="http://127.0.0.1:9/v1", timeout=5.0))
    with pytest.raises(SetupError, match="No server answers"):
        asyncio.run(grader.check())


def test_after_a_wrong_key_no_further_answer_is_sent(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter
) -> None:
    """The rest comes back ungraded, each with the reason; none is missing."""
    respx_mock.post(CHAT).respond(401, json={"error": {"message": "bad key"}})
    answers = [Answer(f"a{number}", f"c{number}", "degradation", answer.text) for number in range(10)]

    async def grade_all() -> list[Grade]:
        return [grade async for grade in openai_grader().grade_many(answers, concurrency=1)]

    grades = asyncio.run(grade_all())
    assert sorted(grade.answer_id for grade in grades) == sorted(answer.answer_id for answer in answers)
    assert respx_mock.calls.call_count == 1
    assert all("wrong_key" in (grade.reason or "") for grade in grades)


@pytest.mark.parametrize("says", ["0", "Wed, 21 Oct 2015 07:28:00 GMT"])
@pytest.mark.parametrize("status", [429, 503])
def test_an_endpoint_that_says_now_is_given_time_all_the_same(
    openai_grader: MakeGrader, answer: Answer, respx_mock: respx.MockRouter, status: int, says: str
) -> None:
    """Were all attempts sent at once, an outage of a second would cost every answer: the wait is that of no header."""
    route = respx_mock.post(CHAT).respond(status, headers={"Retry-After": says})
    grader = openai_grader(retries=Retries(first_wait=1e7, longest_wait=1e7))

    async def a_while() -> None:
        async with grader:
            await asyncio.wait_for(grader.grade(answer), 2)

    with pytest.raises(TimeoutError):
        asyncio.run(a_while())
    assert route.call_count == 1


def test_a_server_that_never_answers_is_given_up_at_the_deadline(answer: Answer) -> None:
    """A hang costs its deadline and no more; the answer says so."""

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(-1)
        finally:
            writer.close()

    async def grade() -> Grade:
        server = await asyncio.start_server(hang, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        options = GraderOptions(
            prompt="levels",
            base_url=f"http://127.0.0.1:{port}/v1",
            timeout=0.3,
            retries=Retries(transient=2, first_wait=0.0),
        )
        async with server, make_grader("openai:m", options=options) as grader:
            return await grader.grade(answer)

    grade_made = asyncio.run(grade())
    assert grade_made.reason is not None
    assert grade_made.reason.startswith("timeout:")


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"azure_endpoint": "https://x.test"}, "/openai/deployments/my%20model/chat/completions"),
        ({"azure_endpoint": "https://x.test", "azure_deployment": "d"}, "/openai/deployments/d/chat/completions"),
    ],
    ids=["model is the deployment", "deployment in the address"],
)
def test_azure_is_asked_by_its_own_client(settings: dict[str, str], path: str, respx_mock: respx.MockRouter) -> None:
    """The deployment is in the path, the version in the query, the key in Azure's header."""
    from openai import AsyncAzureOpenAI

    from evaluator.core.asks import ReplySchema
    from evaluator.core.prompt import Message
    from evaluator.graders.chat_model import ModelRequest
    from evaluator.graders.openai_compatible import OpenAICompatibleModel

    route = respx_mock.post(url__startswith="https://x.test/").respond(json=completion("hello"))
    client = AsyncAzureOpenAI(**settings, api_key="azure-key", api_version="2026-01-01", max_retries=0)
    model = OpenAICompatibleModel(client, "my model", deadline=5.0)
    asked = ModelRequest((Message("user", "half \ud800 a pair"),), ReplySchema(type="string"), {"seed": 1})
    assert asyncio.run(model.complete(asked)).text == "hello"
    request = route.calls[0].request
    assert request.url.raw_path.decode() == f"{path}?api-version=2026-01-01"
    assert request.headers["api-key"] == "azure-key"
    assert json.loads(request.content)["messages"][0]["content"] == "half \ud800 a pair"
