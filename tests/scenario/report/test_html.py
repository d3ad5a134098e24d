"""The page of a run: whole, safe, small, the same each time."""

import hashlib
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings

from orchestrator.scenario.measures.figures import (
    Checkpoint,
    HeatMap,
    ResourceUse,
    Series,
    StepRecord,
)
from orchestrator.scenario.report.html import render
from orchestrator.scenario.report.model import Failure, Report
from orchestrator.scenario.report.sweep_page import render_sweep
from tests.scenario.report import reports
from tests.scenario.report.anything import any_report

SCRIPT = '</text></svg><script>alert("$1")</script>'
DOCUMENT = "html head meta link title style body header nav main section"
TEXT = (
    "h1 h2 h3 p a b i span small div dl dt dd table thead tbody tr th td pre code details summary"
)
PICTURE = "figure figcaption svg g path text use defs clippath rect image tspan"
ALLOWED = frozenset(f"{DOCUMENT} {TEXT} {PICTURE}".split())


class Seen(HTMLParser):
    """The elements and identifiers of a page, and whether all that it opens is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.outside: list[str] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in ("meta", "link", "br"):
            self._open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), name
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href") and not (value or "").startswith(
                ("#", "data:", "./")
            ):
                self.outside.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in ("meta", "link", "br"):
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def page() -> str:
    return render(reports.report())


def test_a_page_is_one_small_file_that_asks_for_nothing_else(page: str) -> None:
    """512 samples and three heat maps of 100 by 200 stay below 1.5 MB."""
    seen = Seen(page)
    assert seen.tags <= ALLOWED
    assert seen.outside == []
    assert "@import" not in page
    assert len(page.encode()) < 1_500_000


def test_no_two_things_of_a_page_have_one_identifier(page: str) -> None:
    """Pictures refer to shapes by identifier; another picture's would be drawn instead."""
    ids = Seen(page).ids
    assert len(ids) == len(set(ids))
    assert {*re.findall(r'xlink:href="#([^"]+)"', page)} <= set(ids)
    assert {*re.findall(r"url\(#([^)]+)\)", page)} <= set(ids)


def test_a_page_tells_the_whole_report(page: str) -> None:
    text = " ".join(Seen(page).texts)
    report = reports.report()
    for told in (
        report.digest,
        report.command,
        report.text,
        "29,400",
        "nvidia.com/gpu",
        "drain node",
    ):
        assert told in text


def test_equal_reports_give_equal_pages_in_another_process(page: str) -> None:
    program = (
        "import hashlib; from tests.scenario.report import reports;"
        "from orchestrator.scenario.report.html import render;"
        "print(hashlib.sha256(render(reports.report()).encode()).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == hashlib.sha256(page.encode()).hexdigest()


def test_an_interrupted_run_has_a_page() -> None:
    page = render(reports.empty())
    assert "interrupted" in page
    assert "<figure" not in page


def test_names_from_files_are_text_wherever_they_stand() -> None:
    run = reports.report(
        scenario=SCRIPT,
        description=SCRIPT,
        text=SCRIPT,
        command=SCRIPT,
        parameters={SCRIPT: SCRIPT},
        failure=Failure(SCRIPT, SCRIPT),
        writes={SCRIPT: 1},
        steps=(StepRecord(name=SCRIPT, virtual_begin=0, virtual_end=1, wall_begin=0, wall_end=1),),
        checkpoints=(
            Checkpoint(name=SCRIPT, virtual_seconds=1, wall_seconds=1, measures={SCRIPT: 1}),
        ),
        heat_maps=(
            HeatMap(
                resource=SCRIPT,
                rows=(SCRIPT,),
                virtual_seconds=(0, 1),
                wall_seconds=(0, 1),
                values=((0, 1),),
            ),
        ),
        resources=(
            ResourceUse(
                group=SCRIPT,
                resource=SCRIPT,
                allocatable=1,
                requested_mean=1,
                requested_max=1,
                requested_end=1,
                fragmentation_mean=0,
                fragmentation_end=0,
            ),
        ),
        series=Series(
            virtual_seconds=(0, 1),
            wall_seconds=(0, 1),
            columns={f"requested/{SCRIPT}/{SCRIPT}": (0, 1), f"queue/{SCRIPT}": (0, 1)},
        ),
    )
    assert Seen(render(run)).tags <= ALLOWED


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_report())
def test_any_report_has_a_page(report: Report) -> None:
    """Whatever the numbers and names: it is drawn, and nothing in it is markup of theirs."""
    seen = Seen(render(report))
    assert seen.tags <= ALLOWED
    assert seen.outside == []


def test_a_sweep_links_to_its_runs() -> None:
    page = render_sweep(reports.sweep())
    assert Seen(page).tags <= ALLOWED
    assert 'href="./nodes%3D100/seed%3D2/report.html"' in page
    assert "the process ended with signal 9" in page
