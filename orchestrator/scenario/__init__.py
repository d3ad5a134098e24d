"""Benchmark scenarios: a file says what happens in a cluster, a run says what came of it.

`model.py` is the language, `loading.py` checks a file, `runner.py` runs it, `history.py` and
`measures.py` watch, `report.py` writes. What a cluster does is not decided here.
"""

from orchestrator.scenario.errors import ScenarioError
from orchestrator.scenario.loading import Loaded, load
from orchestrator.scenario.report import Report, write_report
from orchestrator.scenario.runner import run_scenario

__all__ = ["Loaded", "Report", "ScenarioError", "load", "run_scenario", "write_report"]
