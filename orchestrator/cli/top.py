"""`orchestrator top`: a cluster in the terminal, as it lives."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from orchestrator.cli import access, logs
from orchestrator.cli.errors import InputError
from orchestrator.cli.scenarios import ScenarioPath
from orchestrator.cli.settings import settings_of
from orchestrator.extras import ExtraAbsent, need

if TYPE_CHECKING:
    from orchestrator.top.simulated import SimulatedSource
    from orchestrator.top.sources import Simulation, Source


@click.command()
@access.options
@click.option("--server", default="", metavar="URL", help="Another address than the kubeconfig's.")
@click.option(
    "--every",
    type=click.FloatRange(0.1),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look.",
)
@click.option(
    "--simulate",
    type=ScenarioPath(),
    metavar="SCENARIO",
    help="Run a scenario in virtual time instead, and look on.",
)
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="With --simulate: a parameter."
)
@click.option("--seed", type=int, help="With --simulate: decides all that is chance.")
@click.option(
    "--speed",
    type=click.FloatRange(1 / 16, 4096),
    default=1.0,
    show_default=True,
    help="With --simulate: seconds of the cluster's time in each of ours.",
)
@click.option("--paused", is_flag=True, help="With --simulate: begin with the time stopped.")
@logs.option
def top(
    kubeconfig: Path | None,
    context: str,
    server: str,
    every: float,
    simulate: Path | None,
    settings: tuple[str, ...],
    seed: int | None,
    speed: float,
    paused: bool,
) -> None:
    """Follow a cluster in the terminal: nodes, pods, events, its actors and their queues.

    Keys: 1 to 5 choose a tab, Enter opens an object's YAML, q ends. In a simulation the space bar stops
    time, s and m let a second and a minute pass, + and - change the speed.
    """
    try:
        need("textual", extra="top", what="orchestrator top shows a cluster")
    except ExtraAbsent as absent:
        raise InputError(str(absent)) from None
    from orchestrator.top.app import Top  # late: `orchestrator --help` needs none of it
    from orchestrator.top.sources import SourceError

    async def follow() -> None:
        simulation: Simulation | None = None
        source: Source
        if simulate is None:
            source = _served(kubeconfig, context, server)
        else:
            source = simulation = _simulated(simulate, settings, seed)
        try:
            if simulation is not None:
                await simulation.begin()
            await source.look()  # what is wrong is said before the screen is taken
            view = Top(source, every=every, simulation=simulation, speed=speed, paused=paused)
            await view.run_async()
        finally:
            await source.close()

    try:
        asyncio.run(follow())
    except SourceError as error:
        raise InputError(str(error)) from None


def _served(kubeconfig: Path | None, context: str, server: str) -> "Source":
    from orchestrator.top.served import ServedSource

    cluster = access.access_of(kubeconfig, context)
    return ServedSource(replace(cluster, server=server.rstrip("/")) if server else cluster)


def _simulated(path: Path, settings: tuple[str, ...], seed: int | None) -> "SimulatedSource":
    from orchestrator.scenario import ScenarioError, load
    from orchestrator.scenario.shipped import find_scenario, propose
    from orchestrator.top.simulated import SimulatedSource

    path = find_scenario(path)
    if not path.exists():
        raise InputError(f"{path}: cannot be read: there is no such file{propose(path)}")
    try:
        return SimulatedSource(load(path, settings_of(settings)), seed)
    except ScenarioError as error:
        raise InputError(str(error)) from None
