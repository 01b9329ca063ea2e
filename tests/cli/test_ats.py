"""`evaluator ats`: a question map begun from what was sent, connections checked, events signed, the quarantine seen."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evaluator.ats.delivery import Delivery
from evaluator.ats.sources import SOURCES
from evaluator.core.inbox_event import NewEvent
from evaluator.settings import read_ats_settings, read_settings
from evaluator.store.store import open_store
from evaluator.wiring_service import find_questionnaire, make_connections
from tests.ats.ats_server import applications
from tests.ats.signing import SECRETS, TEXTS, submit_event

NAMES = sorted(SOURCES)
API_ANSWER = {
    "greenhouse": "GET /v1/applications/71",
    "lever": "GET /v1/opportunities/42/applications/app-42",
    "ashby": "POST /application.info",
    "workable": "GET /spi/v3/candidates/42",
    "smartrecruiters": "GET /candidates/42/jobs/job-1/screening-answers",
}


def ats(*arguments: str | Path, **environment: str) -> Result:
    """The command with these variables only."""
    cleared = {f"EVALUATOR_{name.upper()}_SECRETS": None for name in NAMES}
    return CliRunner().invoke(cli(), ["ats", *map(str, arguments)], env={**cleared, **environment})


def cli() -> object:
    from evaluator.cli import cli as command

    return command


@pytest.mark.parametrize("source", NAMES)
def test_a_map_is_begun_from_an_event_or_from_an_answer_of_the_api(source: str, tmp_path: Path) -> None:
    """And is a map: it can be used as it is written, in a folder that is made for it."""
    sample = tmp_path / "sample.json"
    if source in API_ANSWER:
        sample.write_text(json.dumps(applications()[API_ANSWER[source]].body), encoding="utf-8")
    else:
        sample.write_bytes(submit_event(source).body)
    written = tmp_path / "maps" / f"{source}.yaml"
    done = ats("map", source, "--sample", sample, "--out", written)
    assert done.exit_code == 0, done.output
    settings = read_ats_settings({"EVALUATOR_ATS_MAPS": str(tmp_path / "maps")})
    (connection,) = make_connections(settings, find_questionnaire()).values()
    assert connection.maps[0].questions == {text: question for question, text in TEXTS.items()}
    assert ats("map", source, "--sample", sample, "--out", written).exit_code != 0  # it may have been corrected


def test_what_is_likely_is_marked_and_what_is_unclear_stays_out(tmp_path: Path) -> None:
    """A person decides; until then submissions with it are held back."""
    questions = {
        "fraud_framing": "Predict fraud",
        "loan_features": "Which columns may a model see",
        "x": "Your GitHub?",
    }
    sample = tmp_path / "event.json"
    sample.write_bytes(submit_event("workable", answers=dict.fromkeys(questions, "secret"), questions=questions).body)
    said = ats("map", "workable", "--sample", sample).output
    assert '  "Predict fraud": fraud_framing\n' in said
    assert '  "Which columns may a model see": loan_features  # 93% alike: check' in said
    assert '#  "Your GitHub?": ?' in said
    assert "secret" not in said


def test_a_sample_without_questions_says_what_to_take_instead(tmp_path: Path) -> None:
    """Lever's events name what to fetch."""
    sample = tmp_path / "event.json"
    sample.write_bytes(submit_event("lever").body)
    done = ats("map", "lever", "--sample", sample)
    assert done.exit_code != 0
    assert "as the ATS's API gives it" in str(done.exception)
    sample.write_text("{", encoding="utf-8")
    assert "not JSON" in str(ats("map", "lever", "--sample", sample).exception)


@pytest.mark.parametrize("source", [name for name in NAMES if name != "lever"])
def test_an_event_is_signed_as_the_source_would(source: str, tmp_path: Path) -> None:
    """So that a connection can be tried with curl."""
    event = tmp_path / "event.json"
    event.write_bytes(submit_event(source).body)
    done = ats("sign", source, event, **{f"EVALUATOR_{source.upper()}_SECRETS": SECRETS[source]})
    assert done.exit_code == 0, done.output
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in done.output.splitlines())}
    delivery = Delivery(headers, event.read_bytes(), datetime.now(UTC))
    assert SOURCES[source].check(delivery, [SECRETS[source]]) is None
    assert SOURCES[source].check(delivery, ["whsec_YW5vdGhlcg=="]) == "signature_wrong"
    assert "has no secret" in str(ats("sign", source, event).exception)
    assert "--body" in str(ats("sign", source, event, "--body", tmp_path / "signed.json").exception.hint)  # type: ignore[union-attr]


def test_levers_event_is_signed_within(tmp_path: Path) -> None:
    """The signed event goes into a file of its own, with a new token each time; the one that was given stays."""
    event, signed = tmp_path / "event.json", tmp_path / "signed.json"
    event.write_text('{"event": "applicationCreated", "data": {"opportunityId": "Zoë"}, "signature": "old"}', "utf-8")
    tokens = set()
    for _ in range(2):
        done = ats("sign", "lever", event, "--body", signed, EVALUATOR_LEVER_SECRETS=SECRETS["lever"])
        assert (done.exit_code, done.output) == (0, "Content-Type: application/json\n")
        delivery = Delivery({}, signed.read_bytes(), datetime.now(UTC))
        assert SOURCES["lever"].check(delivery, [SECRETS["lever"]]) is None
        assert SOURCES["lever"].check(delivery, ["another"]) == "signature_wrong"
        tokens.add(SOURCES["lever"].read(delivery).id)
        assert SOURCES["lever"].read(delivery).candidate == "Zoë"
    assert len(tokens) == 2
    assert '"old"' in event.read_text("utf-8")
    assert "inside its JSON" in str(ats("sign", "lever", event, EVALUATOR_LEVER_SECRETS="x").exception)
    event.write_text("[1]", "utf-8")
    wrong = ats("sign", "lever", event, "--body", signed, EVALUATOR_LEVER_SECRETS="x")
    assert "not a JSON object" in str(wrong.exception)


def test_connections_are_checked_with_every_mistake_at_once(tmp_path: Path) -> None:
    """In the environment, and in every map, with file, line and key."""
    assert "Nothing is connected" in ats("check").output
    said = ats("check", EVALUATOR_LEVER_SECRETS="one two", EVALUATOR_LEVER_API_KEY="k").output
    assert said == "lever: 2 secrets, API key, no question map: questions are known by their own words only\n"
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "lever.yaml").write_text(
        "source: lever\nquestionnaire: ml_engineer_screen\n", encoding="utf-8"
    )
    said = ats("check", EVALUATOR_LEVER_SECRETS="one", EVALUATOR_ATS_MAPS=str(tmp_path / "maps")).output
    assert said == "lever: 1 secret, no API key: nothing is fetched, 1 question map\n"
    wrong = ats("check", EVALUATOR_LEVER_SECRETS="1 2 3", EVALUATOR_STANDARD_SECRETS="plain")
    assert "EVALUATOR_LEVER_SECRETS: 3 secrets" in str(wrong.exception)
    assert "EVALUATOR_STANDARD_SECRETS: a Standard Webhooks secret is whsec_" in str(wrong.exception)
    assert "plain" not in str(wrong.exception)
    good = "source: lever\nquestionnaire: ml_engineer_screen\n"
    (tmp_path / "a.yaml").write_text(
        good + "questions:\n  A: nothing\n  a?: degradation\nsecret: x\n", encoding="utf-8"
    )
    (tmp_path / "b.yaml").write_text(good + "questions:\n  A: nothing\n  a?: degradation\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text("source: nowhere\nquestionnaire: nothing\n", encoding="utf-8")
    (tmp_path / "f.yaml").write_text(
        "source: grenhouse\nquestionnaire: ml_engineer_screen\ntennant: x\n"
        "questions:\n  A: nothing\n  B: [degradation]\n  C: loan_feature\nignore: [3, c]\n",
        encoding="utf-8",
    )
    (tmp_path / "d.yaml").write_text(good, encoding="utf-8")
    (tmp_path / "e.yaml").write_text(good, encoding="utf-8")
    said = str(ats("check", EVALUATOR_ATS_MAPS=str(tmp_path)).exception)
    for mistake in (
        "a.yaml:6: secret: unknown key",
        "a.yaml:4: questions.A: 'nothing' is no question of ml_engineer_screen",
        "a.yaml:5: questions.a?: reads the same as 'A'",
        "b.yaml:4: questions.A: 'nothing' is no question of ml_engineer_screen",
        "b.yaml:5: questions.a?: reads the same as 'A'",
        "c.yaml:1: source",
        "c.yaml:2: questionnaire: ",
        "f.yaml:1: source: Input should be 'greenhouse', ",
        "(found 'grenhouse'); is greenhouse meant?",
        "f.yaml:3: tennant: unknown key; is tenant meant?",
        "f.yaml:5: questions.A: 'nothing' is no question",
        "f.yaml:6: questions.B: must be text",
        "f.yaml:7: questions.C: 'loan_feature' is no question",
        "launch_decision); is loan_features meant?",
        "f.yaml:8: ignore[0]: ",
        "f.yaml:8: ignore: 'c' is among the questions too",
        "e.yaml: jobs: maps all other jobs of lever, and so does d.yaml",
    ):
        assert mistake in said, said
    assert "is no folder" in str(ats("check", EVALUATOR_ATS_MAPS=str(tmp_path / "none")).exception)


def test_the_quarantine_is_seen_replayed_and_mapped_from() -> None:
    """With the questions that are not known, and nothing that a candidate wrote."""
    with open_store(read_settings().store) as store:
        for number in range(2):
            body = b"MARKER %d" % number
            digest = hashlib.sha256(body).hexdigest()
            new = NewEvent("default", "workable", f"e{number}", True, digest, "candidate_created", "submit", body)
            event_id = store.inbox.receive(new).id
            store.inbox.settle(event_id, "quarantined", reason="unmapped_questions", detail=["Your \x1b[1mGitHub?"])
    listed = ats("quarantine", "list").output
    assert "it has questions that the map does not know" in listed
    assert "Your \\u001b[1mGitHub?" in listed
    assert "2 held back" in listed
    shown = json.loads(ats("quarantine", "list", "--json").output)
    assert [each["questions"] for each in shown] == [["Your \x1b[1mGitHub?"]] * 2
    assert "MARKER" not in listed + json.dumps(shown)
    assert "GitHub?" in ats("map", "workable", "--quarantine").output
    assert ats("quarantine", "list", "--source", "lever").output == "Nothing is held back.\n"
    assert ats("quarantine", "replay", shown[0]["id"]).output == "Waiting for a worker again: 1.\n"
    assert ats("quarantine", "replay", shown[0]["id"]).exit_code != 0
    assert ats("quarantine", "replay").exit_code != 0
    assert ats("quarantine", "replay", "--all").output == "Waiting for a worker again: 1.\n"


def test_one_secret_at_two_places_is_refused() -> None:
    """What one source signs could be delivered as another's, or another tenant's; the secret is not repeated."""
    said = ats(
        "check",
        EVALUATOR_GREENHOUSE_SECRETS="geheim-1 geheim-2",
        EVALUATOR_WORKABLE_SECRETS="geheim-2",
        EVALUATOR_ASHBY_SECRETS__ACME="geheim-3",
        EVALUATOR_ASHBY_SECRETS="geheim-3 geheim-1",
        EVALUATOR_GREENHOUSE_ASSESSMENT_KEYS="geheim-4",
        EVALUATOR_ASHBY_ASSESSMENT_KEYS="geheim-4",
        EVALUATOR_LEVER_SECRETS="geheim-5 geheim-5",
    )
    message = str(said.exception)
    for pair in (
        "EVALUATOR_GREENHOUSE_SECRETS: has a secret that EVALUATOR_WORKABLE_SECRETS has too",
        "EVALUATOR_ASHBY_SECRETS: has a secret that EVALUATOR_ASHBY_SECRETS__ACME has too",
        "EVALUATOR_ASHBY_SECRETS: has a secret that EVALUATOR_GREENHOUSE_SECRETS has too",
        "EVALUATOR_ASHBY_ASSESSMENT_KEYS: has a secret that EVALUATOR_GREENHOUSE_ASSESSMENT_KEYS has too",
    ):
        assert pair in message, message
    assert "LEVER" not in message
    assert "geheim" not in message


def test_a_tenants_name_has_no_hyphen_anywhere(tmp_path: Path) -> None:
    """A variable's name cannot have one: so a tenant is called the same in variables, maps, keys and addresses."""
    said = ats("check", EVALUATOR_ASHBY_SECRETS__BIG_CO="s").output
    assert said.startswith("ashby/big_co: 1 secret, ")
    for name in ("EVALUATOR_ASHBY_SECRETS__BIG__CO", "EVALUATOR_ASHBY_SECRETS__BIG_"):
        assert "cannot name a tenant" in str(ats("check", **{name: "s"}).exception)
    made = CliRunner().invoke(cli(), ["keys", "create", "x", "--scope", "read", "--tenant", "big-co"])
    assert "'big-co' cannot name a tenant" in str(made.exception)
    (tmp_path / "a.yaml").write_text(
        "source: lever\nquestionnaire: ml_engineer_screen\ntenant: big-co\n", encoding="utf-8"
    )
    assert "tenant" in str(ats("check", EVALUATOR_ATS_MAPS=str(tmp_path)).exception)


def test_what_cannot_be_written_back_is_said_at_once() -> None:
    """Every mistake, before anything starts."""
    wrong = {
        "EVALUATOR_WRITE_BACK": "greenhouse lever workable ashby grenhouse",
        "EVALUATOR_WRITE_BACK__ACME": "lever",
        "EVALUATOR_GREENHOUSE_SECRETS": "s1",
        "EVALUATOR_LEVER_SECRETS": "s2",
        "EVALUATOR_LEVER_ASSESSMENT_KEYS": "k",
    }
    cleared = {f"EVALUATOR_{name.upper()}_SECRETS": None for name in NAMES}
    said = str(CliRunner().invoke(cli(), ["settings", "check"], env={**cleared, **wrong}).exception)
    for mistake in (
        "lever orders no assessments",
        "greenhouse needs EVALUATOR_GREENHOUSE_ASSESSMENT_KEYS",
        "lever needs EVALUATOR_LEVER_API_KEY",
        "nothing can be written back to 'workable'; there are greenhouse, ashby, lever\n",
        "nothing can be written back to 'grenhouse'; there are greenhouse, ashby, lever; is greenhouse meant?",
        "ashby is not connected",
        "EVALUATOR_WRITE_BACK__ACME: lever is not connected",
    ):
        assert mistake in said, said
