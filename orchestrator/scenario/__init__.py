"""Benchmark scenarios: a file says what happens in a cluster, a run says what came of it.

`language/` is what a file may say, `loading/` checks it, `running/` runs it, `sweep/` runs many of it,
`measures/` watch, `report/` writes and draws, `traces/` read recorded workloads. What a cluster does is not decided here.
"""

from orchestrator.scenario.errors import ScenarioError
from orchestrator.scenario.loading import Loaded, load
from orchestrator.scenario.report.model import Report
from orchestrator.scenario.report.writing import write_report
from orchestrator.scenario.running.runner import run_scenario

__all__ = ["Loaded", "Report", "ScenarioError", "load", "run_scenario", "write_report"]
