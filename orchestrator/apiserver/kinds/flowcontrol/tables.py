"""What `kubectl get` shows of the kinds of `flowcontrol`."""

from typing import Final

from orchestrator.api.flowcontrol.v1 import (
    FlowSchema,
    FlowSchemaSpec,
    FlowSchemaStatus,
    PriorityLevelConfiguration,
    PriorityLevelConfigurationSpec,
)
from orchestrator.apiserver.printing import NONE, Cell, Printer, Row, age


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


FLOWS: Final = Printer(
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


LEVELS: Final = Printer(
    cells=_level_cells,
)
