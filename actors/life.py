"""Where an actor stands between its start and its end."""

from enum import IntEnum


class Life(IntEnum):
    """Where a cell stands."""

    STARTING = 0
    RUNNING = 1
    PAUSED = 2  # it would run, were it not told to handle nothing
    SUSPENDED = 3  # an async handler or hook is under way
    FAILED = 4  # the incarnation is broken: its restart or its end is waited for
    STOPPING = 5
    STOPPED = 6
