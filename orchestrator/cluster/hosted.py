"""A cluster in a thread of its own, for programs and notebooks that are not asynchronous.

`serving` runs a cluster in real time and serves it, so that code under test reaches it with any
Kubernetes client; `simulating` runs one in virtual time, which stands still between two calls. In
both, everything inside the cluster happens in the cluster's thread: `run` takes a function there.
"""

import asyncio
import inspect
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from math import inf
from pathlib import Path
from typing import Any, Protocol, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from actors import Misuse, virtual_loop_factory
from orchestrator.cluster.cluster import Cluster

K = TypeVar("K")
T = TypeVar("T")


class _Caller(Protocol):
    """Runs functions in the cluster's thread, and waits for what they answer."""

    def __call__(self, function: Callable[[], Any]) -> Any: ...


class HostedCluster:
    """The synchronous face of a cluster that lives in another thread.

    `cluster` is the `Cluster` itself; nothing of it may be called but through `run`.
    """

    def __init__(self, cluster: Cluster, call: _Caller) -> None:
        self.cluster = cluster
        self._call = call

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.cluster!r}>"

    def run(self, function: Callable[..., Awaitable[T] | T], *args: Any) -> T:
        """What `function(cluster, *args)` answers in the cluster's thread; a coroutine is awaited.

        Raises what the function raises, and Misuse once the block is left.
        """
        if not callable(function):
            raise TypeError(f"a function of the Cluster is expected, not {function!r}")
        return self._call(lambda: function(self.cluster, *args))  # type: ignore[no-any-return]

    def apply(self, source: str | Path | Iterable[Any], *, namespace: str = "") -> list[Any]:
        """As `Cluster.apply`."""
        return self._call(  # type: ignore[no-any-return]
            lambda: self.cluster.apply(source, namespace=namespace)
        )

    def wait(
        self,
        kind: type[K],
        name: str,
        condition: str | Callable[[K], bool],
        *,
        namespace: str = "",
        timeout: float = 60.0,
    ) -> K | None:
        """As `Client.wait`; `timeout` is in seconds of the cluster's clock."""
        return self._call(  # type: ignore[no-any-return]
            lambda: self.cluster.client.wait(
                kind, name, condition, namespace=namespace, timeout=timeout
            )
        )

    def end(self) -> None:
        """From now on every call is refused: the thread is about to end."""
        self._call = _refused

    def crash_node(self, name: str) -> None:
        """As `Cluster.crash_node`."""
        self._call(lambda: self.cluster.crash_node(name))

    def restart_node(self, name: str) -> None:
        """As `Cluster.restart_node`."""
        self._call(lambda: self.cluster.restart_node(name))


def _refused(function: Callable[[], Any]) -> Any:
    raise Misuse("this cluster has ended, with the block that it was for: make another")


class ServedCluster(HostedCluster):
    """A cluster in real time that listens at `url`; `kubeconfig` is the administrator's file."""

    def __init__(self, cluster: Cluster, call: _Caller, url: str, kubeconfig: Path) -> None:
        super().__init__(cluster, call)
        self.url = url
        self.kubeconfig = kubeconfig


class SimulatedCluster(HostedCluster):
    """A cluster in virtual time, which passes during calls only."""

    def advance(self, seconds: float) -> None:
        """Let so much virtual time pass. Raises ValueError for what is no time from 0 on."""
        if (
            isinstance(seconds, bool)
            or not isinstance(seconds, int | float)
            or not 0 <= seconds < inf
        ):
            raise ValueError(f"seconds is a number from 0 on, not {seconds!r}")
        self._call(lambda: self.cluster.clock.sleep(seconds))


@contextmanager
def serving(
    nodes: Any = 3,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    kubeconfig: Path | str | None = None,
    **options: Any,
) -> Iterator[ServedCluster]:
    """`with serving(nodes=3) as cluster:` a cluster that answers at `cluster.kubeconfig`.

    `kubeconfig` is where to write that file, else it stands in a directory of its own; it goes
    with the block. The other options are those of `Cluster`. Raises OSError when the address or
    the file cannot be had.
    """
    with start_blocking_portal("asyncio") as portal, tempfile.TemporaryDirectory() as directory:
        cluster = portal.call(lambda: _made(Cluster, nodes, options))
        path = Path(directory) / "kubeconfig" if kubeconfig is None else Path(kubeconfig)
        with portal.wrap_async_context_manager(cluster):
            front = portal.call(cluster.serve, host, port)
            front.write_kubeconfig(path)
            served = ServedCluster(cluster, _by_portal(portal), front.url, path)
            try:
                yield served
            finally:
                served.end()
                path.unlink(missing_ok=True)


async def _made(kind: type[Cluster], nodes: Any, options: dict[str, Any]) -> Cluster:
    return kind(nodes, **options)


def _by_portal(portal: BlockingPortal) -> _Caller:
    return lambda function: portal.call(_answer_of, function)


@contextmanager
def simulating(nodes: Any = 3, **options: Any) -> Iterator[SimulatedCluster]:
    """`with simulating(nodes=3) as cluster:` a cluster in virtual time, also in a notebook's cell.

    Virtual time passes while a call runs (`cluster.advance(600)`, `cluster.run(...)`), and stands
    still between calls. The options are those of `Cluster`.
    """
    thread = VirtualThread()
    try:
        cluster = Cluster(nodes, **options)
        thread(cluster.__aenter__)
        simulated = SimulatedCluster(cluster, thread)
        try:
            yield simulated
        finally:
            simulated.end()
            thread(lambda: cluster.__aexit__(None, None, None))
    finally:
        thread.close()


class VirtualThread:
    """A loop in virtual time that runs in a thread of its own, and only during calls."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="orchestrator")
        self._runner = asyncio.Runner(loop_factory=virtual_loop_factory)
        self._task: asyncio.Task[Any] | None = None
        self._thread: int | None = None

    def __call__(self, function: Callable[[], Any]) -> Any:
        if threading.get_ident() == self._thread:
            raise RuntimeError(
                "this is the cluster's own thread: await there instead of calling from it"
            )
        future: Future[Any] = self._executor.submit(self._run, function)
        try:
            return future.result()
        except KeyboardInterrupt:
            task = self._task
            if task is not None:
                self._runner.get_loop().call_soon_threadsafe(task.cancel)
            with suppress(CancelledError, asyncio.CancelledError):
                future.result()
            raise

    def _run(self, function: Callable[[], Any]) -> Any:
        self._thread = threading.get_ident()
        return self._runner.run(self._noted(function))

    async def _noted(self, function: Callable[[], Any]) -> Any:
        self._task = asyncio.current_task()
        try:
            return await _answer_of(function)
        finally:
            self._task = None

    def close(self) -> None:
        """End the loop and its thread."""
        self._executor.submit(self._runner.close).result()
        self._executor.shutdown()


async def _answer_of(function: Callable[[], Any]) -> Any:
    answer = function()
    return await answer if inspect.isawaitable(answer) else answer
