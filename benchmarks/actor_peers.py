"""The contenders of `actor_runtime` that others have made. Needs `pip install '.[bench]'`."""

import asyncio
import sys
from importlib import import_module
from typing import Any

import anyio

from benchmarks.actor_contenders import (
    ACTORS,
    BURST,
    NOTE,
    QUESTION,
    Contender,
    Note,
    Question,
    Tally,
)

try:
    pykka: Any = import_module("pykka")
    xoscar: Any = import_module("xoscar")
except ImportError as missing:
    sys.exit(f"{missing.name} is not installed: pip install '.[bench]'")


# --- asyncio and anyio ---------------------------------------------------------------------


class Queues(Contender):
    """A task with an asyncio.Queue for each actor."""

    name = "asyncio.Queue task"

    async def begin(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._one = self._spawn()
        self._many = [self._spawn() for _ in range(ACTORS)]

    def _spawn(self) -> tuple["asyncio.Queue[Any]", "asyncio.Task[None]"]:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        task = asyncio.create_task(self._serve(queue))
        self._tasks.append(task)
        return queue, task

    async def _serve(self, queue: "asyncio.Queue[Any]") -> None:
        tally = Tally()
        while True:
            message = await queue.get()
            if isinstance(message, Note):
                tally.handle(message)
            else:
                message.set_result(1)
            queue.task_done()

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    async def tell(self, count: int) -> None:
        queue = self._one[0]
        for _ in range(count // BURST):
            for _ in range(BURST):
                queue.put_nowait(NOTE)
            await queue.join()

    async def fan_out(self, rounds: int) -> None:
        for _ in range(rounds):
            for queue, _ in self._many:
                queue.put_nowait(NOTE)
            for queue, _ in self._many:
                await queue.join()

    async def ask(self, count: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(count):
            future: asyncio.Future[int] = loop.create_future()
            self._one[0].put_nowait(future)
            await future

    async def grow(self, count: int) -> list[Any]:
        idle = [self._spawn() for _ in range(count)]
        await asyncio.sleep(0)  # noqa: TID251
        return idle


class Streams(Contender):
    """A task with an anyio memory stream for each actor."""

    name = "anyio stream task"
    scale = 0.5

    async def begin(self) -> None:
        self._one = self._spawn()
        self._many = [self._spawn() for _ in range(ACTORS)]
        await asyncio.sleep(0)  # noqa: TID251

    def _spawn(self) -> tuple[Any, "asyncio.Task[None]", Any]:
        send, receive = anyio.create_memory_object_stream[Any](BURST)
        return send, asyncio.create_task(self._serve(receive)), receive

    async def _serve(self, stream: Any) -> None:
        tally = Tally()
        async with stream:
            async for message in stream:
                if isinstance(message, Note):
                    tally.handle(message)
                else:
                    message.set_result(1)

    async def end(self) -> None:
        for send, task, _ in (self._one, *self._many):
            send.close()
            await task

    async def _settled(self, send: Any) -> None:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        await send.send(future)
        await future

    async def tell(self, count: int) -> None:
        send = self._one[0]
        for _ in range(count // BURST):
            for _ in range(BURST):
                send.send_nowait(NOTE)
            await self._settled(send)

    async def fan_out(self, rounds: int) -> None:
        for _ in range(rounds):
            for send, _, _ in self._many:
                send.send_nowait(NOTE)
            await self._settled(self._many[-1][0])

    async def ask(self, count: int) -> None:
        for _ in range(count):
            await self._settled(self._one[0])

    async def grow(self, count: int) -> list[Any]:
        idle = [self._spawn() for _ in range(count)]
        await asyncio.sleep(0)  # noqa: TID251
        self._many += idle
        return list(idle)


# --- peers ---------------------------------------------------------------------------------


class _Pykka(pykka.ThreadingActor):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.tally = Tally()

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, Note):
            self.tally.handle(message)
            return None
        return 1


class Pykka(Contender):
    """Pykka's actors, each a thread."""

    name = "Pykka"
    scale = 0.04

    async def begin(self) -> None:
        self._one = _Pykka.start()
        self._many = [_Pykka.start() for _ in range(ACTORS)]

    async def end(self) -> None:
        pykka.ActorRegistry.stop_all()

    async def tell(self, count: int) -> None:
        for _ in range(count // BURST):
            for _ in range(BURST):
                self._one.tell(NOTE)
            self._one.ask(QUESTION)

    async def fan_out(self, rounds: int) -> None:
        for _ in range(rounds):
            for ref in self._many:
                ref.tell(NOTE)
            for ref in self._many[-10:]:
                ref.ask(QUESTION)

    async def ask(self, count: int) -> None:
        for _ in range(count):
            self._one.ask(QUESTION)

    async def grow(self, count: int) -> list[Any]:
        return [_Pykka.start() for _ in range(count)]


class _Xoscar(xoscar.StatelessActor):  # type: ignore[misc]
    def __init__(self) -> None:
        self.tally = Tally()

    def note(self, message: Note) -> None:
        self.tally.handle(message)

    def question(self, message: Question) -> int:
        return message.number


class Xoscar(Contender):
    """xoscar's actors, in the pool of this process."""

    name = "xoscar"
    scale = 0.02

    async def begin(self) -> None:
        self._pool = await xoscar.create_actor_pool("127.0.0.1", n_process=0)
        self._one = await self._spawn()
        self._many = [await self._spawn() for _ in range(ACTORS)]

    async def _spawn(self) -> Any:
        return await xoscar.create_actor(_Xoscar, address=self._pool.external_address)

    async def end(self) -> None:
        await self._pool.stop()

    async def tell(self, count: int) -> None:
        for _ in range(count):
            await self._one.note.tell(NOTE)
        await self._one.question(QUESTION)

    async def fan_out(self, rounds: int) -> None:
        for _ in range(rounds):
            for ref in self._many:
                await ref.note.tell(NOTE)
            await self._many[-1].question(QUESTION)

    async def ask(self, count: int) -> None:
        for _ in range(count):
            await self._one.question(QUESTION)

    async def grow(self, count: int) -> list[Any]:
        return [await self._spawn() for _ in range(count)]
