"""What a pod asks for: requests and limits over all its containers, and its QoS class.

A pod's need of a resource is the greater of what runs together and what starting takes:

    running   all containers and all sidecars (init containers that always restart)
    starting  for each init container, itself and the sidecars before it

to which the pod's overhead is added. Requests set for the pod as a whole (CPU, memory, huge
pages) take the place of the sum. This is the rule of the scheduler, the kubelet and quotas.

Sums are exact, in nano units, and rounded up only at the end.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from orchestrator.api.core.v1 import Container, Pod, PodSpec, ResourceRequirements
from orchestrator.machinery import quantities
from orchestrator.machinery.memo import IdentityMemo, PartsMemo
from orchestrator.machinery.quantities import Quantity

ResourceList: TypeAlias = Mapping[str, Quantity]
QosClass: TypeAlias = Literal["Guaranteed", "Burstable", "BestEffort"]
Amounts: TypeAlias = dict[str, int]  # nano units
Kind: TypeAlias = Callable[[ResourceRequirements | None], ResourceList]  # requests or limits

CPU: Final = "cpu"
MEMORY: Final = "memory"
EPHEMERAL_STORAGE: Final = "ephemeral-storage"
PODS: Final = "pods"
HUGE_PAGES: Final = "hugepages-"

# A container that asks for nothing still weighs something when nodes are scored.
_WEIGHTLESS: Final[Amounts] = {CPU: quantities.nano("100m"), MEMORY: quantities.nano("200Mi")}
_NOTHING: Final[Mapping[str, int]] = {}
_MILLI: Final = 10**6
_UNIT: Final = 10**9


class Needs(Struct, frozen=True, gc=False):
    """Whole numbers to schedule with. `extended` holds everything that has no field.

    `scoring_*` count 100m of CPU and 200Mi of memory for each container that asks for none. `placed_*` are the same
    of a pod that has its node: one that says what it needs as a whole has containers that weigh nothing, but for
    what nobody in it asks for at all.
    """

    milli_cpu: int = 0
    memory_bytes: int = 0
    ephemeral_storage_bytes: int = 0
    extended: Mapping[str, int] = _NOTHING
    scoring_milli_cpu: int = 0
    scoring_memory_bytes: int = 0
    placed_milli_cpu: int = 0
    placed_memory_bytes: int = 0


NO_NEEDS: Final = Needs()
_NO_SPEC: Final = PodSpec()


def pod_needs(pod: Pod) -> Needs:
    """What the scheduler counts for a pod; remembered by the identity of the containers.

    Raises QuantityError.
    """
    spec = pod.spec
    if spec is None:
        return NO_NEEDS
    if spec.init_containers or spec.overhead or spec.resources is not None:
        return _pod_needs(spec.containers, spec.init_containers, spec.overhead, spec.resources)
    return _needs_of_containers(spec.containers)


def node_offers(allocatable: ResourceList) -> Needs:
    """What a node has to give, in the same numbers; `extended` has `pods`. Raises QuantityError."""
    return _offers(allocatable)


# Nodes that are alike share what they offer.
_offers: Final[IdentityMemo[ResourceList, Needs]] = IdentityMemo(
    lambda allocatable: _needs(_nano(allocatable), {}, {}), 1 << 10
)


def pod_requests(pod: Pod) -> dict[str, str]:
    """The pod's requests as quantities, with overhead. Raises QuantityError."""
    spec = pod.spec or _NO_SPEC
    parts = (spec.containers, spec.init_containers, spec.overhead, spec.resources)
    return _written(_total_requests(*parts, _NOTHING), spec, _requests)


def container_requests(spec: PodSpec) -> dict[str, str]:
    """What the containers of a pod ask for together, whenever they run. Raises QuantityError."""
    return _written(_aggregated(spec.containers, spec.init_containers, _requests), spec, _requests)


def container_limits(spec: PodSpec) -> dict[str, str]:
    """What the containers of a pod may use together, whenever they run. Raises QuantityError."""
    return _written(_aggregated(spec.containers, spec.init_containers, _limits), spec, _limits)


def pod_limits(pod: Pod) -> dict[str, str]:
    """The pod's limits as quantities; overhead counts where there is a limit. QuantityError."""
    spec = pod.spec or _NO_SPEC
    limits = _aggregated(spec.containers, spec.init_containers, _limits)
    if has_pod_level(spec.resources):
        limits |= _pod_level(_limits(spec.resources))
    for name, amount in _nano(spec.overhead).items():
        if limits.get(name):
            limits[name] += amount
    return _written(limits, spec, _limits)


def _compute_needs(
    containers: tuple[Container, ...],
    init_containers: tuple[Container, ...],
    overhead: ResourceList,
    resources: ResourceRequirements | None,
) -> Needs:
    asked = _total_requests(containers, init_containers, overhead, resources, _NOTHING)
    scored = placed = _total_requests(containers, init_containers, overhead, resources, _WEIGHTLESS)
    if resources is not None and _pod_level(resources.requests):
        missing = {name: amount for name, amount in _WEIGHTLESS.items() if name not in asked}
        placed = _total_requests(containers, init_containers, overhead, resources, missing)
    return _needs(asked, scored, placed)


_pod_needs: Final = PartsMemo(_compute_needs)
_needs_of_containers: Final[IdentityMemo[tuple[Container, ...], Needs]] = IdentityMemo(
    lambda containers: _compute_needs(containers, (), _NO_SPEC.overhead, None)
)


def _needs(asked: Amounts, scored: Amounts, placed: Amounts) -> Needs:
    return Needs(
        milli_cpu=_up(asked.pop(CPU, 0), _MILLI),
        memory_bytes=_up(asked.pop(MEMORY, 0), _UNIT),
        ephemeral_storage_bytes=_up(asked.pop(EPHEMERAL_STORAGE, 0), _UNIT),
        extended={name: _up(amount, _UNIT) for name, amount in asked.items()} or _NOTHING,
        scoring_milli_cpu=_up(scored.get(CPU, 0), _MILLI),
        scoring_memory_bytes=_up(scored.get(MEMORY, 0), _UNIT),
        placed_milli_cpu=_up(placed.get(CPU, 0), _MILLI),
        placed_memory_bytes=_up(placed.get(MEMORY, 0), _UNIT),
    )


def _up(amount: int, unit: int) -> int:
    # Within what an int64 column holds.
    return min(-(-amount // unit), quantities.MAX_INT64)


# --- sums ----------------------------------------------------------------------------------


def _requests(resources: ResourceRequirements | None) -> ResourceList:
    return resources.requests if resources else {}


def _limits(resources: ResourceRequirements | None) -> ResourceList:
    return resources.limits if resources else {}


def _nano(resources: ResourceList) -> Amounts:
    return {name: quantities.nano(quantity) for name, quantity in resources.items()}


def _written(amounts: Amounts, spec: PodSpec, kind: Kind) -> dict[str, str]:
    """Each amount in the family of suffixes that the pod first writes that resource in."""
    families: dict[str, quantities.Family] = {}
    lists = [kind(each.resources) for each in (*spec.containers, *spec.init_containers)]
    for resources in (kind(spec.resources), *lists, spec.overhead):
        for name, quantity in resources.items():
            families.setdefault(name, quantities.family(quantity))
    return {
        name: quantities.format_nano(amount, families[name]) for name, amount in amounts.items()
    }


def _total_requests(
    containers: Iterable[Container],
    init_containers: Iterable[Container],
    overhead: ResourceList,
    resources: ResourceRequirements | None,
    missing: Mapping[str, int],
) -> Amounts:
    """`missing` counts for each container that does not name the resource at all."""
    total = _aggregated(containers, init_containers, _requests, missing)
    if resources is not None:
        total |= _pod_level(resources.requests)
    _add(total, _nano(overhead))
    return total


def _aggregated(
    containers: Iterable[Container],
    init_containers: Iterable[Container],
    kind: Kind,
    missing: Mapping[str, int] = _NOTHING,
) -> Amounts:
    def of(container: Container) -> Amounts:
        return {**missing, **_nano(kind(container.resources))}

    running: Amounts = {}
    for container in containers:
        _add(running, of(container))
    sidecars: Amounts = {}
    starting: Amounts = {}
    for container in init_containers:
        if is_sidecar(container):
            _add(running, of(container))
            _add(sidecars, of(container))
            _raise_to(starting, sidecars)
        else:
            alone = of(container)
            _add(alone, sidecars)
            _raise_to(starting, alone)
    _raise_to(running, starting)
    return running


def has_pod_level(resources: ResourceRequirements | None) -> bool:
    """Whether a pod says of CPU, memory or huge pages what it needs as a whole."""
    if resources is None:
        return False
    return bool(_pod_level(resources.requests) or _pod_level(resources.limits))


def _pod_level(resources: ResourceList) -> Amounts:
    """What may be set for the pod as a whole."""
    return {
        name: quantities.nano(quantity)
        for name, quantity in resources.items()
        if name in (CPU, MEMORY) or name.startswith(HUGE_PAGES)
    }


def _add(total: Amounts, more: Mapping[str, int]) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount


def _raise_to(total: Amounts, least: Mapping[str, int]) -> None:
    for name, amount in least.items():
        total[name] = max(total.get(name, amount), amount)


def is_sidecar(container: Container) -> bool:
    """Whether an init container keeps running beside the others."""
    return container.restart_policy == "Always"


# --- quality of service --------------------------------------------------------------------


def qos_class(pod: Pod) -> QosClass:
    """Guaranteed: limits on CPU and memory everywhere, equal to the requests. BestEffort: neither.

    Computed from the spec, whatever the status says. Resources of the pod as a whole decide alone
    where they are set. Raises QuantityError.
    """
    spec = pod.spec or _NO_SPEC
    if spec.resources is not None:
        return _qos(spec.resources)
    classes = {_qos(each.resources) for each in (*spec.init_containers, *spec.containers)}
    if len(classes) > 1:
        return "Burstable"
    return classes.pop() if classes else "BestEffort"


def _qos(resources: ResourceRequirements | None) -> QosClass:
    requests = _compute(_requests(resources))
    limits = _compute(_limits(resources))
    if not requests and not limits:
        return "BestEffort"
    # A request that is missing defaults to the limit.
    if len(limits) == 2 and {**limits, **requests} == limits:
        return "Guaranteed"
    return "Burstable"


def _compute(resources: ResourceList) -> Amounts:
    return {
        name: amount
        for name in (CPU, MEMORY)
        if name in resources and (amount := quantities.nano(resources[name])) > 0
    }
