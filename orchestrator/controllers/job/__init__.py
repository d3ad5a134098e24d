"""Jobs: pods that run to their end, counted once each.

`controller.py` is the actor's side; beside it are decisions on plain values: `tally.py` counts the
pods, `verdict.py` says whether the Job is over and why, `failure_policy.py` is the Job's own view
of failures, `plan.py` says how many pods to make or take back and `backoff.py` when, `indexes.py`
reads and writes sets of indexes, `template.py` stamps pods.
"""

from orchestrator.controllers.job.controller import JobController

__all__ = ["JobController"]
