"""`python -m orchestrator`: the command line, from its first moment."""

import signal
import sys
from typing import Any, Final

_MOMENT_SECONDS: Final = 0.01
INTERRUPTED = 130  # what a shell says of a command that Ctrl-C ended


def main() -> None:
    """Run the command line and end the process. To be asked to end (SIGTERM) is Ctrl-C.

    A shell that runs a script has what it starts in the background ignore Ctrl-C; not so here: there
    is a report to write in the end, and SIGTERM must not be ignored with it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    sys.unraisablehook = _heard_again
    try:
        from orchestrator.cli import command_line
    except KeyboardInterrupt:
        print("Interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    command_line()


def _heard_again(unraisable: Any) -> None:
    """Ctrl-C in a callback, as of an import, cannot be raised there: it comes again in a moment, and not as a traceback."""
    if not issubclass(unraisable.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    from threading import Timer, main_thread  # late: nearly no command needs it

    Timer(_MOMENT_SECONDS, signal.pthread_kill, (main_thread().ident, signal.SIGINT)).start()


if __name__ == "__main__":
    main()
