"""The coroutine runtime: a container is an async function of the host program.

    image: py://package.module:function

The function gets a `ContainerContext` (environment, arguments, files, log, readiness) and runs as a task of the loop in
which the cluster lives. Its end is the container's: what it returns is the exit code (None: 0), an exception is 1. It is
stopped by cancellation, and has its grace period for what it does then. All other images are simulated.
"""

import asyncio
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import Final, TypeAlias

from msgspec import Struct

from orchestrator.api.core.v1 import Container, LifecycleHandler, Pod, Probe
from orchestrator.kubelet.image_names import FUNCTION
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerKey,
    ContainerProbed,
    ContainerStarted,
    HookEnded,
    ProbeAnswered,
    RuntimeEvent,
    World,
)
from orchestrator.kubelet.runtimes.runs import find
from orchestrator.kubelet.runtimes.shell import run
from orchestrator.kubelet.runtimes.simulated import SIGKILL_EXIT, SIGTERM_EXIT, SimulatedRuntime
from orchestrator.kubelet.runtimes.simulated_talk import drive
from orchestrator.machinery.times import format_micro_time
from orchestrator.protocol import ContainerUsage
from orchestrator.sessions import LogOptions, Session

_LINES: Final = 10_000  # of a log that are kept
_LOOK_SECONDS: Final = 0.2
_NOT_RUN: Final = 128


class ContainerContext:
    """What a function that is a container sees of the world."""

    def __init__(
        self,
        pod: Pod,
        container: Container,
        world: World,
        say: Callable[[str], None],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.pod = pod
        self.name = container.name
        self.address = pod.status.pod_ip if pod.status is not None else ""  # where it may listen
        self.arguments = (*container.command, *container.args)
        self.environment: Mapping[str, str] = world.environment
        self.files: Mapping[str, bytes] = world.files
        self.sleep = sleep  # for so many seconds by the cluster's clock
        self._say = say
        self._tell_ready: Callable[[bool], None] = _nobody
        self.ready = True

    def log(self, text: str) -> None:
        """Write a line into the container's log."""
        self._say(text)

    def set_ready(self, ready: bool) -> None:
        """Say whether the container is ready to serve: what its readiness probe finds, or would find."""
        self.ready = ready
        self._tell_ready(ready)


ContainerFunction: TypeAlias = Callable[[ContainerContext], Awaitable[int | None]]


class _Run(Struct, eq=False):
    """One run of one function."""

    key: ContainerKey
    context: ContainerContext
    world: World
    container_id: str
    log: deque[tuple[float, str]]
    started_at: float = 0.0
    task: "asyncio.Task[int | None] | None" = None
    stopping: bool = False
    killed: bool = False
    last: ContainerStarted | ContainerExited | None = None
    probed: ContainerProbed | None = None
    before: "_Run | None" = None


class CoroutineRuntime(SimulatedRuntime):
    """Runs functions, and simulates what is none."""

    name = "coroutine://1.0"

    def __init__(self) -> None:
        super().__init__()
        self._runs: dict[str, dict[str, _Run]] = {}

    # --- Runtime ---------------------------------------------------------------------------

    def sees(self, pod: Pod, container: Container) -> bool:
        """A function sees its surroundings."""
        return container.image.startswith(FUNCTION) or super().sees(pod, container)

    def start_within(self, pod: Pod, container: Container, key: ContainerKey, world: World) -> None:
        """Start a container that sees `world`."""
        if not container.image.startswith(FUNCTION):
            super().start_within(pod, container, key, world)
            return
        known = self._runs.setdefault(key.pod_uid, {}).get(key.name)
        if known is not None and known.key == key:
            if known.last is not None:
                self._host.report(known.last)
            return
        try:
            function = function_of(container.image)
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            text = f'failed to pull and unpack image "{container.image}": {error}'
            self._host.report(
                ContainerExited(
                    key, "", _NOT_RUN, "ErrImagePull", text, None, self._host.clock.now()
                )
            )
            return
        self._begin(pod, container, key, world, function, known)

    def _begin(
        self,
        pod: Pod,
        container: Container,
        key: ContainerKey,
        world: World,
        function: ContainerFunction,
        before: _Run | None,
    ) -> None:
        host, now = self._host, self._host.clock.now()
        log: deque[tuple[float, str]] = deque(maxlen=_LINES)
        context = ContainerContext(
            pod,
            container,
            world,
            lambda text: log.append((host.clock.now(), text)),
            host.clock.sleep,
        )
        container_id = f"coroutine://{host.random.getrandbits(128):032x}"
        record = _Run(key, context, world, container_id, log, now, before=before)
        if before is not None:
            before.before = None
        self._runs[key.pod_uid][key.name] = record
        context._tell_ready = lambda ready: self._told_ready(record, ready)
        record.last = ContainerStarted(key, container_id, now, context.ready)
        host.report(record.last)
        record.task = asyncio.get_running_loop().create_task(
            _run(function, context), name=f"{pod.metadata.name}/{key.name}"
        )
        record.task.add_done_callback(lambda task: self._ended(record, task))

    def _told_ready(self, record: _Run, ready: bool) -> None:
        if isinstance(record.last, ContainerStarted):
            record.probed = ContainerProbed(record.key, ready, self._host.clock.now())
            self._host.report(record.probed)

    def _ended(self, record: _Run, task: "asyncio.Task[int | None]") -> None:
        if record.killed:
            code, reason, message = SIGKILL_EXIT, "Error", ""
        elif task.cancelled():
            code, reason, message = SIGTERM_EXIT, "Error", ""
        else:
            code, reason, message = _outcome(record, task)
        record.last = ContainerExited(
            record.key,
            record.container_id,
            code,
            reason,
            message,
            record.started_at,
            self._host.clock.now(),
        )
        if self._runs.get(record.key.pod_uid, {}).get(record.key.name) is record:
            self._host.report(record.last)

    def stop(self, key: ContainerKey, grace_seconds: float) -> None:
        """Cancel the function; it is given up after its grace period (seconds)."""
        record = find(self._runs, key)
        if record is None:
            super().stop(key, grace_seconds)
            return
        if isinstance(record.last, ContainerExited) or record.task is None:
            return
        if not record.stopping:
            record.stopping = True
            record.task.cancel()
        self._host.call_after(grace_seconds, self._kill, record)

    def _kill(self, record: _Run) -> None:
        """Its time is over: a task cannot be made to end, so it is not waited for any more."""
        if record.task is not None and not record.task.done():
            record.killed = True
            record.task.cancel()
            self._ended(record, record.task)

    def remove(self, pod_uid: str) -> None:
        """Cancel what is left of a pod's functions, and forget them."""
        for record in self._runs.pop(pod_uid, {}).values():
            if record.task is not None:
                record.task.cancel()
        super().remove(pod_uid)

    def containers(self) -> list[RuntimeEvent]:
        """The last report of each container, and of its readiness."""
        own: list[RuntimeEvent] = []
        for records in self._runs.values():
            for record in records.values():
                own += [each for each in (record.last, record.probed) if each is not None]
        return [*own, *super().containers()]

    def usage(self, key: ContainerKey) -> ContainerUsage | None:
        """Nothing: what one task of the loop uses nobody can tell."""
        record = self._running(key)
        return super().usage(key) if record is None else ContainerUsage()

    def probe(
        self, pod: Pod, container: Container, key: ContainerKey, kind: str, probe: Probe
    ) -> None:
        """Answer for the function: it is alive, and ready if it says so."""
        record = self._running(key)
        if record is None:
            super().probe(pod, container, key, kind, probe)
            return
        success = record.context.ready or kind != "readiness"
        output = "" if success else "the function says that it is not ready"
        self._host.report(ProbeAnswered(key, kind, success, output, self._host.clock.now()))

    def run_hook(
        self,
        pod: Pod,
        container: Container,
        key: ContainerKey,
        handler: LifecycleHandler,
        before_stop: bool,
    ) -> None:
        """A hook of a function is not run, and succeeds."""
        if self._running(key) is None:
            super().run_hook(pod, container, key, handler, before_stop)
        else:
            self._host.report(HookEnded(key, before_stop, False))

    def _running(self, key: ContainerKey) -> _Run | None:
        record = find(self._runs, key)
        return record if record is not None and isinstance(record.last, ContainerStarted) else None

    # --- conversations ---------------------------------------------------------------------

    async def execute(
        self, key: ContainerKey, command: tuple[str, ...], world: World, session: Session
    ) -> int:
        """Run a command of the tiny shell in the function's surroundings."""
        record = self._running(key)
        if record is None:
            return await super().execute(key, command, world, session)
        world = record.world.apart()
        return await drive(run(command, world), world, session, self._host.clock)

    async def join(
        self, key: ContainerKey, container: Container, world: World, session: Session
    ) -> int:
        """Follow the function's log."""
        return await self.log(key, container, world, LogOptions(follow=True), session)

    async def log(
        self,
        key: ContainerKey,
        container: Container,
        world: World,
        options: LogOptions,
        session: Session,
    ) -> int:
        """What the function has logged."""
        record = self._runs.get(key.pod_uid, {}).get(key.name)
        while record is not None and record.key != key:
            record = record.before
        if record is None:
            return await super().log(key, container, world, options, session)
        lines = [each for each in record.log if options.since is None or each[0] >= options.since]
        if options.tail is not None:
            lines = lines[len(lines) - min(options.tail, len(lines)) :]
        seen = record.log[-1] if record.log else None
        await _write(lines, options, session)
        while options.follow and isinstance(record.last, ContainerStarted):
            await self._host.clock.sleep(_LOOK_SECONDS)
            fresh: list[tuple[float, str]] = []
            for each in reversed(record.log):
                if each is seen:
                    break
                fresh.append(each)
            if fresh:
                seen = fresh[0]
                await _write(fresh[::-1], options, session)
        return 0


def function_of(image: str) -> ContainerFunction:
    """The function that an image names. Raises ImportError, AttributeError, TypeError and ValueError."""
    module, colon, name = image.removeprefix(FUNCTION).partition(":")
    if not colon or not module or not name:
        raise ValueError(f"expected {FUNCTION}package.module:function")
    function: ContainerFunction = getattr(import_module(module), name)
    if not callable(function):
        raise TypeError(f"{name} of {module} is no function")
    return function


async def _run(function: ContainerFunction, context: ContainerContext) -> int | None:
    return await function(context)


def _outcome(record: _Run, task: "asyncio.Task[int | None]") -> tuple[int, str, str]:
    """Exit code, reason and termination message of a function that has ended by itself."""
    error = task.exception()
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        for line in "".join(traceback.format_exception(error)).splitlines():
            record.context.log(line)
        return 1, "Error", f"{type(error).__name__}: {error}"
    else:
        code = task.result() or 0
    return code, "Error" if code else "Completed", ""


async def _write(lines: list[tuple[float, str]], options: LogOptions, session: Session) -> None:
    for at, text in lines:
        stamp = f"{format_micro_time(at)} " if options.timestamps else ""
        await session.write(f"{stamp}{text}\n".encode())


def _nobody(ready: bool) -> None:
    """The container has not begun."""
