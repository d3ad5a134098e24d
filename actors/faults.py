"""Faults of delivery: a plan that delays, drops, duplicates and reorders messages between actors, cuts
groups off from each other, and crashes or pauses actors, by time, by count or by seeded chance.

A plan is data, so that a scenario file can hold one. Faults happen between mailboxes: no component
knows of them. Paths are matched by shell patterns (`/nodes/*/kubelet`); a request and its reply are
two messages. Times are seconds since the system began.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Struct

from actors.clock import Clock
from actors.ref import Ref
from actors.timers import TimerQueue

FOREVER = float("inf")


class MessageFault(
    Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    tag_field="fault",
    tag="message",
):
    """What happens to messages from `sender` to `target` whose class is named `message`.

    `probability` is the chance for each; `skip` lets so many pass first, and `count` is the most
    that it happens to. A delayed message comes `seconds` later; a reordered one comes after the
    next message between the two (or after `seconds`).
    """

    action: Literal["delay", "drop", "duplicate", "reorder"]
    sender: str = "*"
    target: str = "*"
    message: str = "*"
    probability: float = 1.0
    skip: int = 0
    count: int | None = None
    seconds: float = 1.0
    start: float = 0.0
    end: float = FOREVER


class Partition(
    Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    tag_field="fault",
    tag="partition",
):
    """Between `start` and `end` no message passes between the two groups, either way."""

    group: tuple[str, ...]
    others: tuple[str, ...]
    start: float = 0.0
    end: float = FOREVER


class _ActorFault(
    Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    tag_field="fault",
):
    """When something befalls the actors that match: all at the time `at`, `count` times, with
    `every` so many seconds between; or, from `at` on, each when it has handled `after_messages`
    more messages, or after each message with `probability`, `count` times each.
    """

    actor: str
    at: float = 0.0
    after_messages: int | None = None
    probability: float = 0.0
    every: float = 0.0
    count: int = 1


class Crash(_ActorFault, frozen=True, kw_only=True, tag="crash"):
    """The actor fails, as if its handler had raised."""


class Pause(_ActorFault, frozen=True, kw_only=True, tag="pause"):
    """The actor handles nothing for so many `seconds`; messages wait."""

    seconds: float


Fault: TypeAlias = MessageFault | Partition | Crash | Pause


class FaultPlan(Struct, frozen=True):
    """All the faults of a run."""

    faults: tuple[Fault, ...] = ()


class Crashed(RuntimeError):
    """What an actor fails with when a plan crashes it."""


class Afflicted(Protocol):
    """What faults need of the system that they befall."""

    seed: int
    clock: Clock
    timers: TimerQueue

    def refs(self) -> Sequence[Ref[Any]]:
        """All living actors."""

    def crash(self, ref: Ref[Any], error: BaseException | None = None) -> None:
        """Make an actor's incarnation fail now."""

    def pause(self, ref: Ref[Any]) -> None:
        """Let an actor handle nothing until `resume`."""

    def resume(self, ref: Ref[Any]) -> None:
        """End a pause."""


class Faults:
    """Carries out plans in one system. `counts` says what has happened how often."""

    def __init__(self, system: Afflicted, plan: FaultPlan) -> None:
        self._system = system
        self._random = random.Random(f"{system.seed}:faults")
        self._start = system.clock.monotonic()
        self._rules: list[_Rule] = []
        self._partitions: list[Partition] = []
        self._triggers: list[_Trigger] = []
        self._held: dict[tuple[str, str], list[Callable[[], None]]] = {}
        self.counts: Counter[str] = Counter()
        for fault in plan.faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        """One more fault; its times count from the beginning of the system, too."""
        if isinstance(fault, MessageFault):
            self._rules.append(_Rule(fault))
        elif isinstance(fault, Partition):
            self._partitions.append(fault)
        elif fault.after_messages is not None or fault.probability:
            self._triggers.append(_Trigger(fault))
        else:
            for number in range(fault.count):
                self._at(fault.at + number * fault.every, lambda: self._strike_all(fault))

    @property
    def elapsed(self) -> float:
        """Seconds since the system began: now, as the times of faults count it."""
        return self._system.clock.monotonic() - self._start

    def heal(self) -> None:
        """End all partitions."""
        self._partitions.clear()

    # --- messages --------------------------------------------------------------------------

    def deliver(self, sender: str, target: str, message: Any, put: Callable[[], None]) -> None:
        """Let a message pass: call `put` now, later, twice, or not at all."""
        now = self._system.clock.monotonic() - self._start
        if self._partitions and self._cut_off(sender, target, now):
            self.counts["cut off"] += 1
            return
        for rule in self._rules:
            if rule.applies(sender, target, message, now, self._random):
                self.counts[rule.fault.action] += 1
                self._act(rule.fault, (sender, target), put)
                return
        put()
        if self._held:
            for held in self._held.pop((sender, target), ()):
                held()

    def _act(self, fault: MessageFault, link: tuple[str, str], put: Callable[[], None]) -> None:
        if fault.action == "duplicate":
            put()
            put()
        elif fault.action == "delay":
            self._later(fault.seconds, put)
        elif fault.action == "reorder":
            once = _Once(put)
            self._held.setdefault(link, []).append(once)
            self._later(fault.seconds, once)

    def _cut_off(self, sender: str, target: str, now: float) -> bool:
        for cut in self._partitions:
            if cut.start <= now < cut.end and (
                (matches_any(sender, cut.group) and matches_any(target, cut.others))
                or (matches_any(target, cut.group) and matches_any(sender, cut.others))
            ):
                return True
        return False

    # --- actors ----------------------------------------------------------------------------

    def handled(self, ref: Ref[Any]) -> None:
        """An actor has handled a message: it may be the one that something befalls."""
        if self._triggers:
            now = self._system.clock.monotonic() - self._start
            for trigger in self._triggers:
                if trigger.reached(ref.path, now, self._random):
                    self._strike(trigger.fault, ref)

    def _strike_all(self, fault: "Crash | Pause") -> None:
        for ref in self._system.refs():
            if matches(ref.path, fault.actor):
                self._strike(fault, ref)

    def _strike(self, fault: "Crash | Pause", ref: Ref[Any]) -> None:
        if isinstance(fault, Crash):
            self.counts["crash"] += 1
            self._system.crash(ref, Crashed("crashed by the fault plan"))
        else:
            self.counts["pause"] += 1
            self._system.pause(ref)
            self._later(fault.seconds, lambda: self._system.resume(ref))

    # --- time ------------------------------------------------------------------------------

    def _at(self, seconds: float, function: Callable[[], None]) -> None:
        self._later(self._start + seconds - self._system.clock.monotonic(), function)

    def _later(self, seconds: float, function: Callable[[], None]) -> None:
        at = self._system.clock.monotonic() + max(0.0, seconds)
        self._system.timers.at(at, function)


class _Rule:
    """A message fault with how often it was met and applied."""

    __slots__ = ("applied", "fault", "met")

    def __init__(self, fault: MessageFault) -> None:
        self.fault = fault
        self.met = 0
        self.applied = 0

    def applies(
        self, sender: str, target: str, message: Any, now: float, chance: random.Random
    ) -> bool:
        fault = self.fault
        if not fault.start <= now < fault.end:
            return False
        if fault.count is not None and self.applied >= fault.count:
            return False
        if not (matches(sender, fault.sender) and matches(target, fault.target)):
            return False
        if not matches(type(message).__name__, fault.message):
            return False
        self.met += 1
        if self.met <= fault.skip:
            return False
        if fault.probability < 1.0 and chance.random() >= fault.probability:
            return False
        self.applied += 1
        return True


class _Trigger:
    """A fault that messages set off, with the counts of each actor that matches."""

    __slots__ = ("counts", "fault", "times")

    def __init__(self, fault: Crash | Pause) -> None:
        self.fault = fault
        self.counts: Counter[str] = Counter()
        self.times: Counter[str] = Counter()

    def reached(self, path: str, now: float, chance: random.Random) -> bool:
        fault = self.fault
        if now < fault.at or self.times[path] >= fault.count or not matches(path, fault.actor):
            return False
        self.counts[path] += 1
        by_count = self.counts[path] == fault.after_messages
        if not by_count and not (fault.probability and chance.random() < fault.probability):
            return False
        self.counts[path] = 0
        self.times[path] += 1
        return True


class _Once:
    """A function that does its work the first time only."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[], None]) -> None:
        self._function: Callable[[], None] | None = function

    def __call__(self) -> None:
        function, self._function = self._function, None
        if function is not None:
            function()


@lru_cache(maxsize=65536)
def matches(text: str, pattern: str) -> bool:
    """Whether a path or name fits a shell pattern; `*` crosses slashes."""
    return pattern == "*" or fnmatchcase(text, pattern)


def matches_any(text: str, patterns: tuple[str, ...]) -> bool:
    """Whether it fits one of the patterns."""
    return any(matches(text, pattern) for pattern in patterns)
