"""The cases pass that are not listed as not followed, and no others: the list can only shrink."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.cases import areas, load, not_followed
from tests.conformance.player import play

_SHOWN = 20


def pytest_asyncio_loop_factories(config: Any, item: Any) -> Mapping[str, Callable[[], Any]]:
    """asyncio's own loop: sockets live in real time."""
    return {"real": asyncio.new_event_loop}


def test_the_list_names_cases_that_there_are() -> None:
    """Each once, with a reason."""
    names = {case.name for area in areas() for case in load(area)}
    listed = not_followed()
    assert set(listed) <= names
    assert all(listed.values())


@pytest.mark.parametrize("area", areas())
async def test_recorded_dialogues_are_answered_as_the_original_answers(
    area: str, tmp_path: Path
) -> None:
    """But for those that are listed; one that passes must leave the list."""
    listed = not_followed()
    found = await play(load(area), tmp_path, listed)
    failed = {name: each for name, each in found.items() if each and name not in listed}
    passed = [name for name, each in found.items() if not each and name in listed]
    shown = "\n".join(f"{name}: {each[0]}" for name, each in list(failed.items())[:_SHOWN])
    assert not failed, f"{len(failed)} cases of {area} differ:\n{shown}"
    assert not passed, (
        f"passes, take it out of the list: {passed}; python -m tests.conformance.record"
    )
