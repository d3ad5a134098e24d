"""The command line. Exit codes: 0 all is well, 1 an expectation does not hold, 2 wrong input, 130 after
Ctrl-C.
"""

import errno
import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import click

from actors.runner import GC_THRESHOLDS
from orchestrator.cli.compare import compare
from orchestrator.cli.controller import controller
from orchestrator.cli.doctor import doctor
from orchestrator.cli.errors import INTERRUPTED
from orchestrator.cli.explain_pod import explain_pod
from orchestrator.cli.page import page
from orchestrator.cli.replay import replay_command
from orchestrator.cli.run import run
from orchestrator.cli.schema import schema
from orchestrator.cli.top import top
from orchestrator.cli.up import up
from orchestrator.extras import version_of

if TYPE_CHECKING:
    from orchestrator.scenario.replay import Replayer


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C before there is anything to finish, or the second one, is one line."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("Interrupted", err=True)
        sys.exit(INTERRUPTED)


class _Commands(click.Group):
    def make_context(self, *args: Any, **options: Any) -> click.Context:
        with _interruptible():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with _interruptible():
            return super().invoke(ctx)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version_of())
def main() -> None:
    """A Kubernetes cluster in one Python interpreter."""


def _replayer() -> "Replayer":
    # Late: `orchestrator --help` needs none of it.
    from orchestrator.scenario.running.replaying import ScenarioReplayer

    return ScenarioReplayer()


main.add_command(run)
main.add_command(up)
main.add_command(top)
main.add_command(compare)
main.add_command(page)
main.add_command(controller)
main.add_command(explain_pod)
main.add_command(schema)
main.add_command(doctor)
main.add_command(replay_command(_replayer))


def command_line() -> NoReturn:
    """Run the command that the process was started for, and end the process with its exit code.

    It ends without taking its objects apart one by one: a large cluster's would take seconds. Nor does the
    garbage collector go over them, as it would when a report is drawn of a cluster that is over.
    """
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        try:
            main(prog_name="orchestrator")
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left to interrupt
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        click.echo(f"Error: cannot write to standard output: {error.strerror}", err=True)
        code = 2
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads any more, or there is no room
        code = code or 1
    os._exit(code)


__all__ = ["command_line", "main"]
