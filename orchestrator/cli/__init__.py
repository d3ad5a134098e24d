"""The command line. Exit codes: 0 all is well, 1 an expectation does not hold, 2 wrong input."""

import click

from orchestrator.cli.run import run
from orchestrator.cli.up import up


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="orchestrator")
def main() -> None:
    """A Kubernetes cluster in one Python interpreter."""


main.add_command(run)
main.add_command(up)

__all__ = ["main"]
