"""A command of a simulated container that runs in its world, step by step, by the node's timers."""

from collections.abc import Callable
from typing import Final

from actors import Timer
from orchestrator.kubelet.runtimes.interface import RuntimeHost, World
from orchestrator.kubelet.runtimes.shell import Err, Listen, Out, Read, Run, Sleep

_MOST_LINES: Final = 10_000  # of a log that are kept
_MOST_STEPS: Final = 2_000  # without a pause, before others have their turn
_TURN_SECONDS: Final = 0.01
_LONGEST: Final = float(1 << 30)

Line = tuple[float, bytes]  # when it was written, and its text without the newline


class Journal:
    """What a run has written, in lines."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._rest = b""
        self._dropped = 0

    def write(self, at: float, data: bytes) -> None:
        """Output or errors."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._lines += [(at, line) for line in whole]
        if len(self._lines) > 2 * _MOST_LINES:
            self._dropped += len(self._lines) - _MOST_LINES
            del self._lines[:-_MOST_LINES]

    def lines(self, now: float) -> list[Line]:
        """All lines up to now; an unfinished one is the last."""
        return [*self._lines, (now, self._rest)] if self._rest else self._lines


class LiveRun:
    """Runs `command` until it ends; then calls `ended` with its exit code."""

    def __init__(
        self,
        host: RuntimeHost,
        command: Run,
        world: World,
        journal: Journal,
        ended: Callable[[int], None],
    ) -> None:
        self._host = host
        self._command = command
        self._world = world
        self._journal = journal
        self._ended = ended
        self._timer: Timer | None = None
        self._due = 0.0
        self._heard: bytes | None = None
        self.listening: Listen | None = None  # where it waits for somebody to connect

    def go_on(self) -> None:
        """Take steps until time has to pass."""
        self._timer = None
        world, clock = self._world, self._host.clock
        answer, self._heard = self._heard, None
        for _ in range(_MOST_STEPS):
            world.now = clock.now()
            try:
                step = self._command.send(answer)
            except StopIteration as end:
                self._ended(int(end.value))
                return
            answer = None
            if isinstance(step, Out | Err):
                self._journal.write(world.now, step.data)
            elif isinstance(step, Sleep):
                self.listening = step if isinstance(step, Listen) else None
                self._sleep(step.seconds)
                return
            elif not isinstance(step, Read):  # there is no input: None answers that it has ended
                raise TypeError(f"{step!r} is no step")
        self._sleep(_TURN_SECONDS)

    def _sleep(self, seconds: float) -> None:
        self._due = self._host.clock.now() + seconds
        if seconds < _LONGEST:
            self._timer = self._host.call_after(seconds, self.go_on)

    def connected(self, data: bytes) -> None:
        """Somebody has connected where it listens, and sent this: it goes on in a moment."""
        self.listening = None
        self._heard = data
        self._sleep(0.0)

    def stop(self) -> None:
        """Take no further step."""
        self.listening = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._command.close()

    def again(self, host: RuntimeHost) -> None:
        """The node's timers are new ones: wait on for what was waited for."""
        self._host = host
        left = max(0.0, self._due - host.clock.now())
        if left < _LONGEST:
            self._timer = self._host.call_after(left, self.go_on)


class Recital:
    """What a command that looks at nothing has written by now: worked out when somebody asks, and no further."""

    def __init__(self, command: Run, world: World, began: float) -> None:
        self._command: Run | None = command
        self._world = world
        self._at = began
        self._journal = Journal()

    def lines(self, now: float) -> list[Line]:
        """All lines up to now."""
        steps = 100 * _MOST_STEPS
        while self._command is not None and self._at <= now and steps:
            steps -= 1
            try:
                step = self._command.send(None)
            except StopIteration:
                self._command = None
                break
            if isinstance(step, Out | Err):
                self._journal.write(self._at, step.data)
            elif isinstance(step, Sleep):
                self._at += step.seconds
                self._world.now = self._at
        return [line for line in self._journal.lines(now) if line[0] <= now]
