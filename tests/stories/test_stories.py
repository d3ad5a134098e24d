"""The stories end as recorded that are not listed as not followed, and no others: the list can only shrink."""

import pytest

import actors
from tests.conformance.cases import not_followed
from tests.stories.player import play
from tests.stories.stories import NOT_FOLLOWED, Story, kinds, load

_STORIES = [story for kind in kinds() for story in load(kind)]
_SHOWN = 20


def test_the_list_names_stories_that_there_are() -> None:
    """Each once, with a reason."""
    listed = not_followed(NOT_FOLLOWED)
    assert set(listed) <= {story.name for story in _STORIES}
    assert all(listed.values())


@pytest.mark.parametrize("story", _STORIES, ids=lambda story: story.name)
def test_controllers_do_what_the_originals_did(story: Story) -> None:
    """After each step the same objects, statuses and events; one that is followed must leave the list."""
    found = actors.run(play, story)
    if story.name in not_followed(NOT_FOLLOWED):
        assert found, (
            f"is followed, take it out of the list: {story.name}; python -m tests.stories.record"
        )
    else:
        shown = "\n".join(map(str, found[:_SHOWN]))
        assert not found, f"{len(found)} differences:\n{shown}"
