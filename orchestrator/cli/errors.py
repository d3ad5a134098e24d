"""What a command says when its input is wrong, and how it ends after Ctrl-C."""

from typing import Final

import click

INTERRUPTED: Final = 130  # what a shell says of a command that Ctrl-C ended


class InputError(click.ClickException):
    """One line on standard error, and exit code 2."""

    exit_code = 2
