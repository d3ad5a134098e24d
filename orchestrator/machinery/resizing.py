"""What a pod that has its node is counted with while its resources change in place.

Until a resize has been carried out the greater counts of what the spec asks for, what the kubelet has
promised and what the containers have. One that the kubelet says is infeasible does not count.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    Container,
    ContainerStatus,
    Pod,
    PodStatus,
    ResourceRequirements,
)
from orchestrator.machinery import quantities
from orchestrator.machinery.quantities import Quantity
from orchestrator.machinery.resources import Needs, is_sidecar, pod_needs

_PENDING = "PodResizePending"
_INFEASIBLE = "Infeasible"
_NOTHING = ResourceRequirements()


def is_resizing(pod: Pod) -> bool:
    """Whether a pod's status has other requests than its spec."""
    spec, status = pod.spec, pod.status
    if spec is None or status is None:
        return False
    whole = status.resources
    if whole is not None and spec.resources is not None:
        asked, promised = spec.resources.requests, status.allocated_resources
        if whole.requests != asked or (promised and promised != asked):
            return True
    if status.container_statuses and _any_differs(spec.containers, status.container_statuses):
        return True
    statuses = status.init_container_statuses
    return bool(statuses) and _any_differs(spec.init_containers, statuses)


def placed_needs(pod: Pod) -> Needs:
    """What the scheduler counts for a pod on its node. Raises QuantityError."""
    return pod_needs(_as_counted(pod) if is_resizing(pod) else pod)


def _any_differs(containers: Sequence[Container], statuses: Sequence[ContainerStatus]) -> bool:
    """Whether a container has, or was promised, something else than its spec asks for.

    Asked at each change of a pod that runs, so written for the case that nothing differs.
    """
    for place, each in enumerate(statuses):
        actual = each.resources
        if actual is None:
            continue
        container = containers[place] if place < len(containers) else None
        if container is None or container.name != each.name:
            container = next((c for c in containers if c.name == each.name), None)
            if container is None:
                continue
        asked = (container.resources or _NOTHING).requests
        promised = each.allocated_resources
        if actual.requests != asked or (promised and promised != asked):
            return True
    return False


def _as_counted(pod: Pod) -> Pod:
    """The pod with the requests that count in its spec."""
    spec, status = pod.spec, pod.status
    assert spec is not None
    assert status is not None
    known = {s.name: s for s in (*status.container_statuses, *status.init_container_statuses)}
    feasible = not _is_infeasible(status)
    resources = spec.resources
    if resources is not None and status.resources is not None:
        counted = _greatest(
            resources.requests if feasible else {},
            status.resources.requests,
            status.allocated_resources,
        )
        requests = {name: counted[name] for name in resources.requests if name in counted}
        resources = replace(resources, requests=requests)

    def of(container: Container) -> Container:
        found = known.get(container.name)
        if found is None or found.resources is None:
            return container
        own = container.resources or _NOTHING
        requests = _greatest(
            own.requests if feasible else {}, found.resources.requests, found.allocated_resources
        )
        return replace(container, resources=replace(own, requests=requests))

    return replace(
        pod,
        spec=replace(
            spec,
            containers=tuple(map(of, spec.containers)),
            init_containers=tuple(of(c) if is_sidecar(c) else c for c in spec.init_containers),
            resources=resources,
        ),
    )


def _is_infeasible(status: PodStatus) -> bool:
    pending = next((each for each in status.conditions if each.type == _PENDING), None)
    return pending is not None and pending.reason == _INFEASIBLE


def _greatest(*lists: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """Of each resource the greatest of the amounts that name it."""
    found: dict[str, Quantity] = {}
    for amounts in lists:
        for name, amount in amounts.items():
            known = found.get(name)
            if known is None or quantities.nano(amount) > quantities.nano(known):
                found[name] = amount
    return found
