"""`orchestrator up`: a cluster in real time, for kubectl, until Ctrl-C."""

from pathlib import Path

import click

from orchestrator.cli import logs, serving


@click.command()
@click.option("--nodes", type=click.IntRange(0, 5000), default=3, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Decides all that is chance.")
@serving.options
@logs.option
def up(nodes: int, seed: int, listen: tuple[str, int], kubeconfig: Path) -> None:
    """Run a cluster until Ctrl-C."""
    import actors  # late: `orchestrator --help` needs none of it

    actors.run(_serve, nodes, seed, listen, kubeconfig, virtual=False)


async def _serve(nodes: int, seed: int, listen: tuple[str, int], kubeconfig: Path) -> None:
    from orchestrator.cluster import Cluster

    async def run() -> None:
        async with Cluster(nodes=nodes, seed=seed) as cluster:
            what = f"{nodes} node{'' if nodes == 1 else 's'}"
            await serving.serve(cluster, what, listen, kubeconfig)

    await serving.until_signal(run())
