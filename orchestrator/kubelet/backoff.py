"""Kubernetes' back-off between restarts of a container (CrashLoopBackOff).

The first restart is immediate; each further one waits twice as long, from 10 s up to 300 s, counted
from the container's end. A container that ran for ten minutes starts over.
"""

from typing import Final

INITIAL_SECONDS: Final = 10.0
MAX_SECONDS: Final = 300.0
RESET_AFTER_SECONDS: Final = 600.0  # twice the maximum, as in client-go's flowcontrol.Backoff


def next_delay(delay: float | None, ran_seconds: float) -> float:
    """The delay before the coming restart, given the previous one (None: there was none)."""
    if delay is None or ran_seconds >= RESET_AFTER_SECONDS:
        return 0.0
    return INITIAL_SECONDS if delay == 0.0 else min(delay * 2, MAX_SECONDS)


def format_delay(seconds: float) -> str:
    """The delay as Go prints a duration: `10s`, `2m40s`, `5m0s`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
