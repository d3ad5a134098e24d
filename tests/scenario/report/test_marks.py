"""Lines in pictures over time."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.scenario import load, run_scenario
from orchestrator.scenario.report.html import render
from orchestrator.scenario.report.main_measures import telling
from orchestrator.scenario.report.model import Spread, SweepCell
from orchestrator.scenario.report.plots.marks import Mark, legend_of, marks_of, shown, spans
from tests.manifests import deployment
from tests.scenario.test_runner import scenario


def test_a_page_marks_steps_crashes_and_recoveries(tmp_path: Path) -> None:
    """In the moment at which the action began, by both clocks; and what is noise is behind a fold."""
    path = scenario(
        tmp_path,
        workloads=[{"objects": [deployment(replicas=4)]}],
        steps=[
            {"wait": {"podsReady": 4}},
            {"at": "1m", "crash": {"nodes": "node-1", "for": "2m"}},
            {"sleep": "3m"},
            {"crash": "/scheduler"},
            {"sleep": "1m"},
        ],
    )
    report = run_scenario(load(path))
    marks = {(m.kind, round(m.virtual_seconds, 3)) for m in marks_of(report)}
    begun = report.steps[1].virtual_begin
    assert {("step", round(begun, 3)), ("crash", round(begun, 3))} <= marks
    assert ("recovery", round(begun + 120, 3)) in marks
    assert [(each.kind, each.what) for each in report.moments] == [
        ("crash", "node-1"),
        ("recovery", "node-1"),
        ("crash", "/scheduler"),
    ]
    page = render(report)
    assert "</i>crash</span>" in page
    assert "</i>recovery</span>" in page
    assert "<details><summary>By this machine" in page


def test_marks_beyond_an_axis_are_not_drawn_and_many_are_thinned() -> None:
    """So that a storm of crashes leaves a picture to be seen."""
    marks = tuple(Mark("crash", float(second), 0.0) for second in range(1_000))
    inside = shown(marks, "virtual", 100.0, 899.0)
    assert 30 <= len(inside) <= 60
    assert all(100 <= mark.virtual_seconds <= 899 for mark in inside)
    assert [name for name, _, _ in legend_of(marks, "virtual", 0.0, 10.0)] == ["crash"]
    assert legend_of(marks, "wall", 1.0, 2.0) == []


@given(st.integers(0, 30), st.integers(0, 30))
def test_many_marks_do_not_cover_the_picture(crashes: int, recoveries: int) -> None:
    """Ten of a kind are lines through it; more of them are short, each kind in a row of its own."""
    marks = [Mark("crash", float(n), 0.0) for n in range(crashes)]
    marks += [Mark("recovery", n + 0.5, 0.0) for n in range(recoveries)]
    drawn = spans(marks)
    assert [mark for mark, _ in drawn] == marks
    rows: dict[str, set[tuple[float, float]]] = {}
    for mark, span in drawn:
        rows.setdefault(mark.kind, set()).add(span)
    for kind, number in (("crash", crashes), ("recovery", recoveries)):
        for low, high in rows.get(kind, ()):
            assert (low, high) == (0.0, 1.0) if number <= 10 else low >= 0.85
    if min(crashes, recoveries) > 10:
        (crash,), (recovery,) = rows["crash"], rows["recovery"]
        assert recovery[1] < crash[0] or crash[1] < recovery[0]


def test_what_is_expected_comes_first_even_if_it_is_the_same_everywhere() -> None:
    """Then the main measures that differ."""
    cells = [
        SweepCell(
            parameters={"n": n},
            runs=1,
            measures={
                "messages": Spread(mean=n, deviation=None, min=n, max=n),
                "recoverySeconds from a to b": Spread(mean=1, deviation=None, min=1, max=1),
            },
        )
        for n in (1, 2)
    ]
    expected = ("recoverySeconds from a to b", "podStartSecondsP99")
    assert telling(cells, expected) == {
        "recoverySeconds from a to b": "time to recover from a to b",
        "messages": "messages",
    }
