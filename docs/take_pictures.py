"""Takes the picture of a report that the README shows: `python docs/take_pictures.py REPORT.html OUT.png`.

Needs the Python packages playwright and pillow, and the Debian package chromium (or another Chromium in --browser).
"""

from __future__ import annotations

import argparse
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import FloatRect, Page, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def main() -> None:
    """Draws the top of the report, down to the end of the first answer if it fits."""
    asked = _arguments()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked.browser, args=list(FLAGS))
        page = browser.new_page(
            viewport={"width": asked.width, "height": 900}, color_scheme=asked.theme, reduced_motion="reduce"
        )
        page.goto(asked.report.resolve().as_uri())
        height = asked.height or _end_of_first_answer(page)
        clip: FloatRect = {"x": 0, "y": 0, "width": asked.width, "height": height}
        drawn = page.screenshot(clip=clip, full_page=True)
        browser.close()
    # 256 colours are enough for a page of text and make the file a third of the size.
    Image.open(BytesIO(drawn)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(asked.out, optimize=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, default=1200)
    parser.add_argument("--height", type=int, help="pixels; without it, to the end of the first answer, at most 2000")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--browser", default="/usr/bin/chromium")
    return parser.parse_args()


def _end_of_first_answer(page: Page) -> int:
    box = page.locator("article.answer").first.bounding_box()
    return 1600 if box is None else min(2000, round(box["y"] + box["height"] + 24))


if __name__ == "__main__":
    main()
