"""What happens when I run kubectl: everything that followed from one object's creation, drawn.

`story.py` reads it off the causal trace, `lanes.py` folds it into a sequence of arrows, `sequence.py`
and `timeline.py` draw, `page.py` is the page, `text.py` the terminal's form. All are pure functions.
"""

from actors import Trace
from orchestrator.scenario.causes.page import render
from orchestrator.scenario.causes.story import CausesError, ObjectName, find_story, parse_object
from orchestrator.scenario.causes.text import story_text


def draw_causes(trace: Trace, wanted: ObjectName) -> str:
    """One self-contained HTML page. Raises CausesError."""
    return render(find_story(trace, wanted))


def describe(trace: Trace, wanted: ObjectName) -> str:
    """The same as text for a terminal. Raises CausesError."""
    return story_text(find_story(trace, wanted))


__all__ = ["CausesError", "ObjectName", "describe", "draw_causes", "parse_object"]
