"""`orchestrator up`: a cluster in real time, for kubectl, until Ctrl-C."""

import shlex
import signal
from pathlib import Path
from typing import Final

import click

from orchestrator.cli import logs
from orchestrator.cli.errors import InputError

DEFAULT_KUBECONFIG: Final = Path("~/.kube/orchestrator.yaml")
DEFAULT_LISTEN: Final = "127.0.0.1:6443"


class Address(click.ParamType[tuple[str, int]]):
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


@click.command()
@click.option("--nodes", type=click.IntRange(0, 5000), default=3, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Decides all that is chance.")
@click.option(
    "--listen",
    type=Address(),
    default=DEFAULT_LISTEN,
    show_default=True,
    help="Where the API server listens; port 0 is any free one.",
)
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_KUBECONFIG,
    show_default=True,
    help="Where to write the administrator's kubeconfig.",
)
@logs.option
def up(nodes: int, seed: int, listen: tuple[str, int], kubeconfig: Path) -> None:
    """Run a cluster until Ctrl-C."""
    import actors  # late: `orchestrator --help` needs none of it

    actors.run(_serve, nodes, seed, listen, kubeconfig.expanduser(), virtual=False)


async def _serve(nodes: int, seed: int, listen: tuple[str, int], kubeconfig: Path) -> None:
    import anyio

    from orchestrator.cluster import Cluster

    host, port = listen
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with Cluster(nodes=nodes, seed=seed) as cluster:
            try:
                front = await cluster.serve(host, port)
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
            click.echo(f"{nodes} node{'' if nodes == 1 else 's'} at {front.url}; Ctrl-C ends it.")
            click.echo(f"export KUBECONFIG={shlex.quote(str(kubeconfig))}")
            async for _ in signals:
                break
