"""What the commands that serve a cluster to kubectl have in common."""

import asyncio
import os
import shlex
import signal
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from orchestrator.cli.errors import InputError
from orchestrator.cli.parameters import AddressType

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.cluster import Cluster

DEFAULT_KUBECONFIG: Final = Path("~/.kube/orchestrator.yaml")
DEFAULT_LISTEN: Final = "127.0.0.1:6443"
# How long a cluster that is told to end may take to stop its actors before the process just ends.
END_SECONDS: Final = 1.5

F = TypeVar("F", bound="Callable[..., Any]")


class Address(AddressType):
    """HOST:PORT; the port 0 is any free one."""

    name = "HOST:PORT"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """The host and the port; an IPv6 address stands in brackets."""
        host, colon, port = str(value).rpartition(":")
        if not colon or not host or not port.isascii() or not port.isdecimal():
            self.fail(f'expected HOST:PORT such as {DEFAULT_LISTEN}, got "{value}"', param, ctx)
        if int(port) > 65535:
            self.fail(f"expected a port from 0 to 65535, got {port}", param, ctx)
        return host.removeprefix("[").removesuffix("]"), int(port)


def options(command: F) -> F:
    """The options `--listen` and `--kubeconfig`."""
    listen = click.option(
        "--listen",
        type=Address(),
        default=DEFAULT_LISTEN,
        show_default=True,
        help="Where the API server listens; port 0 is any free one.",
    )
    kubeconfig = click.option(
        "--kubeconfig",
        type=click.Path(path_type=Path, dir_okay=False),
        default=DEFAULT_KUBECONFIG,
        show_default=True,
        callback=lambda _ctx, _param, path: path.expanduser(),
        help="Where to write the administrator's kubeconfig.",
    )
    return listen(kubeconfig(command))


async def serve(
    cluster: "Cluster",
    what: str,
    listen: tuple[str, int],
    kubeconfig: Path,
    **front_options: Any,
) -> None:
    """Serve a cluster until the task is cancelled, saying `what` it is and how to reach it.

    The kubeconfig goes with the server, whose key it holds. Raises InputError when the address
    cannot be had or the kubeconfig not be written.
    """
    from orchestrator.apiserver.http import tune_process

    tune_process()
    host, port = listen
    try:
        front = await cluster.serve(host, port, **front_options)
    except OSError as error:
        raise InputError(
            f"cannot listen at {host}:{port}: {error.strerror}; --listen takes another"
        ) from None
    try:
        kubeconfig.parent.mkdir(parents=True, exist_ok=True)
        front.write_kubeconfig(kubeconfig)
    except OSError as error:
        raise InputError(
            f"cannot write {kubeconfig}: {error.strerror}; --kubeconfig takes another path"
        ) from None
    try:
        click.echo(f"{what} at {front.url}; Ctrl-C ends it.")
        click.echo(f"export KUBECONFIG={shlex.quote(str(kubeconfig))}")
        await asyncio.get_running_loop().create_future()
    finally:
        _remove(kubeconfig, front.kubeconfig())


async def until_signal(serving: Coroutine[Any, Any, None]) -> None:
    """Serve until Ctrl-C or SIGTERM. The process ends END_SECONDS later, however busy the cluster is.

    Raises what `serving` raises.
    """
    import anyio

    task = asyncio.ensure_future(serving)
    told = False

    async def end() -> None:
        nonlocal told
        async for _ in signals:
            told = True
            # A thread, for the loop may be busy; exiting twice does no harm.
            threading.Thread(target=_end_in_time, daemon=True).start()
            task.cancel()

    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        ending = asyncio.ensure_future(end())
        try:
            await task
        except asyncio.CancelledError:
            if not told:
                raise
        finally:
            ending.cancel()


def _end_in_time() -> None:
    threading.Event().wait(END_SECONDS)
    os._exit(0)


def _remove(path: Path, text: str) -> None:
    """Remove the file unless somebody else has written it meanwhile."""
    try:
        if path.read_text() == text:
            path.unlink()
    except OSError:
        pass  # it is gone, or was never a file of ours
