"""Where the logs of a command go: to standard error, from the level that was asked."""

import logging
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from actors.log import show

F = TypeVar("F", bound=Callable[..., Any])

LEVELS: Final = ("debug", "info", "warning", "error")
LOGGERS: Final = ("orchestrator", "actors")
REQUESTS: Final = "orchestrator.requests"  # what the HTTP front calls the logger of its requests
_LEVEL: Final = f"{__name__}.level"
_VERBOSITY: Final = f"{__name__}.verbosity"
_FORMAT: Final = f"{__name__}.format"
# From which --v on there is more: all that the cluster does, a line a request, and what is for its developers.
_INFO, _LINES, _DEBUG = 1, 3, 5


def option(command: F) -> F:
    """The option `--log-level` of a command."""
    return click.option(
        "--log-level",
        type=click.Choice(LEVELS),
        default="warning",
        show_default=True,
        expose_value=False,
        is_eager=True,
        callback=_configure(_LEVEL),
        help="What to log to standard error.",
    )(command)


def serving_options(command: F) -> F:
    """`--log-level`, and kube-apiserver's `--v` and `--logging-format`."""
    verbosity = click.option(
        "-v",
        "--v",
        type=click.IntRange(0, 10),
        default=0,
        show_default=True,
        expose_value=False,
        is_eager=True,
        callback=_configure(_VERBOSITY),
        help="More of the log: 1 all that happens, 3 a line a request, 5 what is for developers.",
    )
    form = click.option(
        "--logging-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        expose_value=False,
        is_eager=True,
        callback=_configure(_FORMAT),
        help="Lines of text, or of JSON.",
    )
    return verbosity(form(option(command)))


def _configure(key: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """The callback of an option. Each may come first, so each applies what is known by then."""

    def apply(context: click.Context, _option: click.Parameter, value: Any) -> None:
        context.meta[key] = value
        verbosity = context.meta.get(_VERBOSITY, 0)
        wanted = logging.getLevelName(context.meta.get(_LEVEL, "warning").upper())
        if verbosity >= _INFO:
            wanted = min(wanted, logging.INFO if verbosity < _DEBUG else logging.DEBUG)
        show(wanted, LOGGERS, as_json=context.meta.get(_FORMAT) == "json")
        if verbosity >= _LINES:
            logging.getLogger(REQUESTS).setLevel(logging.DEBUG)

    return apply


def level() -> int:
    """The level that the command's user asked for, as `logging` has it."""
    number: int = getattr(logging, click.get_current_context().meta[_LEVEL].upper())
    return number
