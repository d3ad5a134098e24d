"""`python -m orchestrator`: the command line, from its first moment."""

import signal
import sys

INTERRUPTED = 130  # what a shell says of a command that Ctrl-C ended


def main() -> None:
    """Run the command line and end the process. To be asked to end (SIGTERM) is Ctrl-C.

    A shell that runs a script has what it starts in the background ignore Ctrl-C; not so here: there
    is a report to write in the end, and SIGTERM must not be ignored with it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        from orchestrator.cli import command_line
    except KeyboardInterrupt:
        print("Interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    command_line()


if __name__ == "__main__":
    main()
