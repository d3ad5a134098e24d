"""What a command says when its input is wrong."""

import click


class InputError(click.ClickException):
    """One line on standard error, and exit code 2."""

    exit_code = 2
