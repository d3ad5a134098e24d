"""What a proxy asks of a data plane."""

from typing import Protocol

from orchestrator.proxy.table import Table


class Plane(Protocol):
    """Carries connections to service addresses by the last table that it was given.

    `sync_seconds`: for so long changes are gathered before a table is made of them.
    """

    @property
    def sync_seconds(self) -> float:
        """How long a plane waits at least from one table to the next."""
        ...

    def sync(self, table: Table) -> None:
        """Make it so; answers at once, what takes time follows by itself."""
        ...

    def forget_idle(self, now: float) -> None:
        """Drop what is kept of clients that were not seen for long; `now` is of the monotonic clock."""
        ...

    def close(self) -> None:
        """End all that it carries, and take away what it has made."""
        ...
