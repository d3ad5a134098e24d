"""Pages are drawn while somebody wants them."""

import threading

import pytest

from orchestrator.scenario.report.drawing import draw_while


def test_a_page_that_is_wanted_is_drawn() -> None:
    """It is what the drawing answers."""
    assert draw_while(lambda: True, lambda: "page") == "page"


def test_nothing_is_drawn_after_an_interruption() -> None:
    """Not even begun."""

    def render() -> str:
        pytest.fail("it was drawn")

    assert draw_while(lambda: False, render) is None


def test_a_drawing_that_is_interrupted_is_not_waited_for() -> None:
    """The answer comes while it is still at its work."""
    begun, let_go = threading.Event(), threading.Event()

    def render() -> str:
        begun.set()
        let_go.wait(60)
        return "page"

    try:
        assert draw_while(lambda: not begun.is_set(), render) is None
        assert not let_go.is_set()
    finally:
        let_go.set()


def test_what_the_drawing_raises_is_raised() -> None:
    """As if it had been called."""

    def render() -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        draw_while(lambda: True, render)
