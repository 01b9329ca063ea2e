"""One target under atheris, which looks for bytes that reach new code: `python -m tests.soak.fuzz NAME CORPUS -…`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["evaluator"]):
    from tests.fuzz_targets import TARGETS

if __name__ == "__main__":
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
