"""The runtime's ends of containers' streams: descriptors that the loop reads and writes without waiting."""

import asyncio
import fcntl
import os
import struct
import termios
from contextlib import suppress
from typing import Final

_CHUNK: Final = 1 << 16


class Pipe:
    """One end of a pipe or terminal. It belongs to the loop in which it is used first."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self.closed = False
        self._waiting: set[asyncio.Future[None]] = set()

    async def read(self) -> bytes:
        """What comes next; empty at the end."""
        while not self.closed:
            try:
                return os.read(self.descriptor, _CHUNK)
            except BlockingIOError:
                await self._ready(reading=True)
            except OSError:
                return b""  # a terminal's end
        return b""

    async def write(self, data: bytes) -> None:
        """Write all of it. Raises BrokenPipeError when nobody reads any more."""
        view = memoryview(data)
        while view and not self.closed:
            try:
                view = view[os.write(self.descriptor, view) :]
            except BlockingIOError:
                await self._ready(reading=False)
            except OSError as error:
                raise BrokenPipeError(str(error)) from None

    async def _ready(self, *, reading: bool) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            if not ready.done():
                ready.set_result(None)

        watch, forget = (
            (loop.add_reader, loop.remove_reader)
            if reading
            else (loop.add_writer, loop.remove_writer)
        )
        watch(self.descriptor, wake)
        self._waiting.add(ready)
        try:
            await ready
        finally:
            self._waiting.discard(ready)
            if not self.closed:
                forget(self.descriptor)

    def resize(self, width: int, height: int) -> None:
        """Tell a terminal its size."""
        with suppress(OSError):
            size = struct.pack("HHHH", height, width, 0, 0)
            fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, size)

    def close(self) -> None:
        """Close it; who reads gets the end."""
        if self.closed:
            return
        self.closed = True
        loop = asyncio.get_running_loop()
        loop.remove_reader(self.descriptor)
        loop.remove_writer(self.descriptor)
        os.close(self.descriptor)
        for each in self._waiting:
            if not each.done():
                each.set_result(None)


class Streams:
    """Both ends of a command's three streams; `theirs` are handed on and closed with `handed`.

    Without `stdin` its input is empty. With a terminal, output and input are one, and there are no errors.
    """

    def __init__(self, *, stdin: bool, terminal: bool) -> None:
        self.input: Pipe | None = None
        self.errors: Pipe | None = None
        if terminal:
            ours, theirs = os.openpty()
            self.output = Pipe(ours)
            self.input = self.output if stdin else None
            self.theirs = (theirs, theirs, theirs)
            return
        out, out_theirs = os.pipe()
        errors, errors_theirs = os.pipe()
        self.output, self.errors = Pipe(out), Pipe(errors)
        if stdin:
            in_theirs, in_ours = os.pipe()
            self.input = Pipe(in_ours)
        else:
            in_theirs = os.open(os.devnull, os.O_RDONLY)
        self.theirs = (in_theirs, out_theirs, errors_theirs)

    def handed(self) -> None:
        """The command's ends are the shim's now."""
        for each in set(self.theirs):
            os.close(each)
        self.theirs = (-1, -1, -1)

    def close(self) -> None:
        """Close what is still open of ours."""
        for pipe in (self.input, self.output, self.errors):
            if pipe is not None:
                pipe.close()
