"""Benchmark scenarios: a file says what happens in a cluster, a run says what came of it.

`language/` is what a file may say, `loading/` checks it, `running/` runs it, `sweep/` runs many of it,
`measures/` watch, `report/` writes and draws, `traces/` read recorded workloads. What a cluster does is not decided here.
"""

from typing import TYPE_CHECKING

from actors.late import late

if TYPE_CHECKING:
    from orchestrator.scenario.errors import ScenarioError as ScenarioError
    from orchestrator.scenario.loading import Loaded as Loaded
    from orchestrator.scenario.loading import load as load
    from orchestrator.scenario.report.model import Report as Report
    from orchestrator.scenario.report.writing import write_report as write_report
    from orchestrator.scenario.running.runner import run_scenario as run_scenario

__all__ = ["Loaded", "Report", "ScenarioError", "load", "run_scenario", "write_report"]

# Who only reads reports, or names a shipped scenario, does not wait for what runs one.
__getattr__, __dir__ = late(
    __name__,
    {
        "orchestrator.scenario.errors": ["ScenarioError"],
        "orchestrator.scenario.loading": ["Loaded", "load"],
        "orchestrator.scenario.report.model": ["Report"],
        "orchestrator.scenario.report.writing": ["write_report"],
        "orchestrator.scenario.running.runner": ["run_scenario"],
    },
)
