"""Where the logs of a command go: to standard error, from the level that was asked."""

import logging
import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click
import structlog

F = TypeVar("F", bound=Callable[..., Any])

LEVELS: Final = ("debug", "info", "warning", "error")
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
    configure(level)


def level() -> int:
    """The level that the command's user asked for, as `logging` has it."""
    number: int = getattr(logging, click.get_current_context().meta[_LEVEL].upper())
    return number


def configure(level: str) -> None:
    """Log lines of at least `level` (`debug`, `info`, `warning`, `error`) to standard error."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
    )
