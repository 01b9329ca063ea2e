"""What deploy/ holds fits the program: commands, settings, ports and paths exist, and the units run as they stand."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from evaluator.cli import _COMMANDS
from evaluator.settings_table import SETTINGS, place_of_key, place_of_variable
from tests.storm.fleet import free_port

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
DRAIN = float(next(each.default for each in SETTINGS if each.name == "EVALUATOR_DRAIN") or 0)
PORT = next(each.default for each in SETTINGS if each.name == "EVALUATOR_PORT")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def unit(path: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path, encoding="utf-8")
    return parser["Service"]


def environment_of(path: Path) -> dict[str, str]:
    return dict(each.split("=", 1) for each in shlex.split(unit(path)["Environment"]))


def leaves(table: dict[str, Any], before: str = "") -> list[str]:
    return [
        key
        for name, value in table.items()
        for key in (leaves(value, f"{before}{name}.") if isinstance(value, dict) else [f"{before}{name}"])
    ]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_names_what_there_is(path: Path) -> None:
    """A command, settings, and time enough to drain."""
    service = unit(path)
    program, command = service["ExecStart"].split()
    assert program == "/opt/evaluator/bin/evaluator"
    assert command in _COMMANDS
    assert service["KillSignal"] == "SIGTERM"
    assert float(service["TimeoutStopSec"]) > (DRAIN if command == "worker" else 10)
    assert all(place_of_variable(name) for name in environment_of(path) if name.startswith("EVALUATOR_"))
    assert service["User"] != "root"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_understands_a_unit(path: Path, tmp_path: Path) -> None:
    """With a program that is here in place of the installed one."""
    copied = tmp_path / path.name
    copied.write_text(path.read_text(encoding="utf-8").replace("/opt/evaluator/bin/evaluator", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(copied)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_works_and_ends(path: Path, tmp_path: Path) -> None:
    """Its command and environment, with the shipped settings file but for the place of its files; then its signal."""
    settings = (DEPLOY / "settings.toml").read_text(encoding="utf-8")
    settings = settings.replace("/var/lib/evaluator", str(tmp_path)).replace("/etc/evaluator", str(tmp_path))
    port = free_port()
    settings = settings.replace("[serve]", f"[serve]\nport = {port}").replace("openai:MODEL", "baseline")
    (tmp_path / "settings.toml").write_text(settings, encoding="utf-8")
    new_key = [sys.executable, "-m", "evaluator", "store", "new-key"]
    (tmp_path / "encryption_key").write_text(subprocess.check_output(new_key, text=True), encoding="utf-8")
    (tmp_path / "openai_key").write_text("sk-test\n", encoding="utf-8")
    given = {name: text.replace("/etc/evaluator", str(tmp_path)) for name, text in environment_of(path).items()}
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("EVALUATOR_", "OPENAI_"))}
    command = [sys.executable, "-m", "evaluator", *unit(path)["ExecStart"].split()[1:]]
    process = subprocess.Popen(command, env={**plain, **given}, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 240
        while not is_up(process, port):
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < until
            time.sleep(0.2)
        process.send_signal(signal.Signals[unit(path)["KillSignal"]])
        _, said = process.communicate(timeout=float(unit(path)["TimeoutStopSec"]) + 60)
        assert process.returncode == 0, said
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def is_up(process: subprocess.Popen[str], port: int) -> bool:
    if "worker" in process.args:
        assert process.stderr is not None
        return "worker started" in process.stderr.readline()
    try:
        return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).read() == b"ok")
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def test_the_settings_file_holds_settings() -> None:
    """Each key is one."""
    keys = leaves(tomllib.loads((DEPLOY / "settings.toml").read_text(encoding="utf-8")))
    assert [key for key in keys if place_of_key(key) is None] == []


def test_the_dockerfile_copies_what_is_there_and_runs_as_nobody_in_particular() -> None:
    """Sources, extras, constraints, the port, and where its health is asked."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.M)
        for source in line.split()[:-1]
    }  # fmt: skip
    assert all((ROOT / source).exists() for source in copied)
    built = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*built["packages"], *built["force-include"], project["project"]["readme"], "LICENSE"} <= copied
    extras = re.search(r"'\.\[(.+)\]'", DOCKERFILE)
    assert extras is not None
    assert set(extras[1].split(",")) <= project["project"]["optional-dependencies"].keys()
    assert "--constraint constraints.txt" in DOCKERFILE
    assert DOCKERFILE.rindex("\nUSER 10001") < DOCKERFILE.rindex("\nCMD")
    assert f"EXPOSE {PORT}" in DOCKERFILE
    assert f"127.0.0.1:{PORT}/healthz" in DOCKERFILE
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == copied


def test_the_compose_file_fits_the_program_and_itself() -> None:
    """Commands, settings, secrets, health, and time enough to drain."""
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    services = composed["services"]
    assert set(services) == {"web", "worker", "database"}
    for name in ("web", "worker"):
        service = services[name]
        assert service["command"][0] in _COMMANDS
        assert (ROOT / "deploy" / service["build"]["context"] / service["build"]["dockerfile"]).exists()
        for variable, value in service["environment"].items():
            place = place_of_variable(variable)
            assert place is not None, variable
            if place.is_file:
                assert value.removeprefix("/run/secrets/") in service["secrets"]
        assert service["depends_on"]["database"]["condition"] == "service_healthy"
    for service in services.values():
        assert set(service["secrets"]) <= set(composed["secrets"])
    assert "healthcheck" in services["database"]
    assert services["web"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert float(services["worker"]["stop_grace_period"].removesuffix("s")) > DRAIN
    gateway = composed["networks"]["default"]["ipam"]["config"][0]["gateway"]
    assert services["web"]["environment"]["EVALUATOR_PROXY_ADDRESSES"] == gateway
