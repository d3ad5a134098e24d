"""`orchestrator explain-pod`: why a pod is where it is, or nowhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from orchestrator.cli import access, logs, scheduling
from orchestrator.cli.errors import InputError
from orchestrator.cli.terminal import output

if TYPE_CHECKING:
    from orchestrator.gateway import Access
    from orchestrator.scheduler import SchedulerConfiguration
    from orchestrator.scheduler.explaining import Explanation


@click.command("explain-pod")
@click.argument("pod", metavar="[NAMESPACE/]POD")
@access.options
@scheduling.option
@click.option(
    "--output",
    "-o",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
)
@logs.option
def explain_pod(
    pod: str,
    kubeconfig: Path | None,
    context: str,
    scheduler_config: Path | None,
    form: Literal["table", "json"],
) -> None:
    """Show for each node which plugin refuses a POD, or how each scores it.

    It reads the cluster as it is now, without the pod itself, and decides anew: any cluster will do.
    """
    import actors  # late: `orchestrator --help` needs none of it
    from orchestrator.cluster.errors import UnknownScheduler
    from orchestrator.gateway import AccessError
    from orchestrator.machinery.errors import MachineryError
    from orchestrator.protocol import ApiError
    from orchestrator.scheduler import SchedulerFault

    configuration = scheduling.configuration_file(scheduler_config)
    cluster = access.access_of(kubeconfig, context)
    try:
        found = actors.run(_explained, pod, cluster, configuration, virtual=False)
    except (AccessError, ApiError, MachineryError, SchedulerFault, UnknownScheduler) as error:
        raise InputError(str(error)) from None
    if form == "json":
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        _show(found)


async def _explained(
    pod: str, access: "Access", configuration: "SchedulerConfiguration"
) -> "Explanation":
    from orchestrator.cluster.explaining import explain_pod
    from orchestrator.cluster.remote import RemoteCluster

    namespace, slash, name = pod.rpartition("/")
    async with RemoteCluster(access, record_events=False) as cluster:
        where = namespace if slash else access.namespace
        return await explain_pod(cluster.client, name, configuration, namespace=where)


def _show(found: "Explanation") -> None:
    from rich.table import Table

    console = output()
    fit = [each for each in found.nodes if not each.refused_by]
    console.print(_sentence(found, len(fit)))
    if not found.nodes:
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("NODE")
    for name in (*found.plugins, "TOTAL") if fit else ():
        table.add_column(name, justify="right")
    table.add_column("REFUSED BY" if len(fit) < len(found.nodes) else "")
    for each in found.nodes:
        mark = " *" if each.node == found.node else ""
        scores = [str(each.scores.get(name, "")) for name in found.plugins] if fit else []
        total = ["" if each.refused_by else str(each.total)] if fit else []
        why = f"{each.refused_by}: {', '.join(each.reasons)}" if each.refused_by else ""
        table.add_row(each.node + mark, *scores, *total, why)
    console.print(table)
    if found.node:
        console.print("* where it is now")


def _sentence(found: "Explanation", fit: int) -> str:
    if found.refusal:
        return f"{found.pod}: no node is looked at: {found.refusal}"
    where = f"is on {found.node}" if found.node else "is on no node"
    best = found.best
    if not best:
        return f"{found.pod} {where}; none of {len(found.nodes)} nodes can take it"
    among = (
        best[0]
        if len(best) == 1
        else f"one of {len(best)} equals ({', '.join(best[:5])}{', …' if len(best) > 5 else ''})"
    )
    return f"{found.pod} {where}; {fit} of {len(found.nodes)} nodes can take it, and the scheduler would choose {among}"
