"""`evaluator keys`: a key is printed once, listed without its secret, ended at once."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from evaluator.cli import cli
from evaluator.core.api_key import parse_key


def keys(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["keys", *arguments])


def test_a_key_is_printed_alone_and_never_again() -> None:
    """Standard output can go straight to where secrets are kept."""
    made = keys("create", "the ATS", "--scope", "submit", "--scope", "read", "--expires", "30")
    assert made.exit_code == 0, made.output
    key = parse_key(made.stdout.strip())
    assert key is not None
    assert "only time" in made.stderr
    listed = keys("list")
    assert key.id in listed.output
    assert "submit, read" in listed.output
    assert max(map(len, listed.output.splitlines())) <= 80
    (shown,) = json.loads(keys("list", "--json").output)
    assert (shown["name"], shown["scopes"], shown["tenant"]) == ("the ATS", ["submit", "read"], "default")
    assert key.secret not in listed.output + keys("list", "--json").output


def test_a_key_is_ended_by_its_id() -> None:
    """And is still listed, so that one can see that it is."""
    key = parse_key(keys("create", "old", "--scope", "read").stdout.strip())
    assert key is not None
    assert "opens nothing any more" in keys("revoke", key.id).output
    assert "revoked" in keys("list").output
    assert keys("revoke", key.id).exit_code != 0
    assert keys("revoke", "nothing").exit_code != 0


def test_mistakes_are_told() -> None:
    """No scope, no such scope, a tenant or a name that is none."""
    for arguments in (
        ("create", "x"),
        ("create", "x", "--scope", "everything"),
        ("create", "x", "--scope", "read", "--tenant", "No Tenant"),
        ("create", " ", "--scope", "read"),
        ("create", "a\nb", "--scope", "read"),
    ):
        assert keys(*arguments).exit_code != 0, arguments
    assert json.loads(keys("list", "--json").output) == []
