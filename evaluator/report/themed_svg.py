"""A matplotlib figure as SVG that takes its colours and its type from the page, and refers to nothing outside it.

Colours are drawn as stand-ins and become the page's tokens afterwards, so that one drawing serves both themes. The
same figure gives the same bytes: ids are salted with the plot's name and no date is written.
"""

from __future__ import annotations

import io
import re

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluator.report.visible_text import visible
from evaluator.report.wording import shortened

# Stand-ins: colours that nothing else draws with.
INK, SOFT, LINE, CARD, ACCENT = "#010203", "#010204", "#010205", "#010206", "#010207"
SERIES = ("#010210", "#010211", "#010212", "#010213", "#010214", "#010215")
_TOKENS = {
    INK: "--ink",
    SOFT: "--soft",
    LINE: "--line",
    CARD: "--card",
    ACCENT: "--accent",
    **{colour: f"--k{place}" for place, colour in enumerate(SERIES)},
}
_LONGEST_NAME = 34
_FONT = re.compile(r"font: (?P<weight>(?:\d+|bold) )?(?P<size>[\d.]+px) [^;\"]*")


def themed_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, without a ground of its own."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.patch.set_alpha(0)
    return figure


def plain_axes(axes: Axes) -> None:
    """Axes as this report draws them: no box, faint lines, soft labels."""
    axes.set_facecolor("none")
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(colors=SOFT, length=0, labelsize=9)
    axes.set_axisbelow(True)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(SOFT)
        label.set_fontsize(9)


def short_name(name: str) -> str:
    """A name as a drawing shows it: what hides is written out, no mathematics, not too long."""
    return shortened(visible(name).replace("$", r"\$"), _LONGEST_NAME)


def as_svg(figure: Figure, name: str, says: str) -> Markup:
    """The figure as an inline element; `says` is what it shows, for those who do not see it."""
    drawn = io.StringIO()
    with rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    svg = drawn.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r'\s+xmlns(?::\w+)?="[^"]*"', "", svg).replace("xlink:href", "href")
    # Each plot keeps its ids to itself: several stand in one page.
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'href="#', f'href="#{name}-', svg).replace("url(#", f"url(#{name}-")
    for colour, token in _TOKENS.items():
        svg = svg.replace(colour, f"var({token})")
    svg = _FONT.sub(lambda found: f"font: {found['weight'] or ''}{found['size']} var(--sans)", svg)
    width = re.search(r'width="([\d.]+)pt"', svg)
    shown = f"max-width: {float(width[1]):.0f}pt" if width else ""
    svg = re.sub(r'<svg[^>]*?(viewBox="[^"]*")[^>]*>', rf'<svg \1 role="img" style="{shown}">', svg, count=1)
    title = Markup("<title>{}</title>").format(says)
    place = svg.index(">", svg.index("<svg")) + 1
    return Markup(svg[:place] + str(title) + svg[place:])  # noqa: S704 drawn here; what others wrote is escaped by matplotlib  # nosec B704
