"""LimitRanger: a namespace's limits give containers their defaults and hold them in bounds."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    Container,
    LimitRange,
    LimitRangeItem,
    PersistentVolumeClaim,
    Pod,
    PodSpec,
    ResourceRequirements,
)
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.admission.memory import SpecMemory, spec_of
from orchestrator.apiserver.errors import forbidden
from orchestrator.apiserver.kinds.core.pods.defaults import default_pod_spec
from orchestrator.machinery.errors import QuantityError
from orchestrator.machinery.field_errors import aggregate
from orchestrator.machinery.quantities import add_maps, canonical, compare, max_maps, nano
from orchestrator.machinery.resources import CPU, MEMORY, is_sidecar

Amounts = Mapping[str, Any]
Ranges = tuple[LimitRange, ...]

_ANNOTATION: Final = "kubernetes.io/limit-ranger"
_KINDS: Final = ("pods", "persistentvolumeclaims")
_NO_RESOURCES: Final = ResourceRequirements()


class LimitRanger(AdmissionPlugin):
    """Asks every LimitRange of the namespace; costs one look-up where there is none."""

    name = "LimitRanger"
    asks = (LimitRange,)

    def __init__(self) -> None:
        self._filled: SpecMemory[tuple[PodSpec, str]] = SpecMemory(_fill)
        self._checked: SpecMemory[tuple[str, ...]] = SpecMemory(_check_pod)

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        if resource.key not in _KINDS:
            return False
        # A pod's resources are settled when it is created, and change by a path of their own.
        changes = "resize" if resource.key == "pods" else ""
        return (operation, subresource) in (("CREATE", ""), ("UPDATE", changes))

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The pod with the namespace's default requests and limits."""
        if request.resource.key != "pods":
            return request.object
        ranges = tuple(reader.list(LimitRange, request.namespace))
        if not ranges:
            return request.object
        pod: Pod = request.object
        # Requests that follow from the pod's own limits come before those of the namespace.
        spec, note = self._filled(default_pod_spec(spec_of(pod)), _Identity(ranges))
        if not note:
            return pod
        annotations = {**pod.metadata.annotations, _ANNOTATION: note}
        return replace(pod, spec=spec, metadata=replace(pod.metadata, annotations=annotations))

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden (too much or too little of something)."""
        ranges = tuple(reader.list(LimitRange, request.namespace))
        if not ranges:
            return
        try:
            if request.resource.key == "pods":
                faults = self._checked(spec_of(request.object), _Identity(ranges))
            else:
                faults = _first_faults(ranges, partial(_check_claim, request.object))
        except QuantityError as error:
            faults = (str(error),)
        if faults:
            raise forbidden(request.resource, request.name, aggregate(faults))


class _Identity:
    """Ranges as a part of a memory's key: equal while they are the very same objects."""

    __slots__ = ("ranges",)

    def __init__(self, ranges: Ranges) -> None:
        self.ranges = ranges

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.ranges)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Identity) or len(self.ranges) != len(other.ranges):
            return False
        return all(a is b for a, b in zip(self.ranges, other.ranges, strict=True))


def _items(ranges: Iterable[LimitRange], *types: str) -> Iterator[LimitRangeItem]:
    for each in ranges:
        for item in each.spec.limits if each.spec else ():
            if item.type in types:
                yield item


# --- defaults ------------------------------------------------------------------------------


def _fill(spec: PodSpec, identity: _Identity) -> tuple[PodSpec, str]:
    """The spec with the namespace's defaults, and the note that says what was set."""
    notes: list[str] = []
    containers, init_containers = spec.containers, spec.init_containers
    for each in identity.ranges:
        requests, limits = _defaults(each)
        containers = tuple(_filled(c, requests, limits, "container", notes) for c in containers)
        init_containers = tuple(
            _filled(c, requests, limits, "init container", notes) for c in init_containers
        )
    if not notes:
        return spec, ""
    note = f"LimitRanger plugin set: {'; '.join(notes)}"
    return replace(spec, containers=containers, init_containers=init_containers), note


def _defaults(limit_range: LimitRange) -> tuple[dict[str, Any], dict[str, Any]]:
    requests: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for item in _items((limit_range,), "Container"):
        requests |= item.default_request
        limits |= item.default
    return requests, limits


def _filled(
    container: Container, requests: Amounts, limits: Amounts, title: str, notes: list[str]
) -> Container:
    present = container.resources or _NO_RESOURCES
    new_requests = {k: q for k, q in requests.items() if k not in present.requests}
    new_limits = {k: q for k, q in limits.items() if k not in present.limits}
    for kind, new in (("request", new_requests), ("limit", new_limits)):
        if new:
            notes.append(f"{', '.join(sorted(new))} {kind} for {title} {container.name}")
    if not new_requests and not new_limits:
        return container
    resources = replace(
        present,
        requests={**present.requests, **new_requests},
        limits={**present.limits, **new_limits},
    )
    return replace(container, resources=resources)


# --- bounds --------------------------------------------------------------------------------


def _check_pod(spec: PodSpec, identity: _Identity) -> tuple[str, ...]:
    return _first_faults(identity.ranges, partial(_pod_faults, spec))


def _first_faults(
    ranges: Ranges, faults_of: Callable[[LimitRange], Iterable[str]]
) -> tuple[str, ...]:
    """What the first of the ranges says that says anything; the others are not asked."""
    return next((found for each in ranges if (found := tuple(faults_of(each)))), ())


def _pod_faults(spec: PodSpec, limit_range: LimitRange) -> Iterator[str]:
    for item in _items((limit_range,), "Container", "Pod"):
        if item.type == "Container":
            for container in (*spec.containers, *spec.init_containers):
                resources = container.resources or _NO_RESOURCES
                yield from _faults(item, resources.requests, resources.limits)
        else:
            yield from _faults(item, _pod_sum(spec, "requests"), _pod_sum(spec, "limits"))


def _faults(item: LimitRangeItem, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, bound in sorted(item.min.items()):
        yield from _too_little(item.type, name, bound, requests.get(name), limits.get(name))
    for name, bound in sorted(item.max.items()):
        yield from _too_much(item.type, name, bound, requests.get(name), limits.get(name))
    for name, bound in sorted(item.max_limit_request_ratio.items()):
        yield from _too_far(item.type, name, bound, requests.get(name), limits.get(name))


def _too_little(kind: str, name: str, bound: Any, request: Any, limit: Any) -> Iterator[str]:
    head = f"minimum {name} usage per {kind} is {canonical(bound)}"
    if request is None:
        yield f"{head}.  No request is specified"
    elif compare(request, bound) < 0:
        yield f"{head}, but request is {canonical(request)}"
    elif limit is not None and compare(limit, bound) < 0:
        yield f"{head}, but limit is {canonical(limit)}"


def _too_much(kind: str, name: str, bound: Any, request: Any, limit: Any) -> Iterator[str]:
    head = f"maximum {name} usage per {kind} is {canonical(bound)}"
    if limit is None:
        yield f"{head}.  No limit is specified"
    elif compare(limit, bound) > 0:
        yield f"{head}, but limit is {canonical(limit)}"
    elif request is not None and compare(request, bound) > 0:
        yield f"{head}, but request is {canonical(request)}"


def _too_far(kind: str, name: str, bound: Any, request: Any, limit: Any) -> Iterator[str]:
    head = f"{name} max limit to request ratio per {kind} is {canonical(bound)}"
    if request is None or not nano(request):
        yield f"{head}, but no request is specified or request is 0"
    elif limit is None or not nano(limit):
        yield f"{head}, but no limit is specified or limit is 0"
    elif nano(limit) * 10**9 > nano(bound) * nano(request):
        yield f"{head}, but provided ratio is {nano(limit) / nano(request):f}"


def _pod_sum(spec: PodSpec, part: str) -> Amounts:
    """What the containers have together, or one that initializes more; or what the pod says as a whole."""

    def of(resources: ResourceRequirements | None) -> Amounts:
        found: Amounts = getattr(resources or _NO_RESOURCES, part)
        return found

    running = add_maps(*(of(container.resources) for container in spec.containers))
    sidecars: Amounts = {}
    starting: Amounts = {}
    for container in spec.init_containers:
        together = add_maps(of(container.resources), sidecars)
        if is_sidecar(container):
            running = add_maps(running, of(container.resources))
            sidecars = together
        starting = max_maps(starting, together)
    whole = {name: q for name, q in of(spec.resources).items() if name in (CPU, MEMORY)}
    return {**max_maps(running, starting), **whole}


def _check_claim(claim: PersistentVolumeClaim, limit_range: LimitRange) -> Iterator[str]:
    resources = claim.spec.resources if claim.spec else None
    requests = resources.requests if resources else {}
    for item in _items((limit_range,), "PersistentVolumeClaim"):
        for name, bound in sorted(item.min.items()):
            yield from _too_little(item.type, name, bound, requests.get(name), None)
        for name, bound in sorted(item.max.items()):
            request = requests.get(name)
            head = f"maximum {name} usage per {item.type} is {canonical(bound)}"
            if request is None:
                yield f"{head}.  No request is specified"
            elif compare(request, bound) > 0:
                yield f"{head}, but request is {canonical(request)}"
