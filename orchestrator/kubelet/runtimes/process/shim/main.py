"""The shim's loop: takes orders from its socket, and tells what became of them.

Everything is driven by three kinds of events: bytes on the socket, children that ended (a signal that wakes the
selector), and the pipes in which fresh children say how their start went.
"""

import gc
import os
import select
import selectors
import signal
import socket
import sys
from contextlib import suppress
from typing import Final

from msgspec import Struct

from orchestrator.kubelet.runtimes.process.shim import boxes, cgroups, connecting, linux
from orchestrator.kubelet.runtimes.process.shim.leftovers import remove_places
from orchestrator.kubelet.runtimes.process.shim.messages import (
    Box,
    Connect,
    Connected,
    Ended,
    Enter,
    Failed,
    Hold,
    Kill,
    Launch,
    Launched,
    Limit,
    News,
    Order,
    Ready,
    Rights,
    Signal,
    descriptors_of,
    order_of,
    pack,
    unpack,
)
from orchestrator.kubelet.runtimes.process.shim.roots import known_mounts

_CHUNK: Final = 1 << 18
_MOST_DESCRIPTORS: Final = 64
_PATIENCE: Final = 0.05  # seconds between two attempts to empty what does not want to die
_ATTEMPTS: Final = 100


class _Running(Struct, eq=False):
    """A command that was ordered. `target` gets signals, `waited` is the shim's own child."""

    id: int
    groups: dict[str, dict[str, str]]
    entered: bool
    reading: int
    said: str = ""
    target: int = 0
    waited: int = 0
    told: bool = False  # that it runs
    status: int | None = None
    killed: bool = False


class Shim:
    """Serves one runtime until its socket closes. `directory` is removed at the end; `mode` is found out if empty."""

    def __init__(self, line: socket.socket, directory: str, name: str, mode: str) -> None:
        self._line = line
        self._directory = directory
        self._selector = selectors.DefaultSelector()
        self._buffer = bytearray()
        self._descriptors: list[int] = []
        self._running: dict[int, _Running] = {}
        self._children: dict[int, _Running] = {}
        self._unclaimed: dict[int, int] = {}  # ended before it was told whose they are
        self._lingering: list[dict[str, dict[str, str]]] = []  # groups that are still in use
        self._mode = mode or _mode()
        self._trees = cgroups.trees(name, f"{directory}/cgroup") if self._mode == "root" else ()

    def serve(self) -> None:
        """Serve until the other end has gone; then leave nothing behind."""
        linux.adopt_orphans()
        known_mounts()
        gc.disable()  # each look at an object copies a page that is shared with nobody else yet
        gc.freeze()
        waking, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(waking, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the runtime decides when it is over
        self._selector.register(self._line, selectors.EVENT_READ, None)
        self._selector.register(waking, selectors.EVENT_READ, None)
        self._tell(Ready(self._mode != "bare", self._mode == "root", self._trees))
        try:
            while self._turn(waking):
                pass
        finally:
            self._end()

    def _turn(self, waking: int) -> bool:
        """Handle what has happened; False when the other end has gone."""
        for key, _ in self._selector.select():
            if key.fileobj is self._line:
                if not self._receive():
                    return False
            elif key.fileobj == waking:
                with suppress(BlockingIOError):
                    os.read(waking, 4096)
                self._reap()
            else:
                self._hear(key.data)
        return True

    # --- orders ----------------------------------------------------------------------------

    def _receive(self) -> bool:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._line, _CHUNK, _MOST_DESCRIPTORS)
        except OSError:
            return False
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        self._descriptors += descriptors
        self._buffer += data
        while (message := unpack(self._buffer)) is not None:
            self._obey(order_of(message))
        return bool(data)

    def _obey(self, order: Order) -> None:
        count = descriptors_of(order)
        given, self._descriptors = self._descriptors[:count], self._descriptors[count:]
        try:
            if isinstance(order, Launch):
                self._launch(order, (given[0], given[1], given[2]))
            elif isinstance(order, Hold):
                self._hold(order)
            elif isinstance(order, Enter):
                self._enter(order, (given[0], given[1], given[2]))
            elif isinstance(order, Signal):
                self._signal(order.id, order.number)
            elif isinstance(order, Kill):
                self._kill(order.id)
            elif isinstance(order, Limit):
                self._limit(order)
            else:
                self._connect(order)
        except OSError as error:
            self._tell(Failed(order.id, "box", str(error)))
        finally:
            for descriptor in given:
                os.close(descriptor)

    def _launch(self, order: Launch, streams: tuple[int, int, int]) -> None:
        groups, beside = order.box.cgroups, 0
        if order.box.beside and self._mode != "bare":
            around = self._running.get(order.box.beside)
            if around is None or not around.target:
                self._tell(Failed(order.id, "box", "the container does not run"))
                return
            beside = around.target
        cgroups.make(groups)
        reading, pid = boxes.launch(order.command, order.box, streams, beside, mode=self._mode)
        record = _Running(order.id, groups, entered=False, reading=reading, target=pid, waited=pid)
        if pid:
            self._children[pid] = record
        self._await(record)

    def _hold(self, order: Hold) -> None:
        if self._mode == "bare":
            return
        pid = boxes.hold(order.rights, as_user=self._mode == "user")
        record = _Running(
            order.id, {}, entered=False, reading=-1, target=pid, waited=pid, told=True
        )
        self._running[order.id] = self._children[pid] = record

    def _enter(self, order: Enter, streams: tuple[int, int, int]) -> None:
        around = self._running.get(order.within)
        if around is None or not around.target:
            self._tell(Failed(order.id, "box", "the container does not run"))
            return
        reading = boxes.enter(order.command, around.target, around.groups, streams)
        self._await(_Running(order.id, {}, entered=True, reading=reading))

    def _await(self, record: _Running) -> None:
        self._running[record.id] = record
        self._selector.register(record.reading, selectors.EVENT_READ, record)

    def _hear(self, record: object) -> None:
        """Take what a fresh child says of its start; the end of it means that it runs, or failed."""
        if isinstance(record, connecting.Attempt):
            assert record.socket is not None
            self._selector.unregister(record.socket)
            self._connected(record, record.outcome())
            return
        assert isinstance(record, _Running)
        data = os.read(record.reading, 65536)
        record.said += data.decode(errors="replace")
        lines = record.said.splitlines()
        for line in lines:
            if line.startswith("pid ") and not record.waited and record.said.count("\n"):
                record.target, record.waited = (int(each) for each in line.split()[1:])
                self._children[record.waited] = record
                if record.killed:
                    self._kill(record.id)
        if data:
            return
        self._selector.unregister(record.reading)
        os.close(record.reading)
        faults = [line for line in lines if not line.startswith("pid ")]
        if faults:
            what, _, fault = faults[0].partition(" ")
            self._forget(record)
            self._tell(Failed(record.id, what, fault))
            return
        record.told = True
        self._tell(Launched(record.id, record.target))
        if record.waited in self._unclaimed:
            record.status = self._unclaimed.pop(record.waited)
        if record.status is not None:
            self._ended(record)

    def _signal(self, number_of: int, number: int) -> None:
        record = self._running.get(number_of)
        if record is not None and record.target and record.status is None:
            with suppress(OSError):
                os.kill(record.target, number)

    def _kill(self, number_of: int) -> None:
        record = self._running.get(number_of)
        if record is None:
            return
        record.killed = True
        if record.target and record.status is None:
            if record.entered:
                with suppress(OSError):
                    os.killpg(record.target, signal.SIGKILL)
            with suppress(OSError):
                os.kill(record.target, signal.SIGKILL)
        if not record.entered:
            cgroups.kill(record.groups)

    def _limit(self, order: Limit) -> None:
        """What the kernel refuses (less memory than is used, say) stays as it was."""
        if order.id in self._running:
            with suppress(OSError):
                cgroups.limit(order.cgroups)

    # --- connections -----------------------------------------------------------------------

    def _connect(self, order: Connect) -> None:
        attempt = connecting.begin(order)
        if attempt.socket is None:
            self._connected(attempt, attempt.fault)
        else:
            self._selector.register(attempt.socket, selectors.EVENT_WRITE, attempt)

    def _connected(self, attempt: "connecting.Attempt", fault: str) -> None:
        if not fault and attempt.socket is not None:
            self._tell(Connected(attempt.order.id), (attempt.socket.fileno(),))
            attempt.socket.close()
            return
        if attempt.socket is not None:
            attempt.socket.close()
        if attempt.order.hosts[1:]:
            order = attempt.order
            self._connect(
                Connect(order.id, order.network, order.hosts[1:], order.port, order.seconds)
            )
            return
        self._tell(Failed(attempt.order.id, "connect", fault))

    # --- ends ------------------------------------------------------------------------------

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            record = self._children.pop(pid, None)
            if record is not None:
                record.status = boxes.exit_code(status)
                if record.told:
                    self._ended(record)
            elif self._starting():
                self._unclaimed[pid] = boxes.exit_code(status)
        if not self._starting():
            self._unclaimed.clear()
        self._lingering = [each for each in self._lingering if not _emptied(each)]

    def _starting(self) -> bool:
        return any(not record.told for record in self._running.values())

    def _ended(self, record: _Running) -> None:
        out_of_memory = bool(record.status) and cgroups.killed(record.groups)
        self._forget(record)
        self._tell(Ended(record.id, record.status or 0, out_of_memory))

    def _forget(self, record: _Running) -> None:
        self._running.pop(record.id, None)
        if record.groups and not _emptied(record.groups):
            self._lingering.append(record.groups)

    def _tell(self, news: News, descriptors: tuple[int, ...] = ()) -> None:
        data = pack(news)
        try:
            sent = socket.send_fds(self._line, [data], descriptors)
            if sent < len(data):
                self._line.sendall(data[sent:])
        except OSError:
            pass  # the other end has gone: the next turn notices

    def _end(self) -> None:
        """Kill what runs, and take away what was made."""
        records = list(self._running.values())
        for record in records:
            self._kill(record.id)
        boxes.kill_descendants(os.getpid())
        for _ in range(_ATTEMPTS):
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            groups = [*(record.groups for record in records), *self._lingering]
            if all(list(map(_emptied, groups))) and not boxes.children(os.getpid()):
                break
            boxes.kill_descendants(os.getpid())
            select.select((), (), (), _PATIENCE)
        gone = [cgroups.remove_tree(tree) for tree in self._trees]
        cgroups.unmount(f"{self._directory}/cgroup")
        if all(gone):  # else the directory tells the next one who sweeps that something is left
            remove_places(self._directory)


def _emptied(groups: dict[str, dict[str, str]]) -> bool:
    if not groups:
        return True
    cgroups.kill(groups)
    return cgroups.remove(groups)


def _mode() -> str:
    """How containers can be enclosed here: tried, because there are many ways to forbid it."""
    mode = "root" if os.geteuid() == 0 and _maps_everybody() else "user"
    box = Box("", "", "")
    try:
        pid = linux.fork_into(boxes.namespaces(box, as_user=mode == "user"))
    except OSError:
        return "bare"
    if not pid:
        code = 1
        with suppress(BaseException):
            if mode == "user":
                boxes.map_user(Rights())
            linux.mount("", "/", flags=linux.RECURSIVE | linux.PRIVATE)
            linux.mount("tmpfs", "/tmp", "tmpfs")
            code = 0
        os._exit(code)
    return mode if os.waitpid(pid, 0)[1] == 0 else "bare"


def _maps_everybody() -> bool:
    """Whether this is the machine's own user namespace: root of another one has an ordinary user's files."""
    with open("/proc/self/uid_map") as file:
        return [int(number) for number in file.read().split()] == [0, 0, (1 << 32) - 1]


def main() -> None:
    """The program. Its arguments: a socket's descriptor, a directory, the name of its cgroups, a mode or nothing, and
    the descriptor that holds the directory, which is no container's.
    """
    line = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(int(sys.argv[5]), False)
    Shim(line, *sys.argv[2:5]).serve()
