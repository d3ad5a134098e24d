"""From a painter to an SVG that stands in a page: the same bytes from the same data.

Text stays text (it can be searched, and the page's font applies), coordinates are rounded to what a
screen shows, and identifiers are numbered anew: matplotlib's repeat in every picture, and two
pictures of one page must not share any.
"""

import io
import re
import warnings
from collections.abc import Callable
from typing import Any, Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestrator.scenario.report.markup import Html, element, join
from orchestrator.scenario.report.plots.palette import INK, RULE

WIDTH: Final = (
    440  # an SVG unit is a pixel at this width; on a phone's 350 px letters are 10 px high
)
HEIGHT: Final = 205
_STYLE: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "orchestrator",
    "text.parse_math": False,  # a user's `$` is a dollar
    "axes.formatter.use_mathtext": False,
    "font.family": "sans-serif",
    "font.size": 12,
    "axes.titlesize": 12,
    "axes.labelsize": 12,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "ytick.major.size": 0,
    "text.color": INK,
    "lines.linewidth": 1.6,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
}
_TAG: Final = re.compile(r"<[^>]+>")  # what is between tags is the user's
_IDENTIFIER: Final = re.compile(r' id="([^"]*)"')
_REFERENCE: Final = re.compile(r'(url\(#|xlink:href="#)([^)"]+)')
_PATH: Final = re.compile(r' d="([^"]*)"')
_DECIMALS: Final = re.compile(r"(?<=\.\d)\d+")
_NO_GLYPH: Final = r"Glyph .* missing from|Matplotlib currently does not support"

Painter = Callable[[Axes], None]


def draw(paint: Painter, name: str, label: str, *, height: int = HEIGHT) -> Html:
    """The SVG that `paint` draws. `name` is unique in its page; `label` says what one would see."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        # The page's font shows it, whether or not the one that matplotlib measures with has it.
        warnings.filterwarnings("ignore", _NO_GLYPH, UserWarning)
        matplotlib.rcdefaults()  # not what a user's matplotlibrc says
        matplotlib.rcParams.update(_STYLE)
        figure = Figure(figsize=(WIDTH / 72, height / 72))
        paint(figure.add_subplot())
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None})
    return _embed(written.getvalue(), name, label, height)


def card(title: str, *contents: str, note: str = "") -> Html:
    """A picture in its frame: what it is, what to know about it, legend and drawing."""
    heading = [element("b", title)]
    if note:
        heading.append(element("span", note, class_="note"))
    return element("figure", element("figcaption", *heading), *contents)


def legend(entries: list[tuple[str, str, str]]) -> Html:
    """What each colour means: (name, colour, `solid`, `dashed`, `dotted` or `area`)."""
    keys = [
        element(
            "span",
            element(
                "i",
                style=f"background:{colour}"
                if line == "area"
                else f"border-top:2px {line} {colour}",
                class_="area" if line == "area" else "line",
            ),
            name,
        )
        for name, colour, line in entries
    ]
    return element("div", join(keys, " "), class_="legend")


def plain(text: str, width: int) -> str:
    """A user's text in one line of at most `width` letters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _embed(svg: str, name: str, label: str, height: int) -> Html:
    body = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", body, flags=re.DOTALL)
    ours: dict[str, str] = {}
    for _, theirs in _REFERENCE.findall(body):
        ours.setdefault(theirs, f"{name}-{len(ours)}")

    def renumbered(identifier: re.Match[str]) -> str:
        return f' id="{ours[identifier[1]]}"' if identifier[1] in ours else ""

    def tidied(tag: re.Match[str]) -> str:
        text = _REFERENCE.sub(lambda found: found[1] + ours[found[2]], tag[0])
        return _PATH.sub(_rounded, _IDENTIFIER.sub(renumbered, text))

    box = f"0 0 {WIDTH} {height}"
    return element("svg", Html(_TAG.sub(tidied, body)), viewBox=box, role="img", aria_label=label)


def _rounded(path: re.Match[str]) -> str:
    return f' d="{_DECIMALS.sub("", path[1])}"'.replace("\n", "")
