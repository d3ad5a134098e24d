"""Kubernetes' back-off between restarts of a container (CrashLoopBackOff).

The first restart is immediate; each further one waits twice as long, from 10 s up to 300 s, counted
from the container's end. A container that ran for twice the maximum, as in client-go's flowcontrol.Backoff, starts
over: for ten minutes.
"""

from typing import Final

INITIAL_SECONDS: Final = 10.0
MAX_SECONDS: Final = 300.0


def next_delay(delay: float | None, ran_seconds: float, most_seconds: float = MAX_SECONDS) -> float:
    """The delay before the coming restart, given the previous one (None: there was none). A node may have a shorter
    maximum, `most_seconds`, than the usual one.
    """
    if delay is None or ran_seconds >= 2 * most_seconds:
        return 0.0
    return min(INITIAL_SECONDS if delay == 0.0 else delay * 2, most_seconds)


def format_delay(seconds: float) -> str:
    """The delay as Go prints a duration: `10s`, `2m40s`, `5m0s`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
