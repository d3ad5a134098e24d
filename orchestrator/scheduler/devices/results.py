"""An allocation as the claim's status tells it."""

from collections.abc import Callable, Iterator, Sequence

from orchestrator.api.core.v1 import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm
from orchestrator.api.resource.v1 import (
    AllocationResult,
    DeviceAllocationConfiguration,
    DeviceAllocationResult,
    DeviceClass,
    DeviceRequestAllocationResult,
)
from orchestrator.api.scalars import EMPTY
from orchestrator.machinery.node_affinity import NAME_FIELD
from orchestrator.machinery.quantities import canonical
from orchestrator.scheduler.devices.allocator import Allocation, ClassOf, Found
from orchestrator.scheduler.devices.errors import AllocationFault
from orchestrator.scheduler.devices.requests import Request, requests_of


def result_of(
    allocation: Allocation, node: str, class_of: ClassOf, new_uid: Callable[[], str]
) -> AllocationResult:
    """What the claim's status says. `new_uid` names shares of devices. Raises AllocationFault."""
    devices = DeviceAllocationResult(
        results=tuple(_result(found, new_uid) for found in allocation.devices),
        config=tuple(_configurations(allocation, class_of)),
    )
    return AllocationResult(devices=devices, node_selector=_nodes(allocation, node))


def _result(found: Found, new_uid: Callable[[], str]) -> DeviceRequestAllocationResult:
    request, offer = found.request, found.offer
    shared = found.consumed is not None
    return DeviceRequestAllocationResult(
        request=request.full_name,
        driver=offer.id.driver,
        pool=offer.id.pool,
        device=offer.id.device,
        admin_access=True if request.admin else None,
        tolerations=request.tolerations,
        share_id=new_uid() if shared else None,
        consumed_capacity=(
            {name: canonical(amount) for name, amount in found.consumed.items()}
            if found.consumed
            else EMPTY
        ),
        binding_conditions=offer.device.binding_conditions,
        binding_failure_conditions=offer.device.binding_failure_conditions,
    )


def _configurations(
    allocation: Allocation, class_of: ClassOf
) -> Iterator[DeviceAllocationConfiguration]:
    """Those of the classes, in the order of the requests, and then the claim's own."""
    by_class: dict[str, list[str]] = {}
    for request in allocation.chosen:
        by_class.setdefault(request.class_name, []).append(request.full_name)
    for name, requests in by_class.items():
        device_class: DeviceClass | None = class_of(name)
        for of_class in device_class.spec.config if device_class is not None else ():
            yield DeviceAllocationConfiguration(
                source="FromClass", requests=tuple(requests), opaque=of_class.opaque
            )
    devices = allocation.claim.spec.devices
    for config in devices.config if devices is not None else ():
        for _ in range(_how_often(config.requests, allocation)):
            yield DeviceAllocationConfiguration(
                source="FromClaim", requests=config.requests, opaque=config.opaque
            )


def _how_often(requests: Sequence[str], allocation: Allocation) -> int:
    """The original repeats a configuration for each of the requests that it is for."""
    if not requests:
        return 1
    pairs = zip(requests_of(allocation.claim), allocation.chosen, strict=True)
    return sum(each.name in requests or _is_named(requests, chosen) for each, chosen in pairs)


def _is_named(requests: Sequence[str], chosen: Request) -> bool:
    return bool(chosen.parent) and chosen.full_name in requests


def _nodes(allocation: Allocation, node: str) -> NodeSelector | None:
    """Where the devices can be used: on the node alone, where labels say so, or anywhere."""
    fields: list[NodeSelectorRequirement] = []
    expressions: list[NodeSelectorRequirement] = []
    for found in allocation.devices:
        spec, device = found.offer.slice.spec, found.offer.device
        says = device if spec.per_device_node_selection else spec
        if says.node_name is not None or device.binds_to_node:
            only = NodeSelectorRequirement(key=NAME_FIELD, operator="In", values=(node,))
            return NodeSelector(node_selector_terms=(NodeSelectorTerm(match_fields=(only,)),))
        terms = says.node_selector.node_selector_terms if says.node_selector is not None else ()
        if len(terms) > 1:
            raise AllocationFault(
                f"create NodeSelector for claim {allocation.claim.metadata.name}: unsupported "
                f"ResourceSlice.NodeSelector with {len(terms)} terms"
            )
        for term in terms:
            _add_new(fields, term.match_fields)
            _add_new(expressions, term.match_expressions)
    if not fields and not expressions:
        return None
    term = NodeSelectorTerm(match_fields=tuple(fields), match_expressions=tuple(expressions))
    return NodeSelector(node_selector_terms=(term,))


def _add_new(known: list[NodeSelectorRequirement], more: Sequence[NodeSelectorRequirement]) -> None:
    seen = {(each.key, each.operator, frozenset(each.values)) for each in known}
    for each in more:
        key = (each.key, each.operator, frozenset(each.values))
        if key not in seen:
            seen.add(key)
            known.append(each)
