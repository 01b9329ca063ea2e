"""Settings: from the environment and a file, checked with every mistake at once, and never a secret shown."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from evaluator.settings_table import SETTINGS, place_of_key, place_of_variable
from tests.cli.grading_command import evaluator

ROOT = Path(__file__).parent.parent.parent
SECRET = "geheim-4711"

WRONG_FILE = f"""\
stor = "s.sqlite3"
encryption_key_file = "nowhere"

[worker]
rpm = "{SECRET}"
samples = 26

[ats.ashby.tenants.acme]
secrets = ["{SECRET}1", "{SECRET}2", "{SECRET}3"]

[ats.levr.tenants.acme]
api_key_file = "{SECRET}"

[webhooks]
urls = ["ftp://{SECRET}.example.com"]
private = "perhaps"
"""


def test_the_page_is_what_the_program_reads() -> None:
    """Where it is not: python docs/write_settings.py"""
    written = runpy.run_path(str(ROOT / "docs" / "write_settings.py"))["page"]()
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == written


def test_every_name_that_code_or_documents_use_is_in_the_table() -> None:
    """And the other way round: every setting of the table is read by the program."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "evaluator").rglob("*.py"))
    documents = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")])
    used = set(re.findall(r"\bEVALUATOR_[A-Z_]+[A-Z]\b", code + documents))
    parts = {"EVALUATOR_STANDARD_WEBHOOKS"}
    assert [name for name in sorted(used - parts) if place_of_variable(name) is None] == []
    reading = (ROOT / "evaluator" / "settings.py").read_text(encoding="utf-8")
    for setting in SETTINGS:
        is_read = setting.name in reading or "<SOURCE>" in setting.name or setting.name == "EVALUATOR_SETTINGS"
        assert is_read, setting.name


def test_a_name_in_the_environment_and_its_key_in_a_file_are_one_setting() -> None:
    """With tenants, sources, and files that hold the secret."""
    pairs = {
        "ats.ashby.tenants.acme.secrets": "EVALUATOR_ASHBY_SECRETS__ACME",
        "ats.greenhouse.api_key": "EVALUATOR_GREENHOUSE_API_KEY",
        "webhooks.tenants.acme.urls": "EVALUATOR_WEBHOOK_URLS__ACME",
        "public_url": "EVALUATOR_PUBLIC_URL",
    }
    for key, name in pairs.items():
        assert place_of_key(key) == place_of_variable(name), key
    by_file = place_of_variable("EVALUATOR_ASHBY_SECRETS_FILE__ACME")
    assert by_file == place_of_key("ats.ashby.tenants.acme.secrets_file")
    assert by_file is not None
    assert by_file.name == "EVALUATOR_ASHBY_SECRETS__ACME"
    assert place_of_variable("EVALUATOR_PUBLIC_URL_FILE") is None


@pytest.mark.parametrize("command", [("settings", "check"), ("worker",), ("serve", "--port", "0")])
def test_all_mistakes_are_said_at_once_and_no_secret(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Where each is, what is wrong, what was meant; what was written there is not repeated."""
    (tmp_path / "settings.toml").write_text(WRONG_FILE, encoding="utf-8")
    done = evaluator(
        *command,
        cwd=tmp_path,
        EVALUATOR_SETTINGS="settings.toml",
        EVALUATOR_CONCURENCY="3",
        EVALUATOR_CANARY=SECRET,
        EVALUATOR_GREENHOSE_SECRETS__ACME=SECRET,
        EVALUATOR_STANDARD_SECRETS=f"whsec_{SECRET}",
    )
    assert done.returncode == 2
    for said in (
        "settings.toml: stor: there is no such setting; is store meant?",
        "settings.toml: encryption_key_file: the file nowhere cannot be read: No such file or directory",
        "settings.toml: worker.rpm: has to be a number from 1 to ",
        "settings.toml: worker.samples: has to be a whole number from 1 to 25",
        "settings.toml: webhooks.private: has to be true or false",
        "settings.toml: webhooks.urls: has to be an address such as https://HOST[:PORT]",
        "EVALUATOR_CONCURENCY: there is no such setting; is EVALUATOR_CONCURRENCY meant?",
        "EVALUATOR_GREENHOSE_SECRETS__ACME: there is no such setting; is EVALUATOR_GREENHOUSE_SECRETS__ACME meant?",
        "settings.toml: ats.levr.tenants.acme.api_key_file: there is no such setting; "
        "is ats.lever.tenants.acme.api_key_file meant?",
        "EVALUATOR_ASHBY_SECRETS__ACME: 3 secrets; two may be live while they are changed",
        "EVALUATOR_STANDARD_SECRETS: a Standard Webhooks secret is whsec_ followed by base64",
        "docs/settings.md has the table",
    ):
        assert said in done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_a_file_that_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    """And a file that is not there."""
    (tmp_path / "settings.toml").write_text(f'store = "a"\nworker = [{SECRET}\n', encoding="utf-8")
    done = evaluator("settings", "check", cwd=tmp_path, EVALUATOR_SETTINGS="settings.toml", EVALUATOR_STORE="")
    assert done.returncode == 2
    assert "settings.toml: is not TOML:" in done.stderr
    assert "line 2" in done.stderr
    assert SECRET not in done.stderr
    done = evaluator("status", cwd=tmp_path, EVALUATOR_SETTINGS="nowhere.toml")
    assert done.returncode == 2
    assert "EVALUATOR_SETTINGS: the file nowhere.toml cannot be read" in done.stderr


def test_what_is_set_is_shown_with_where_it_comes_from(tmp_path: Path) -> None:
    """The environment comes before the file; a value before a file with one; secrets and passwords stay hidden."""
    (tmp_path / "key").write_text(f"{SECRET}\n", encoding="utf-8")
    (tmp_path / "settings.toml").write_text(
        f'store = "postgresql://u:{SECRET}@db.example.com/e"\n'
        'public_url = "https://a.example.com"\n[worker]\nconcurrency = 7\n[openai]\napi_key_file = "key"\n',
        encoding="utf-8",
    )
    done = evaluator(
        "settings", "show", cwd=tmp_path, EVALUATOR_SETTINGS="settings.toml", EVALUATOR_CONCURRENCY="8",
        EVALUATOR_METRICS_TOKEN_FILE="key", EVALUATOR_DRAIN=" ", EVALUATOR_STORE="",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()

    def said(name: str) -> list[str]:
        at = next(number for number, line in enumerate(lines) if line.startswith(f"{name} = "))
        return [lines[at].partition(" = ")[2], lines[at + 1].strip()]

    assert said("EVALUATOR_CONCURRENCY") == ["8", "from the environment"]
    assert said("EVALUATOR_PUBLIC_URL") == ["https://a.example.com", "from settings.toml: public_url"]
    assert said("OPENAI_API_KEY") == ["(set, and not shown)", "from settings.toml: openai.api_key_file"]
    assert said("EVALUATOR_METRICS_TOKEN")[1] == "from a file that EVALUATOR_METRICS_TOKEN_FILE names"
    assert said("EVALUATOR_STORE")[0] == "postgresql+psycopg://u:***@db.example.com/e"
    assert "EVALUATOR_DRAIN" not in done.stdout
    assert SECRET not in done.stdout
    done = evaluator("settings", "check", cwd=tmp_path, EVALUATOR_SETTINGS="settings.toml", EVALUATOR_STORE="")
    assert done.stdout == "5 settings, no mistakes.\n"
    assert "others on this machine may read settings.toml" in done.stderr


def test_a_store_of_the_file_is_the_store_of_commands(tmp_path: Path) -> None:
    """Without --store; with it, that one."""
    (tmp_path / "settings.toml").write_text('store = "mine.sqlite3"\n', encoding="utf-8")
    evaluator("status", cwd=tmp_path, EVALUATOR_SETTINGS="settings.toml", EVALUATOR_STORE="")
    assert (tmp_path / "mine.sqlite3").exists()
    evaluator(
        "status", "--store", "other.sqlite3", cwd=tmp_path, EVALUATOR_SETTINGS="settings.toml", EVALUATOR_STORE=""
    )
    assert (tmp_path / "other.sqlite3").exists()


def test_a_home_of_nobody_is_a_path_that_is_not_there(tmp_path: Path) -> None:
    """In every kind of setting that is a path, and in the one that names the file: a sentence, never a traceback."""
    nowhere = "~nobody-of-that-name/there"
    environment = {
        "EVALUATOR_CACHE": nowhere,
        "EVALUATOR_ATS_MAPS": nowhere,
        "EVALUATOR_TLS_CERT": nowhere,
        "EVALUATOR_RETENTION_POLICY": nowhere,
        "EVALUATOR_ENCRYPTION_KEY_FILE": nowhere,
    }
    for given in (environment, {"EVALUATOR_SETTINGS": nowhere}):
        checked = evaluator("settings", "check", cwd=tmp_path, **given)
        assert checked.returncode == 2
        assert nowhere in checked.stderr or "has to be a f" in checked.stderr
        assert "Traceback" not in checked.stderr
