"""The process of one run: `python -m orchestrator.scenario.sweep.worker`.

Its input is one line, the job. When the input ends, so does the run, with the report of what it
reached: that is how it is told of Ctrl-C, and how it notices that the sweep is gone. It answers on its
output; what others print goes to standard error.
"""

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from actors.log import show
from orchestrator.scenario.loading import Source, load_text
from orchestrator.scenario.report import wording
from orchestrator.scenario.report.drawing import draw_while
from orchestrator.scenario.report.model import HTML_FILE, Report
from orchestrator.scenario.report.writing import write_report, write_whole
from orchestrator.scenario.running.runner import Progress, run_scenario
from orchestrator.scenario.sweep.messages import (
    NOT_REACHED,
    Answer,
    At,
    Ended,
    Job,
    Lost,
    decode_job,
    encode,
)

_LOOK_SECONDS: Final = 0.01


def main() -> None:
    """Run the job on standard input."""
    _expect_interruption()
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    line = sys.stdin.buffer.readline()
    if not line:  # the sweep ended before it said what to run
        return
    _tell(output, _work(decode_job(line), lambda answer: _tell(output, answer)))
    sys.stderr.flush()
    os._exit(0)  # what a large cluster leaves takes seconds to be freed one by one


def _expect_interruption() -> None:
    """Nothing that came for the sweep and its group, and whatever this process has inherited."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # which forgets what waits to be delivered
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupt_at_end(asked: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    asked.set()
    # Only a loop that runs takes an interruption well; from then on the signal is the loop's.
    while signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGINT)


def _tell(output: IO[bytes], answer: Answer) -> None:
    with suppress(BrokenPipeError):  # the sweep is gone, and the input says so, too
        output.write(encode(answer) + b"\n")
        output.flush()


def _work(job: Job, tell: Callable[[Answer], None]) -> Answer:
    asked = threading.Event()  # to end
    try:
        _log(job)
        try:
            threading.Thread(target=_interrupt_at_end, args=(asked,), daemon=True).start()
            report = _run(job, tell)
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is left does not take long
        if job.out is not None:
            _write(report, Path(job.out), lambda: job.page and not asked.is_set())
    except KeyboardInterrupt:
        return Lost(NOT_REACHED, interrupted=True)
    except OSError as error:
        return Lost(f"{error.strerror or error}: {error.filename or job.out}")
    except Exception as error:  # of one run; the others go on
        traceback.print_exc()
        return Lost(f"{type(error).__name__}: {error}")
    return Ended(
        outcome=report.outcome,
        reason=wording.reason(report),
        digest=report.digest,
        measures=report.measures,
    )


def _run(job: Job, tell: Callable[[Answer], None]) -> Report:
    def show(now: Progress) -> None:
        tell(At(now.step, now.virtual_seconds))

    loaded = load_text(Source(Path(job.path), job.text), job.parameters)
    # What the run imports late. It takes its time, and ends for no signal; the sweep just kills who is at it.
    import orchestrator.cluster.components  # noqa: F401

    tell(At("nodes", 0.0))  # from here on there is something to report
    return run_scenario(
        loaded,
        seed=job.seed,
        virtual=job.clock == "virtual",
        command=job.command,
        on_progress=show,
        events=Path(job.out) if job.events and job.out is not None else None,
    )


def _write(report: Report, directory: Path, wants_page: Callable[[], bool]) -> None:
    write_report(report, directory)
    page = draw_while(wants_page, lambda: _page(report))
    if page is not None:
        write_whole(directory / HTML_FILE, (page.encode(),))


def _page(report: Report) -> str:
    from orchestrator.scenario.report.html import render  # late: not always asked for

    return render(report)


def _log(job: Job) -> None:
    """To standard error, which all runs share; so each line names its run."""
    show(job.log_level, ("orchestrator", "actors"), run=job.name)


if __name__ == "__main__":
    main()
