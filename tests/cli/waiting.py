"""Waiting for what another process does."""

import time
from collections.abc import Callable

import pytest


def until(reached: Callable[[], object]) -> None:
    """Return when it is so; half a minute is long enough on any machine."""
    for _ in range(600):
        if reached():
            return
        time.sleep(0.05)
    pytest.fail("that never came")
