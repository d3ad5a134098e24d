"""The causal trace: for every message, which message caused it.

An entry is made when a message is handed to a mailbox. Its cause is the message that was being
handled then, or the one that set the timer, asked the request or began the task. So everything that
followed from one message can be read off, and drawn.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec import Struct

CAPACITY: Final = 200_000  # entries kept; the oldest go first


class TraceEntry(Struct, frozen=True, gc=False):
    """One message. `cause` is another entry's id, or 0: it came from outside the actors."""

    id: int
    cause: int
    at: float  # seconds of the clock
    sender: str  # a path; empty: from outside
    target: str
    message: str  # the name of its class
    kind: str  # tell, ask, reply, timer, watch
    about: Any = None  # what the trace's `describe` said of it


class Trace:
    """The entries of one system, in order.

    `describe` may be set to say what a message is about, in plain values: the messages themselves
    are not kept, or they would keep all that they point to.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.describe: Callable[[Any], Any] | None = None
        self._entries: deque[TraceEntry] = deque(maxlen=capacity)
        self._last = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[TraceEntry]:
        return iter(self._entries)

    @property
    def forgotten(self) -> int:
        """How many entries there were before the oldest one that is kept."""
        return self._last - len(self._entries)

    def note(self, cause: int, at: float, sender: str, target: str, message: Any, kind: str) -> int:
        """Add an entry for a message; answers its id."""
        self._last += 1
        about = self.describe(message) if self.describe is not None else None
        name = type(message).__name__
        self._entries.append(TraceEntry(self._last, cause, at, sender, target, name, kind, about))
        return self._last

    def find(self, message: str, *, target: str = "") -> TraceEntry | None:
        """The first message of a class, to one target if given."""
        for entry in self._entries:
            if entry.message == message and (not target or entry.target == target):
                return entry
        return None

    def follow(self, id_: int) -> list[TraceEntry]:
        """The entry and everything that it caused, in order."""
        caused = {id_}
        found = []
        for entry in self._entries:
            if entry.id == id_ or entry.cause in caused:
                caused.add(entry.id)
                found.append(entry)
        return found

    def mermaid(self, id_: int, *, most: int = 500) -> str:
        """What the entry caused as a Mermaid sequence diagram of at most so many arrows."""
        entries = self.follow(id_)
        names: dict[str, str] = {}
        for entry in entries[:most]:
            for path in (entry.sender, entry.target):
                names.setdefault(path, f"p{len(names)}")
        lines = ["sequenceDiagram"]
        lines += [f"    participant {n} as {p or 'outside'}" for p, n in names.items()]
        last = entries[0].at if entries else 0.0
        for entry in entries[:most]:
            if entry.at > last:
                lines.append(f"    note over {names[entry.target]}: +{entry.at - last:.3g} s")
                last = entry.at
            arrow = "-->>" if entry.kind == "reply" else "->>"
            label = f"{entry.message} (timer)" if entry.kind == "timer" else entry.message
            lines.append(f"    {names[entry.sender]}{arrow}{names[entry.target]}: {label}")
        if len(entries) > most:
            lines.append(f"    note over {names[entries[0].target]}: {len(entries) - most} more")
        return "\n".join(lines) + "\n"
