"""Where the logs of a command go: to standard error, from the level that was asked."""

import logging
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from actors.log import show

F = TypeVar("F", bound=Callable[..., Any])

LEVELS: Final = ("debug", "info", "warning", "error")
LOGGERS: Final = ("orchestrator", "actors")
_LEVEL: Final = f"{__name__}.level"


def option(command: F) -> F:
    """The option `--log-level` of a command."""
    return click.option(
        "--log-level",
        type=click.Choice(LEVELS),
        default="warning",
        show_default=True,
        expose_value=False,
        is_eager=True,
        callback=_configure,
        help="What to log to standard error.",
    )(command)


def _configure(context: click.Context, _option: click.Parameter, level: str) -> None:
    context.meta[_LEVEL] = level
    show(getattr(logging, level.upper()), LOGGERS)


def level() -> int:
    """The level that the command's user asked for, as `logging` has it."""
    number: int = getattr(logging, click.get_current_context().meta[_LEVEL].upper())
    return number
