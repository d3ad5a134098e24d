"""The command line. Exit codes: 0 all is well, 1 an expectation does not hold, 2 wrong input."""

import os
import sys
from typing import TYPE_CHECKING, NoReturn

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


def command_line() -> NoReturn:
    """Run the command that the process was started for, and end the process with its exit code.

    It ends without taking its objects apart one by one: a large cluster's would take seconds.
    """
    try:
        main(prog_name="orchestrator")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads any more
        code = code or 1
    os._exit(code)


__all__ = ["command_line", "main"]
