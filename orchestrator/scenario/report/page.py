"""What every page of ours is made of: the document, sections, tables, fields.

The page may load nothing, and says so to the browser: its policy refuses what a name from a user's
file might have brought in, even if something here forgot to escape it.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

import msgspec
from msgspec import Struct

from orchestrator.scenario.report.markup import EMPTY, Html, element, escape, join
from orchestrator.scenario.report.model import Environment

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_OUTCOMES: Final = {"passed": "good", "failed": "bad", "interrupted": "wait"}


_LEAST_BAR: Final = 3  # percent of a cell


class Section(Struct, frozen=True):
    """A part of the page with a heading; one without contents is not shown."""

    title: str
    contents: Html
    note: str = ""


def document(title: str, head: Html, sections: Iterable[Section]) -> str:
    """The whole page."""
    shown = [section for section in sections if section.contents]
    links = [element("a", s.title, href=f"#{anchor(s.title)}") for s in shown]
    body = element(
        "body",
        element("header", head, element("nav", join(links, " "))),
        element("main", *(_section(section) for section in shown)),
    )
    page = element("html", _head(title), "\n", body, lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


def anchor(title: str) -> str:
    """A section's place in the page's address."""
    return "".join(c if c.isalnum() else "-" for c in title.lower())


def pictures(parts: Iterable[Html]) -> Html:
    """Pictures side by side, or one below the other where it is narrow."""
    shown = [part for part in parts if part]
    return element("div", *shown, class_="pictures") if shown else EMPTY


MACHINE_CLOCK: Final = "By this machine's clock, which says what it cost"
"""What folds away the pictures that are of a machine and not of a cluster."""


def folded(summary: str, contents: Html) -> Html:
    """What is there for those who want it, behind a line to unfold it."""
    return element("details", element("summary", summary), contents) if contents else EMPTY


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, names: int = 1) -> Html:
    """A table whose first `names` columns are text and the others numbers; EMPTY without rows."""
    body = [element("tr", *(_cell(cell, i < names) for i, cell in enumerate(row))) for row in rows]
    if not body:
        return EMPTY
    head = element(
        "tr",
        *(element("th", h, class_=None if i < names else "number") for i, h in enumerate(headings)),
    )
    whole = element("table", element("thead", head), "\n", element("tbody", join(body, "\n")))
    return element("div", whole, class_="table")


def bar(share: float, text: str) -> Html:
    """A number with a line below it, as long as its share of the whole if that can be seen."""
    width = min(max(share, 0.0), 1.0) * 100
    if width < _LEAST_BAR:
        return escape(text)
    return join([text, element("span", class_="bar", style=f"width:{width:.1f}%")])


def fields(rows: Iterable[tuple[str, str]]) -> Html:
    """Names and what they are, a line each."""
    body = [
        element("tr", element("th", name), element("td", value, class_="prose"))
        for name, value in rows
    ]
    whole = element("table", element("tbody", join(body, "\n")))
    return element("div", whole, class_="table") if body else EMPTY


def heading(name: str, description: str, outcome: str) -> Html:
    """What was run, and how it ended."""
    return join(
        [
            element("h1", name),
            element("p", description) if description else EMPTY,
            element("p", outcome, class_=f"outcome {_OUTCOMES.get(outcome, '')}".strip()),
        ]
    )


def headline(figures: Iterable[tuple[str, str, str]]) -> Html:
    """The few numbers that people quote: (name, number, what to know about it)."""
    tiles = [
        element(
            "div",
            element("dt", name),
            element("dd", value, element("small", note) if note else EMPTY),
        )
        for name, value, note in figures
    ]
    return element("dl", *tiles, class_="figures")


def parameters(values: Mapping[str, Any]) -> str:
    """`nodes=100, zones=["a"]`."""
    return ", ".join(f"{name}={plain_value(value)}" for name, value in values.items())


def plain_value(value: Any) -> str:
    """A parameter as a file would say it."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def environment(where: Environment) -> list[tuple[str, str]]:
    """Where a run took place, as fields."""
    packages = ", ".join(f"{name} {version}" for name, version in where.packages.items())
    machine = f"{where.machine}, {where.cpus} CPU{'' if where.cpus == 1 else 's'}"
    return [
        ("Python", where.python),
        ("System", where.system),
        ("Machine", machine),
        ("Packages", packages),
    ]


def _section(section: Section) -> Html:
    note = element("p", section.note, class_="note") if section.note else EMPTY
    return element(
        "section",
        element("h2", section.title, id=anchor(section.title)),
        note,
        section.contents,
        "\n",
    )


def _cell(text: str, name: bool) -> Html:
    return element("td", text, class_=None if name else "number")


def _head(title: str) -> Html:
    style = files("orchestrator.scenario.report").joinpath("style.css").read_text("utf-8")
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("title", title),
        element("style", Html(style)),
    )
