"""The process of a run as the sweep sees it."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Final

from orchestrator.scenario.sweep.messages import Answer, Job, decode_answer, encode

_WORKER: Final = (sys.executable, "-P", "-m", "orchestrator.scenario.sweep.worker")
_CHUNK: Final = 1 << 16


class RunProcess:
    """A run's process, begun with the job that it gets. Raises OSError if there can be none.

    It is a new interpreter, never a fork, so that a run begins with nothing of another's; and in a
    session of its own, so that a terminal's Ctrl-C reaches the sweep alone, which then tells its
    processes once.
    """

    def __init__(self, job: Job) -> None:
        self.begun = time.perf_counter()
        self._rest = b""
        # Before it has a session of its own, a Ctrl-C would end it; the worker takes it up again.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
        try:
            self._process = subprocess.Popen(
                _WORKER,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},  # this very program
                start_new_session=True,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        with suppress(BrokenPipeError):  # it died at once, as the end of its output says
            self._input.write(encode(job) + b"\n")
            self._input.flush()

    def fileno(self) -> int:
        """Of its output, to wait for."""
        return self._output.fileno()

    def answers(self) -> list[Answer] | None:
        """What it has said meanwhile; None if it has ended and there is nothing more to come."""
        data = os.read(self.fileno(), _CHUNK)
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [decode_answer(line) for line in lines]

    def interrupt(self) -> None:
        """Let it end with the report of what it reached."""
        with suppress(BrokenPipeError):
            self._input.close()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def end(self) -> str:
        """Wait for its end; answers how that came."""
        self.interrupt()
        code = self._process.wait()
        self._output.close()
        if code >= 0:
            return f"its process ended with exit code {code}"
        name = signal.Signals(-code).name
        why = ", as is done when memory runs out" if -code == signal.SIGKILL else ""
        return f"its process was killed ({name}{why})"
