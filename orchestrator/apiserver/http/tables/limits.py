"""What limits and orders others: quotas, disruption budgets, priorities, runtime classes."""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api.core.v1 import ResourceQuota, ResourceQuotaStatus
from orchestrator.api.flowcontrol.v1 import (
    FlowSchema,
    FlowSchemaSpec,
    FlowSchemaStatus,
    PriorityLevelConfiguration,
    PriorityLevelConfigurationSpec,
)
from orchestrator.api.node.v1 import RuntimeClass
from orchestrator.api.policy.v1 import (
    PodDisruptionBudget,
    PodDisruptionBudgetSpec,
    PodDisruptionBudgetStatus,
)
from orchestrator.api.scheduling.v1 import PriorityClass
from orchestrator.apiserver.http.tables.printer import (
    AGE,
    NAME,
    NONE,
    Cell,
    Printer,
    Row,
    age,
    column,
)


def _quota_cells(obj: ResourceQuota, now: float) -> Row:
    status = obj.status or ResourceQuotaStatus()
    requests: list[str] = []
    limits: list[str] = []
    for name in sorted(status.hard):
        text = f"{name}: {status.used.get(name, 0)}/{status.hard[name]}"
        (limits if name.startswith("limits.") else requests).append(text)
    return obj.metadata.name, age(obj, now), ", ".join(requests), ", ".join(limits)


_QUOTAS: Final = Printer(
    columns=(
        NAME,
        AGE,
        column("Request", "What is used of what may be used or asked for."),
        column("Limit", "The same for what pods may use at the most."),
    ),
    cells=_quota_cells,
)


def _budget_cells(obj: PodDisruptionBudget, now: float) -> Row:
    spec, status = obj.spec or PodDisruptionBudgetSpec(), obj.status or PodDisruptionBudgetStatus()
    return (
        obj.metadata.name,
        "N/A" if spec.min_available is None else str(spec.min_available),
        "N/A" if spec.max_unavailable is None else str(spec.max_unavailable),
        status.disruptions_allowed,
        age(obj, now),
    )


_BUDGETS: Final = Printer(
    columns=(
        NAME,
        column("Min Available", "How many pods must be left."),
        column("Max Unavailable", "How many pods may be missing."),
        column("Allowed Disruptions", "How many pods may be evicted now.", "integer"),
        AGE,
    ),
    cells=_budget_cells,
)


def _priority_cells(obj: PriorityClass, now: float) -> Row:
    return (
        obj.metadata.name,
        obj.value,
        bool(obj.global_default),
        age(obj, now),
        obj.preemption_policy or "",
    )


_PRIORITIES: Final = Printer(
    columns=(
        NAME,
        column("Value", "The priority; higher goes first.", "integer"),
        column("Global-Default", "Whether pods without a class have it.", "boolean"),
        AGE,
        column("PreemptionPolicy", "Whether pods of the class push others out."),
    ),
    cells=_priority_cells,
)


def _runtime_cells(obj: RuntimeClass, now: float) -> Row:
    return obj.metadata.name, obj.handler, age(obj, now)


_RUNTIMES: Final = Printer(
    columns=(NAME, column("Handler", "What runs pods of the class on their node."), AGE),
    cells=_runtime_cells,
)


def _flow_cells(obj: FlowSchema, now: float) -> Row:
    spec, status = obj.spec or FlowSchemaSpec(), obj.status or FlowSchemaStatus()
    method = spec.distinguisher_method
    dangling = next((c.status for c in status.conditions if c.type == "Dangling"), None)
    return (
        obj.metadata.name,
        spec.priority_level_configuration.name,
        spec.matching_precedence or 0,
        NONE if method is None else method.type,
        age(obj, now),
        dangling or "?",
    )


_FLOWS: Final = Printer(
    columns=(
        NAME,
        column("PriorityLevel", "The priority level of its requests."),
        column("MatchingPrecedence", "Which schema is asked first; lower goes first."),
        column("DistinguisherMethod", "By what flows are told apart."),
        AGE,
        column("MissingPL", "Whether the priority level is missing."),
    ),
    cells=_flow_cells,
)


def _level_cells(obj: PriorityLevelConfiguration, now: float) -> Row:
    spec = obj.spec or PriorityLevelConfigurationSpec()
    shares: Cell = NONE
    queues: tuple[Cell, Cell, Cell] = (NONE, NONE, NONE)
    if spec.limited is not None:
        shares = spec.limited.nominal_concurrency_shares or 0
        response = spec.limited.limit_response
        if response is not None and response.queuing is not None:
            queuing = response.queuing
            queues = (
                queuing.queues or 0,
                queuing.hand_size or 0,
                queuing.queue_length_limit or 0,
            )
    return (obj.metadata.name, spec.type, shares, *queues, age(obj, now))


_LEVELS: Final = Printer(
    columns=(
        NAME,
        column("Type", "Exempt, or limited."),
        column("NominalConcurrencyShares", "Its share of the server."),
        column("Queues", "How many queues it has."),
        column("HandSize", "How many queues a flow may use."),
        column("QueueLengthLimit", "How many requests a queue holds."),
        AGE,
    ),
    cells=_level_cells,
)

TABLES: Final[Mapping[type[Any], Printer[Any]]] = {
    ResourceQuota: _QUOTAS,
    PodDisruptionBudget: _BUDGETS,
    PriorityClass: _PRIORITIES,
    RuntimeClass: _RUNTIMES,
    FlowSchema: _FLOWS,
    PriorityLevelConfiguration: _LEVELS,
}
