"""Each reader of foreign bytes for a while under a fuzzer that is led by coverage, within bounds of time and memory."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.fuzz_targets import SEEDS, TARGETS

pytestmark = pytest.mark.soak
SECONDS = 20
SLOWEST = 10  # seconds for one input of at most 20,000 bytes
MOST_MEGABYTES = 1_500


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris has no wheel here; tests/test_fuzz_targets.py ran")
@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_make_a_reader_fall_over(name: str, tmp_path: Path) -> None:
    """No foreign exception, no input that takes seconds, no memory without end."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(SEEDS.get(name, ())):
        (corpus / str(number)).write_bytes(seed)
    bounds = (f"-max_total_time={SECONDS}", f"-timeout={SLOWEST}", f"-rss_limit_mb={MOST_MEGABYTES}", "-max_len=20000")
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak.fuzz", name, str(corpus), f"-artifact_prefix={tmp_path}/", *bounds],
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS * 10 + 120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
