"""`orchestrator controller run`: controllers of one's own against any Kubernetes cluster."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import logs, serving
from orchestrator.cli.errors import InputError

if TYPE_CHECKING:
    from orchestrator.client import Controller
    from orchestrator.cluster.remote import RemoteCluster
    from orchestrator.gateway import Access


def _checked_lease(lease: str | None) -> str | None:
    """Raises InputError for what no Lease can be called: it would be waited for without end."""
    from orchestrator.machinery.names import dns1123_label_errors, dns1123_subdomain_errors

    if lease is not None:
        namespace, slash, name = lease.rpartition("/")
        if (slash and dns1123_label_errors(namespace)) or dns1123_subdomain_errors(name):
            raise InputError(
                f'--leader-elect: expected [NAMESPACE/]NAME such as kube-system/inventory, got "{lease}"'
            )
    return lease


@click.group()
def controller() -> None:
    """Run controllers outside of a simulated cluster."""


@controller.command()
@click.argument("names", metavar="CONTROLLER...", nargs=-1, required=True)
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the cluster is; unless given, found as kubectl does, or in a pod by its service account.",
)
@click.option("--context", default="", help="Of the kubeconfig; the current one if absent.")
@click.option(
    "--leader-elect",
    "lease",
    callback=lambda _ctx, _param, lease: _checked_lease(lease),
    metavar="[NAMESPACE/]NAME",
    help="Run only while this process holds the Lease of that name.",
)
@click.option(
    "--listen",
    type=serving.Address(),
    help="Serve /healthz, /readyz, /metrics and /debug/actors here; port 0 is any free one.",
)
@logs.option
def run(
    names: tuple[str, ...],
    kubeconfig: Path | None,
    context: str,
    lease: str | None,
    listen: tuple[str, int] | None,
) -> None:
    """Run each CONTROLLER, `module:Class` or the name of an installed one, until Ctrl-C.

    The class is the one that runs in a simulated cluster. Exit code 1 if the lease is lost, 2 if the input
    is wrong or the cluster cannot be reached.
    """
    import actors  # late: `orchestrator --help` needs none of it
    from orchestrator.gateway import AccessError, find_access, load_access

    sys.path.insert(0, os.getcwd())  # where a program's own modules are, as for `python -m`
    classes = [_class_of(name) for name in names]
    try:
        access = (
            load_access(kubeconfig, context=context)
            if kubeconfig is not None
            else find_access(context)
        )
    except AccessError as error:
        raise InputError(str(error)) from None
    actors.run(_run, classes, access, lease, listen, virtual=False)


def _class_of(name: str) -> "type[Controller]":
    """Raises InputError."""
    from orchestrator.controllers.installed import UnknownController, find

    module, colon, attribute = name.partition(":")
    if colon and ("/" in module or module.endswith(".py")):
        stem = Path(module).stem
        raise InputError(f"{name}: a module is named, and not a file: {stem}:{attribute} beside it")
    try:
        if not colon:
            return find(name)
        found: Any = getattr(import_module(module), attribute)
    except UnknownController as error:
        raise InputError(f"{error}; a class of your own is named module:Class") from None
    except (Exception, SystemExit) as error:  # the module's own, whatever it is
        raise InputError(f"{name} cannot be imported: {type(error).__name__}: {error}") from error
    return found  # type: ignore[no-any-return]  # whether it is one is checked where it is run


async def _run(
    classes: "list[type[Controller]]",
    access: "Access",
    lease: str | None,
    listen: tuple[str, int] | None,
) -> None:
    from orchestrator.cluster.remote import RemoteCluster
    from orchestrator.gateway import AccessError
    from orchestrator.protocol import ApiError

    async def work() -> None:
        try:
            async with RemoteCluster(access) as cluster, _pages(cluster, listen):
                await (_hold(cluster, classes) if lease is None else _lead(cluster, classes, lease))
        except (AccessError, ApiError, TypeError) as error:
            raise InputError(str(error)) from None

    await serving.until_signal(work())


@asynccontextmanager
async def _pages(cluster: "RemoteCluster", listen: tuple[str, int] | None) -> AsyncIterator[None]:
    if listen is None:
        yield
        return
    host, port = listen
    pages = cluster.pages(host, port)
    try:
        await pages.__aenter__()
    except OSError as error:
        raise InputError(
            f"cannot listen at {host}:{port}: {error.strerror}; --listen takes another"
        ) from None
    try:
        click.echo(f"pages at {pages.url}")
        yield
    finally:
        await pages.__aexit__(None, None, None)


async def _hold(cluster: "RemoteCluster", classes: "list[type[Controller]]") -> None:
    for each in classes:
        await cluster.run_controller(each)
        click.echo(f"{each.name} runs at {cluster.access.server}")
    click.echo("Ctrl-C ends it.")
    await asyncio.get_running_loop().create_future()


async def _lead(cluster: "RemoteCluster", classes: "list[type[Controller]]", lease: str) -> None:
    from orchestrator.client.election import Election

    namespace, slash, name = lease.rpartition("/")
    election = Election(
        cluster.client,
        cluster.clock,
        namespace=namespace if slash else cluster.access.namespace,
        name=name,
        identity=f"{socket.gethostname()}_{os.getpid()}",
    )
    click.echo(f"waiting for the lease {lease}")
    async with election.held() as lost:
        holding = asyncio.ensure_future(_hold(cluster, classes))
        await asyncio.wait((holding, lost), return_when=asyncio.FIRST_COMPLETED)
        if holding.done():
            holding.result()
        holding.cancel()
    raise click.ClickException(f"the lease {lease} is lost")
