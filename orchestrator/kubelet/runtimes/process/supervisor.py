"""The runtime's end of the shim: starts it, sends orders, hands news to whom they concern."""

import asyncio
import logging
import os
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import IO, Final, TypeAlias

from orchestrator.kubelet.runtimes import own_directories
from orchestrator.kubelet.runtimes.own_directories import OwnDirectory
from orchestrator.kubelet.runtimes.process.shim.leftovers import clear_groups, discard
from orchestrator.kubelet.runtimes.process.shim.messages import (
    SHARED_MEMORY,
    Connect,
    Connected,
    Failed,
    Kill,
    News,
    Order,
    Ready,
    Signal,
    descriptors_of,
    news_of,
    pack,
    unpack,
)

_CHUNK: Final = 1 << 16
_MOST_DESCRIPTORS: Final = 64
_READY_SECONDS: Final = 20.0
_END_SECONDS: Final = 10.0
_PACKAGE: Final = __package__ + ".shim"
# The shim's modules without their parents, which would bring the whole kubelet along. It is isolated from the
# environment, and finds libraries where this program does.
_BOOT: Final = """
import sys, types
place, package, path = sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1)
sys.path[:] = path.split(":")
parts = package.split(".")
for i in range(1, len(parts)):
    module = sys.modules[".".join(parts[:i])] = types.ModuleType(".".join(parts[:i]))
    module.__path__ = ["/".join([place, *parts[:i]])]
from importlib import import_module
import_module(package + ".main").main()
"""

Listener: TypeAlias = Callable[[News, tuple[int, ...]], None]


class ShimGone(ConnectionError):
    """The shim has ended, and all containers with it."""


class Supervisor:
    """One shim. It is started with the first order, and everything of it ends with `close`. Not `enclosed`: as if the
    machine allowed no namespaces.

    Each order has an id of its own (`next_id`); `send` registers who hears what becomes of it. Not thread-safe:
    it belongs to the loop in which it was first used.
    """

    def __init__(self, name: str, on_gone: Callable[[], None], *, enclosed: bool = True) -> None:
        self._name = name
        self._enclosed = enclosed
        self._on_gone = on_gone
        self._ids = count(1)
        self._listeners: dict[int, Listener] = {}
        self._waiting: deque[tuple[bytes, tuple[int, ...]]] = deque()
        self._buffer = bytearray()
        self._descriptors: list[int] = []
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._own: OwnDirectory
        self._directory: Path | None = None
        self._memory: Path | None = None
        self._words: IO[bytes] | None = None  # of the shim that runs
        self.namespaces = self.layers = True
        self.cgroups: tuple[str, ...] = ()

    def next_id(self) -> int:
        """The id of a new order."""
        return next(self._ids)

    @property
    def directory(self) -> Path:
        """Where what belongs to the node's pods is kept, until `close`."""
        self._begin()
        assert self._directory is not None
        return self._directory

    @property
    def memory(self) -> Path:
        """The same in memory, where the machine has such a file system."""
        if self._memory is None:
            if not os.access(SHARED_MEMORY, os.W_OK):
                return self.directory
            self._memory = Path(SHARED_MEMORY) / self.directory.name  # the shim knows it by that
            self._memory.mkdir(mode=0o700)
        return self._memory

    def send(
        self, order: Order, listener: Listener | None = None, descriptors: tuple[int, ...] = ()
    ) -> None:
        """Send an order. Its descriptors are duplicated: the caller closes its own."""
        self._begin()
        if listener is not None:
            self._listeners[order.id] = listener
        held = tuple(os.dup(each) for each in descriptors)
        self._waiting.append((pack(order), held))
        self._write()

    def signal(self, order: int, number: int) -> None:
        """Send a signal to what an order started."""
        self.send(Signal(order, number))

    def kill(self, order: int) -> None:
        """End what an order started, with all its processes."""
        self.send(Kill(order))

    def forget(self, order: int) -> None:
        """Nobody listens any more for an order's news."""
        self._listeners.pop(order, None)

    async def connect(
        self, network: str, hosts: tuple[str, ...], port: int, seconds: float
    ) -> socket.socket:
        """A connection to a port, made within a network namespace. Raises ConnectionRefusedError, TimeoutError."""
        done: asyncio.Future[socket.socket] = asyncio.get_running_loop().create_future()
        order = Connect(self.next_id(), network, hosts, port, seconds)

        def heard(news: News, descriptors: tuple[int, ...]) -> None:
            self.forget(order.id)
            made = socket.socket(fileno=descriptors[0]) if descriptors else None
            if done.done():
                if made is not None:
                    made.close()
            elif isinstance(news, Connected) and made is not None:
                made.setblocking(False)
                done.set_result(made)
            elif isinstance(news, Failed):
                done.set_exception(ConnectionRefusedError(news.fault))

        self.send(order, heard)
        async with asyncio.timeout(seconds):
            return await done

    # --- the line --------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._line is not None:
            return
        ours, theirs = socket.socketpair()
        self._bury()
        if self._directory is None:
            self._own = own_directories.make(f"{self._name}-", lambda path: discard(str(path)))
            self._directory, self._memory = self._own.path, None
        else:  # a shim was killed: the pods' volumes and logs are still there
            clear_groups(str(self._directory))
        place = str(Path(__file__).parents[4])
        if self._words is not None:
            self._words.close()
        self._words = tempfile.TemporaryFile(dir=self._directory)  # noqa: SIM115  as long as the shim
        with theirs:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-c", _BOOT, place, _PACKAGE),
                    ":".join(each for each in sys.path if os.path.isabs(each)),
                    *(str(theirs.fileno()), str(self._directory), self._directory.name),
                    "" if self._enclosed else "bare",
                    str(self._own.lock),
                ],
                pass_fds=[theirs.fileno(), self._own.lock],
                stdin=subprocess.DEVNULL,
                stdout=self._words,
                stderr=self._words,
                start_new_session=True,
            )
        try:
            self._await_ready(ours, self._process)
        except ShimGone:
            ours.close()
            self._buffer.clear()
            raise
        self._line = (
            ours  # from here on; with the next order, a shim that did not start is tried anew
        )
        ours.setblocking(False)
        asyncio.get_running_loop().add_reader(ours.fileno(), self._read)

    def _bury(self) -> None:
        """See the last shim to its end, if there was one: killed, it leaves all there; else it takes all away."""
        process, self._process = self._process, None
        if process is not None:
            _wait(process)
        if self._directory is not None and not self._directory.exists():
            self._own.release()
            self._directory = self._memory = None

    def _await_ready(self, line: socket.socket, process: "subprocess.Popen[bytes]") -> None:
        """Wait for the first news: the shim has tried what the machine allows. Raises ShimGone."""
        line.settimeout(_READY_SECONDS)
        while (data := unpack(self._buffer)) is None:
            try:
                came = line.recv(_CHUNK)
            except TimeoutError:
                came = b""
            if not came:
                process.kill()  # one that says nothing is of no use
                raise ShimGone(
                    f"the shim of the process runtime did not start (exit code {process.wait()}): "
                    f"{self._last_words() or 'it said nothing'}"
                )
            self._buffer += came
        news = news_of(data)
        assert isinstance(news, Ready)
        self.namespaces, self.layers, self.cgroups = news.namespaces, news.layers, news.cgroups

    def _read(self) -> None:
        assert self._line is not None
        try:
            data, descriptors, _, _ = socket.recv_fds(self._line, _CHUNK, _MOST_DESCRIPTORS)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        if not data:
            self._lost()
            return
        self._descriptors += descriptors
        self._buffer += data
        while (message := unpack(self._buffer)) is not None:
            news = news_of(message)
            number = descriptors_of(news)
            given, self._descriptors = self._descriptors[:number], self._descriptors[number:]
            listener = None if isinstance(news, Ready) else self._listeners.get(news.id)
            if listener is not None:
                listener(news, tuple(given))
            else:
                _close(given)

    def _write(self) -> None:
        loop = asyncio.get_running_loop()
        line = self._line
        while self._waiting and line is not None:
            data, descriptors = self._waiting.popleft()
            try:
                sent = socket.send_fds(line, [data], descriptors)
            except BlockingIOError:
                self._waiting.appendleft((data, descriptors))
                loop.add_writer(line.fileno(), self._write)
                return
            except OSError:
                _close(descriptors)
                return  # the reader notices that the shim has gone
            _close(descriptors)
            if sent < len(data):
                self._waiting.appendleft((data[sent:], ()))
        if line is not None:
            loop.remove_writer(line.fileno())

    def _last_words(self) -> str:
        """The last line of what the shim has said: of a traceback, what is wrong."""
        if self._words is None:
            return ""
        end = self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, end - _CHUNK))
        lines = self._words.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _lost(self) -> None:
        """The shim has ended by itself."""
        if words := self._last_words():
            logging.getLogger("orchestrator").warning(
                "the shim of the process runtime has ended: %s", words
            )
        self._hang_up()
        self._listeners.clear()
        self._on_gone()

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(line.fileno())
            loop.remove_writer(line.fileno())
            line.close()
        for _, descriptors in self._waiting:
            _close(descriptors)
        self._waiting.clear()
        _close(self._descriptors)
        self._descriptors = []
        self._buffer.clear()

    async def close(self) -> None:
        """End all containers and the shim, and remove the directories. A second call does nothing."""
        self._hang_up()
        self._listeners.clear()
        process, self._process = self._process, None
        directory, self._directory, self._memory = self._directory, None, None
        if process is not None:
            await asyncio.to_thread(_wait, process)
        if directory is not None:
            if directory.exists():  # it was killed, or has not been able to take all away
                await asyncio.to_thread(discard, str(directory))
            self._own.release()
        if self._words is not None:
            self._words.close()
            self._words = None


def _wait(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _close(descriptors: "tuple[int, ...] | list[int]") -> None:
    for each in descriptors:
        with suppress(OSError):
            os.close(each)
