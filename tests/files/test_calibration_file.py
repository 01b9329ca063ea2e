"""The calibration's file: read back as it was written, and every mistake in it named by its key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evaluator import Calibration, load_calibration
from evaluator.errors import CalibrationError, OutputError
from evaluator.files.calibration_file import write_calibration
from tests.run.calibration_case import KnownRater, fitted, labelled_set, noisy


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    says, consensus = noisy(80, seed=3)
    return fitted(labelled_set(consensus), KnownRater(says))


def test_it_is_read_back_as_it_was_written_and_never_overwritten(calibration, tmp_path: Path) -> None:
    """The same record and the same name (hash)."""
    path = tmp_path / "new folder" / "june.json"
    write_calibration(path, calibration)
    again = load_calibration(path)
    assert (again, again.sha256) == (calibration, calibration.sha256)
    with pytest.raises(OutputError, match="is there already"):
        write_calibration(path, calibration)


def test_no_answer_stands_in_it_unless_a_prompt_shows_it(calibration) -> None:
    """Without examples the file holds fingerprints, not what candidates wrote."""
    assert calibration.examples == ()
    assert "a007w3" not in calibration.model_dump_json()


def _without(data: dict[str, Any], *path: str) -> None:
    for part in path[:-1]:
        data = data[part]
    del data[path[-1]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(format="another"), "format: Input should be 'screening-answer-calibration'"),
        (lambda d: d.update(more=1), "more: unknown key"),
        (lambda d: _without(d, "fitted_for", "rubric_sha256"), "fitted_for.rubric_sha256: is missing"),
        (lambda d: d["standing"].update(threshold=None), "write a threshold, or the reason why there is none"),
        (lambda d: d["standing"].update(risk=0), "standing.risk: Input should be greater than 0"),
        (
            lambda d: d["maps"]["by_criterion"]["right"]["knots"].reverse(),
            "maps.by_criterion.right: Value error, the knots must go up",
        ),
        (lambda d: d["fitted_on"]["items"][0].update(sha256="abc"), "fitted_on.items[0].sha256"),
    ],
)
def test_a_mistake_is_named_by_its_key(calibration, tmp_path: Path, change, said: str) -> None:
    """With the file and what to do."""
    data = json.loads(calibration.model_dump_json())
    data["standing"] |= {"threshold": 0.9, "reason": None}
    change(data)
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(CalibrationError) as caught:
        load_calibration(path)
    assert said in str(caught.value)
    assert "broken.json" in str(caught.value)
    assert "evaluator calibrate" in str(caught.value)


@pytest.mark.parametrize("text", [None, "", "not JSON", "[]"])
def test_what_is_no_calibration_is_said_to_be_none(tmp_path: Path, text: str | None) -> None:
    """A missing file, an empty one, another format."""
    path = tmp_path / "other.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(CalibrationError, match=r"is no calibration|cannot be read"):
        load_calibration(path)
