"""Where commands print to."""

from typing import Final

from rich.console import Console

_AS_WIDE_AS_IT_IS: Final = 100_000


def output() -> Console:
    """Standard output. On a terminal, what is too wide is folded; a file or a pipe gets it whole."""
    console = Console()
    return console if console.is_terminal else Console(width=_AS_WIDE_AS_IT_IS)
