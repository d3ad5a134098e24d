"""CronJobs: a Job at each time of a schedule.

`timing.py` says which time is due, `controller.py` keeps the Jobs and the history of them.
"""

from orchestrator.controllers.cron_job.controller import CronJobController

__all__ = ["CronJobController"]
