"""The scenario language: what a scenario file may say, as types.

An unknown key is an error, so is a value of another type. Durations are written as Go writes them
(`30s`, `1h30m`), quantities as Kubernetes does, and any value may be `"{{an expression}}"` of the
file's parameters. `orchestrator schema` prints all this as JSON Schema.
"""

from orchestrator.scenario.language.expectations import (
    Bounds,
    Expectation,
    Expected,
    ObjectExpectation,
    ServiceLevel,
)
from orchestrator.scenario.language.nodes import NodeChoice, NodeGroup, TaintSpec, TraceSource
from orchestrator.scenario.language.scenario import API_VERSION, Scenario, Spec, Sweep
from orchestrator.scenario.language.steps import (
    ACTIONS,
    Condition,
    Drain,
    FailApi,
    ObjectName,
    Repeat,
    Rollout,
    RolloutRestart,
    Scale,
    SetImage,
    Slow,
    Step,
    Target,
    Wait,
    WatchLoss,
)
from orchestrator.scenario.language.workloads import Arrivals, Workload

__all__ = [
    "ACTIONS",
    "API_VERSION",
    "Arrivals",
    "Bounds",
    "Condition",
    "Drain",
    "Expectation",
    "Expected",
    "FailApi",
    "NodeChoice",
    "NodeGroup",
    "ObjectExpectation",
    "ObjectName",
    "Repeat",
    "Rollout",
    "RolloutRestart",
    "Scale",
    "Scenario",
    "ServiceLevel",
    "SetImage",
    "Slow",
    "Spec",
    "Step",
    "Sweep",
    "TaintSpec",
    "Target",
    "TraceSource",
    "Wait",
    "WatchLoss",
    "Workload",
]
