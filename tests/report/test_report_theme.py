"""The report's colours: readable in both themes, as WCAG 2 measures it."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

TEMPLATES = files("evaluator.report").joinpath("templates")
# Text on what it stands on.
PAIRS = [
    *((ink, paper) for ink in ("ink", "soft", "accent", "review", "alarm") for paper in ("paper", "card")),
    ("ink", "review-paper"), ("review", "review-paper"), ("alarm", "review-paper"), ("accent", "review-paper"),
    ("ink", "note-paper"), ("note", "note-paper"), ("alarm", "note-paper"),
    ("meets", "meets-paper"), ("below", "below-paper"), ("below", "card"), ("card", "ink"),
    *((f"k{number}", f"k{number}-paper") for number in range(6)),
    *((f"k{number}", "card") for number in range(6)),
    *(("ink", f"k{number}-paper") for number in range(6)),
    *(("alarm", f"k{number}-paper") for number in range(6)),
]  # fmt: skip


def tokens(theme: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", TEMPLATES.joinpath(f"{theme}.css").read_text("utf-8")))


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_its_ground(theme):
    """Every pair of text and ground that the page uses has a contrast of at least 4.5 (level AA)."""
    colours = tokens(theme)
    too_faint = {}
    for ink, paper in PAIRS:
        bright, dim = sorted((luminance(colours[ink]), luminance(colours[paper])), reverse=True)
        if (contrast := (bright + 0.05) / (dim + 0.05)) < 4.5:
            too_faint[ink, paper] = round(contrast, 2)
    assert too_faint == {}


def test_the_dark_theme_changes_every_colour():
    """No colour of the light theme is left in the dark one."""
    light, dark = tokens("light"), tokens("dark")
    assert light.keys() == dark.keys()
    assert [name for name in light if light[name] == dark[name]] == []
