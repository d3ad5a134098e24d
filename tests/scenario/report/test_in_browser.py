"""The pages that the project draws, as a browser shows them on a phone, a screen and paper."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import pytest

from tests.scenario.report.browser import Browser, Page, chromium

PAGES: Final = ("run", "causes", "comparison", "sweep")
PHONE: Final = 390
SCREEN: Final = 1280
PAPER: Final = 703  # A4 in CSS pixels, without the margins that the style sheet gives it
AA: Final = 4.5  # the contrast that WCAG 2 asks of text

each_page = pytest.mark.parametrize("name", PAGES)

WIDER_THAN_THE_PAGE = """
[...document.querySelectorAll("body *")]
  .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(e => `${e.tagName} ${e.className.baseVal ?? e.className} ${e.textContent.slice(0, 40)}`)
"""

# Letters' boxes are taller than letters, so they may touch by a third. Layers that are not shown
# (a folded <details>) have no boxes.
LABELS_IN_EACH_OTHERS_WAY = """
(() => {
  const found = [];
  for (const svg of document.querySelectorAll("svg")) {
    const frame = svg.getBoundingClientRect();
    const labels = [...svg.querySelectorAll("text")]
      .map(e => [e.textContent.trim(), e.getBoundingClientRect()])
      .filter(([text, box]) => text && box.width);
    const what = svg.getAttribute("aria-label");
    labels.forEach(([text, a], i) => {
      if (a.left < frame.left - 1 || a.right > frame.right + 1 ||
          a.top < frame.top - 2 || a.bottom > frame.bottom + 2)
        found.push(`${what}: "${text}" leaves its picture`);
      for (const [other, b] of labels.slice(i + 1)) {
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 1 && down > Math.min(a.height, b.height) / 3)
          found.push(`${what}: "${text}" and "${other}" overlap`);
      }
    });
  }
  return found;
})()
"""

# Of every text the contrast with what is behind it: the nearest background, or in a picture the
# shape drawn just before it.
FAINT_TEXTS = """
(() => {
  const channels = colour => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const opaque = colour => channels(colour).length === 3 || channels(colour)[3] > 0.99;
  const behind = element => {
    const shape = element.previousElementSibling;
    if (element.tagName === "text" && shape?.tagName === "rect") {
      const a = element.getBoundingClientRect(), b = shape.getBoundingClientRect();
      if (b.left <= a.left + 1 && a.right <= b.right + 1 && b.top <= a.top + 3)
        return getComputedStyle(shape).fill;
    }
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (opaque(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || !element.getClientRects().length || element.tagName === "title") continue;
    const style = getComputedStyle(element);
    const ink = element.closest("svg") ? style.fill : style.color;
    const [low, high] = [light(channels(ink)), light(channels(behind(element)))].sort((a, b) => a - b);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < LEAST)
      found.push(`${contrast.toFixed(1)} ${element.tagName} ${element.textContent.slice(0, 40)}`);
  }
  return found;
})()
"""


def _unfolded(page: Page) -> Page:
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    return page


def _fits(page: Page) -> None:
    width = page.evaluate("document.documentElement.scrollWidth")
    room = page.evaluate("document.documentElement.clientWidth")
    assert width <= room, page.evaluate(WIDER_THAN_THE_PAGE)


@each_page
def test_nothing_overflows_a_phone(browser: Browser, pages: Mapping[str, Path], name: str) -> None:
    """What is wider scrolls in a box of its own."""
    page = _unfolded(browser.open(pages[name], width=PHONE))
    assert page.evaluate("innerWidth") == PHONE
    _fits(page)


@each_page
def test_nothing_leaves_the_page_and_the_console_stays_empty(
    browser: Browser, pages: Mapping[str, Path], name: str
) -> None:
    """A page asks for itself alone, and for nothing that its policy then refuses."""
    page = browser.open(pages[name])
    asked = [url for url in page.requests if not url.startswith("data:")]
    assert asked == [pages[name].resolve().as_uri()]
    assert page.complaints == []


@each_page
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(
    browser: Browser, pages: Mapping[str, Path], name: str, scheme: Literal["light", "dark"]
) -> None:
    """In light and in dark, by the contrast that WCAG asks for; and the two differ."""
    page = _unfolded(browser.open(pages[name], scheme=scheme))
    assert page.evaluate(FAINT_TEXTS.replace("LEAST", str(AA))) == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    darkness = sum(int(part) for part in ground.removeprefix("rgb(")[:-1].split(",")) / 3
    assert (darkness < 128) == (scheme == "dark")


@each_page
@pytest.mark.parametrize("width", [PHONE, SCREEN])
def test_no_label_stands_in_anothers_way(
    browser: Browser, pages: Mapping[str, Path], name: str, width: int
) -> None:
    """Nor outside of its picture, where it would be cut."""
    page = browser.open(pages[name], width=width)
    assert page.evaluate(LABELS_IN_EACH_OTHERS_WAY) == []


@each_page
def test_a_page_can_be_printed(browser: Browser, pages: Mapping[str, Path], name: str) -> None:
    """To PDF, folded tables included; nothing is wider than the paper, where no box scrolls."""
    page = browser.open(pages[name], width=PAPER, media="print")
    _fits(page)
    assert page.pdf().startswith(b"%PDF-")


@each_page
def test_links_lead_to_what_is_there(
    browser: Browser, pages: Mapping[str, Path], name: str
) -> None:
    """To sections of the page; a sweep's to its runs' pages, too."""
    page = browser.open(pages[name])
    targets = page.evaluate(
        "[...document.querySelectorAll('a')].map(e => e.getAttribute('href'))"
        ".filter(href => href.startsWith('#') && !document.getElementById(href.slice(1)))"
    )
    assert targets == []


def test_what_is_folded_unfolds_at_a_click(browser: Browser, pages: Mapping[str, Path]) -> None:
    page = browser.open(pages["run"])
    place: dict[str, Any] = page.evaluate(
        "(() => { const summary = document.querySelector('summary'); summary.scrollIntoView();"
        " const box = summary.getBoundingClientRect();"
        " return {x: box.left + 9, y: box.top + box.height / 2}; })()"
    )
    folded = "document.querySelector('details').open"
    assert page.evaluate(folded) is False
    page.click(**place)
    assert page.evaluate(folded) is True


def test_shapes_say_what_they_are_when_pointed_at(
    browser: Browser, pages: Mapping[str, Path]
) -> None:
    """In the diagrams of causes, where labels are cut."""
    page = browser.open(pages["causes"])
    names = page.evaluate("[...document.querySelectorAll('svg title')].map(e => e.textContent)")
    assert any("Deployment web" in each for each in names)
    assert all(names)


def test_without_a_browser_the_tests_say_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They must not pass by not looking."""
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LookupError, match="install Debian's chromium"):
        chromium()
    monkeypatch.setenv("CHROMIUM", os.fspath(tmp_path / "absent"))
    with pytest.raises(LookupError, match="absent"):
        chromium()
