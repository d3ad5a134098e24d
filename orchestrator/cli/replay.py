"""`orchestrator replay`: a run's cluster as it was at any moment, for kubectl, until Ctrl-C."""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from orchestrator.cli import logs, serving
from orchestrator.cli.errors import INTERRUPTED, InputError

if TYPE_CHECKING:
    from orchestrator.scenario.replay import Replayer
    from orchestrator.scenario.report.model import Report

READ_ONLY: Final = (
    "this is a replay and its time stands still; replay with --branch to let the cluster live on "
    "from this moment, and to write to it"
)


def replay_command(find_replayer: Callable[[], "Replayer"]) -> click.Command:
    """The command, with who runs scenarios again; that is asked for when the command runs."""

    @click.command()
    @click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
    @click.option(
        "--until",
        required=True,
        metavar="T",
        help="The moment: a duration since the run's start, such as 90s or 1h30m.",
    )
    @click.option("--branch", is_flag=True, help="Let the cluster live on from there in real time.")
    @serving.options
    @logs.option
    def replay(
        directory: Path, until: str, branch: bool, listen: tuple[str, int], kubeconfig: Path
    ) -> None:
        """Bring back the cluster of the run that wrote DIR, as it was at a moment.

        It is read-only and its time stands still, unless it branches off.
        """
        import actors  # late: `orchestrator --help` needs none of it
        from orchestrator.scenario.replay import ReplayError, parse_until, read_replayable

        try:
            report = read_replayable(directory)
            seconds = parse_until(until, report)
            what = f"{report.scenario} after {until}{'' if branch else ', read-only'}"
            actors.run(_serve, find_replayer(), report, seconds, branch, what, listen, kubeconfig)
        except ReplayError as error:
            raise InputError(str(error)) from None
        except KeyboardInterrupt:  # before anything was served
            sys.exit(INTERRUPTED)

    return replay


async def _serve(
    replayer: "Replayer",
    report: "Report",
    until: float,
    branch: bool,
    what: str,
    listen: tuple[str, int],
    kubeconfig: Path,
) -> None:
    from actors.virtual import VirtualLoop
    from orchestrator.apiserver.http.pki import generate
    from orchestrator.scenario.replay import check_same_history

    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    # Clients judge certificates by the wall's clock, not by the cluster's.
    certificates = generate(time.time(), hosts=(listen[0],))  # noqa: TID251
    async with replayer.bring_to(report, until) as moment:
        check_same_history(report, moment.digests, until)
        if branch:
            loop.become_real()
        else:
            loop.stand_still()
        try:
            await serving.until_signal(
                serving.serve(
                    moment.cluster,
                    what,
                    listen,
                    kubeconfig,
                    pki=certificates,
                    read_only="" if branch else READ_ONLY,
                )
            )
        finally:
            loop.become_real()  # what ends with the block may have to wait for it
