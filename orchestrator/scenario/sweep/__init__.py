"""Runs a sweep: each run in a process of its own, side by side, and their results joined.

What is promised: a run's results are those that it would have alone, whatever runs beside it. A process
that dies is a failed run with its reason; the others go on. When the sweep is told to end, its
processes end with the reports of what they reached; no process outlives it.

Which runs there are is planned by `loading/sweeps.py`. Here are the messages between the processes, a run's
process from inside (`worker.py`) and from outside (`process.py`), the loop that keeps so many of them
busy, and the joined report.
"""

from orchestrator.scenario.sweep.sweeping import SweepProgress, run_sweep

__all__ = ["SweepProgress", "run_sweep"]
