"""`orchestrator up`: a cluster in real time, for kubectl, until Ctrl-C."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import logs, serving
from orchestrator.cli.errors import InputError

if TYPE_CHECKING:
    from orchestrator.apiserver.admission import Admission


class _Names(click.ParamType[tuple[str, ...]]):
    """Names with commas between them."""

    name = "names"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(name.strip() for name in value.split(",") if name.strip())


NAMES = _Names()


@click.command()
@click.option("--nodes", type=click.IntRange(0, 5000), default=3, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Decides all that is chance.")
@click.option(
    "--enable-admission-plugins",
    "enable",
    type=NAMES,
    default="",
    metavar="NAME,...",
    help="Admission plugins to ask beside those that are on.",
)
@click.option(
    "--disable-admission-plugins",
    "disable",
    type=NAMES,
    default="",
    metavar="NAME,...",
    help="Admission plugins not to ask.",
)
@serving.options
@logs.option
def up(
    nodes: int,
    seed: int,
    enable: tuple[str, ...],
    disable: tuple[str, ...],
    listen: tuple[str, int],
    kubeconfig: Path,
) -> None:
    """Run a cluster until Ctrl-C."""
    import actors  # late: `orchestrator --help` needs none of it
    from orchestrator.apiserver.admission import Admission, AdmissionError, chain_of

    admission = Admission(enable, disable)
    try:
        chain_of(admission)
    except AdmissionError as error:
        raise InputError(str(error)) from None
    actors.run(_serve, nodes, seed, admission, listen, kubeconfig, virtual=False)


async def _serve(
    nodes: int, seed: int, admission: "Admission", listen: tuple[str, int], kubeconfig: Path
) -> None:
    from orchestrator.cluster import Cluster

    async def run() -> None:
        async with Cluster(nodes=nodes, seed=seed, admission=admission) as cluster:
            what = f"{nodes} node{'' if nodes == 1 else 's'}"
            await serving.serve(cluster, what, listen, kubeconfig)

    await serving.until_signal(run())
