"""What Kubernetes fills in of the kinds of `flowcontrol`."""

from orchestrator.api.flowcontrol.v1 import FlowSchema, PriorityLevelConfiguration
from orchestrator.apiserver.defaults.change import fill, fill_zero, put


def default_flow_schema(schema: FlowSchema) -> FlowSchema:
    """In the middle of the order."""
    if schema.spec is None:
        return schema
    return put(schema, spec=fill_zero(schema.spec, matching_precedence=1000))


def default_priority_level(level: PriorityLevelConfiguration) -> PriorityLevelConfiguration:
    """Shares and queues of a usual size."""
    spec = level.spec
    if spec is None:
        return level
    exempt, limited = spec.exempt, spec.limited
    if exempt is not None:
        exempt = fill(exempt, nominal_concurrency_shares=0, lendable_percent=0)
    if limited is not None:
        limited = fill(limited, nominal_concurrency_shares=30, lendable_percent=0)
        response = limited.limit_response
        if response is not None and response.queuing is not None:
            queuing = fill_zero(response.queuing, hand_size=8, queues=64, queue_length_limit=50)
            limited = put(limited, limit_response=put(response, queuing=queuing))
    return put(level, spec=put(spec, exempt=exempt, limited=limited))
