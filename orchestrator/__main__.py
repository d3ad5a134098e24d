"""`python -m orchestrator`: the command line, from its first moment to its last."""

import errno
import os
import signal
import sys

INTERRUPTED = 130  # what a shell says of a command that Ctrl-C ended


def main() -> None:
    """Run the command line. To be asked to end (SIGTERM) is Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        from orchestrator.cli import main as command
    except KeyboardInterrupt:
        print("Interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    try:
        try:
            command(prog_name="orchestrator")
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left to interrupt
            sys.stdout.flush()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(f"Error: cannot write to standard output: {error.strerror}", file=sys.stderr)
        os._exit(2)  # at its end the interpreter would try to write once more


if __name__ == "__main__":
    main()
