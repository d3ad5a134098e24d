"""What a command says when its input is wrong, and how it ends after Ctrl-C."""

from typing import Final

import click

from orchestrator.extras import ExtraAbsent, need

INTERRUPTED: Final = 130  # what a shell says of a command that Ctrl-C ended


class InputError(click.ClickException):
    """One line on standard error, and exit code 2."""

    exit_code = 2


def need_plots(option: str, without: str = "") -> None:
    """Find out before a long run whether pages can be drawn. Raises InputError."""
    try:
        need("matplotlib", extra="plots", what=f"{option} draws its page")
    except ExtraAbsent as absent:
        raise InputError(f"{absent}{without}") from None
