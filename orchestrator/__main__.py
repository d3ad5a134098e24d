"""`python -m orchestrator`: the command line, from its first moment."""

import signal
import sys

INTERRUPTED = 130  # what a shell says of a command that Ctrl-C ended


def main() -> None:
    """Run the command line and end the process. To be asked to end (SIGTERM) is Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        from orchestrator.cli import command_line
    except KeyboardInterrupt:
        print("Interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    command_line()


if __name__ == "__main__":
    main()
