"""From a file to a checked scenario; every fault is a ScenarioError that says where.

`source.py` is the file and its errors, `parameters.py` fills in expressions, the others check one
part each and make a plan of it: what a run needs, with nothing left to go wrong in the file.
"""

from orchestrator.scenario.loading.loader import Loaded, load, load_text
from orchestrator.scenario.loading.nodes import GroupPlan
from orchestrator.scenario.loading.source import Source
from orchestrator.scenario.loading.steps import StepPlan, all_steps
from orchestrator.scenario.loading.sweeps import PlannedRun, SweepPlan, plan_sweep
from orchestrator.scenario.loading.workloads import Arrival, WorkloadPlan

__all__ = [
    "Arrival",
    "GroupPlan",
    "Loaded",
    "PlannedRun",
    "Source",
    "StepPlan",
    "SweepPlan",
    "WorkloadPlan",
    "all_steps",
    "load",
    "load_text",
    "plan_sweep",
]
