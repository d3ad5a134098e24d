"""The command line. Exit codes: 0 all is well, 1 an expectation does not hold, 2 wrong input."""

from typing import TYPE_CHECKING

import click

from orchestrator.cli.compare import compare
from orchestrator.cli.replay import replay_command
from orchestrator.cli.run import run
from orchestrator.cli.schema import schema
from orchestrator.cli.up import up

if TYPE_CHECKING:
    from orchestrator.scenario.replay import Replayer


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="orchestrator")
def main() -> None:
    """A Kubernetes cluster in one Python interpreter."""


def _replayer() -> "Replayer":
    # Late: `orchestrator --help` needs none of it.
    from orchestrator.scenario.running.replaying import ScenarioReplayer

    return ScenarioReplayer()


main.add_command(run)
main.add_command(up)
main.add_command(compare)
main.add_command(schema)
main.add_command(replay_command(_replayer))

__all__ = ["main"]
