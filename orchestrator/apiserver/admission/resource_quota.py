"""ResourceQuota: what a namespace holds may not exceed what it was given.

Kubernetes keeps a running count in each quota's status. Here a write and its admission are one
step, so the namespace is counted as it stands at that moment, from the objects themselves: the
answer cannot be late. Pods that share a spec are counted by multiplication; a namespace without
quotas costs one look-up.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from orchestrator.api.core.v1 import (
    PersistentVolumeClaim,
    Pod,
    PodSpec,
    ResourceQuota,
    ResourceQuotaSpec,
    ScopedResourceSelectorRequirement,
    Service,
)
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.admission.memory import spec_of
from orchestrator.apiserver.errors import forbidden
from orchestrator.machinery.errors import QuantityError
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.machinery.quantities import (
    Family,
    canonical,
    family,
    format_nano,
    nano,
)
from orchestrator.machinery.resources import pod_limits, pod_requests, qos_class

Usage: TypeAlias = Mapping[str, int]  # nano units

_ONE: Final = 10**9
_COUNTED: Final = frozenset(
    {"services", "replicationcontrollers", "secrets", "configmaps", "resourcequotas"}
)
# Of which a pod's containers must all say something when a quota counts them.
_MUST_SAY: Final = frozenset(
    {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"}
)
_PLAIN: Final = frozenset({"cpu", "memory", "ephemeral-storage"})


class ResourceQuotas(AdmissionPlugin):
    """Refuses a write after which some quota would be exceeded."""

    name = "ResourceQuota"

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        if subresource or not resource.namespaced:
            return False
        # A pod's size is settled when it is created; claims grow, services change their type.
        changing = resource.key in ("services", "persistentvolumeclaims")
        return operation == "CREATE" or (operation == "UPDATE" and changing)

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The object as it is."""
        return request.object

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden (`exceeded quota`, or a container says nothing of what is counted)."""
        for quota in reader.list(ResourceQuota, request.namespace):
            spec = quota.spec
            if spec is None or not _in_scope(spec, request.object):
                continue
            try:
                self._check(request, quota.metadata.name, spec, reader)
            except QuantityError as error:
                raise forbidden(request.resource, request.name, str(error)) from None

    def _check(
        self, request: AdmissionRequest, name: str, spec: ResourceQuotaSpec, reader: Reader
    ) -> None:
        resource, old = request.resource, request.old_object
        wanted = _usage(resource, request.object)
        if old is not None:
            before = _usage(resource, old)
            wanted = {k: v - before.get(k, 0) for k, v in wanted.items() if v > before.get(k, 0)}
        hard = {k: nano(q) for k, q in spec.hard.items()}
        if isinstance(request.object, Pod):
            _check_said(request, name, hard)
        asked = {k: wanted[k] for k in hard if wanted.get(k)}
        if not asked:
            return
        # The very object that is being written counts by what is asked, not by what is stored.
        present = reader.list(type(request.object), request.namespace)
        used = _total(resource, (each for each in present if _in_scope(spec, each)))
        exceeded = sorted(k for k in asked if used.get(k, 0) + asked[k] > hard[k])
        if exceeded:
            families = {k: _family(k, spec) for k in exceeded}
            parts = [_listed(exceeded, amounts, families) for amounts in (asked, used)]
            limits = ",".join(f"{k}={canonical(spec.hard[k])}" for k in exceeded)
            why = f"exceeded quota: {name}, requested: {parts[0]}, used: {parts[1]}, limited: {limits}"
            raise forbidden(resource, request.name, why)


def _listed(names: list[str], amounts: Usage, families: Mapping[str, Family]) -> str:
    return ",".join(f"{k}={format_nano(amounts.get(k, 0), families[k])}" for k in names)


def _family(name: str, spec: ResourceQuotaSpec) -> Family:
    """How an amount is written: as the quota writes it, memory always in powers of two."""
    return "binary" if "memory" in name else family(spec.hard[name])


# --- what an object uses -------------------------------------------------------------------


def _usage(resource: Resource, obj: Any) -> Usage:
    counted: dict[str, int] = {f"count/{resource.key}": _ONE}
    if resource.key in _COUNTED:
        counted[resource.key] = _ONE
    special = _SPECIAL.get(type(obj))
    return {**counted, **special(obj)} if special else counted


def _total(resource: Resource, objects: Iterable[Any]) -> Usage:
    total: Counter[str] = Counter()
    shared: Counter[int] = Counter()
    samples: dict[int, Pod] = {}
    for obj in objects:
        if isinstance(obj, Pod) and not _is_over(obj):
            key = id(obj.spec)
            shared[key] += 1
            samples[key] = obj
        else:
            total.update(_usage(resource, obj))
    for key, number in shared.items():
        for name, amount in _usage(resource, samples[key]).items():
            total[name] += amount * number
    return total


def _pod_usage(pod: Pod) -> Usage:
    if _is_over(pod):
        return {}
    return _spec_usage(spec_of(pod))


def _is_over(pod: Pod) -> bool:
    return pod.status is not None and pod.status.phase in ("Succeeded", "Failed")


def _compute_spec_usage(spec: PodSpec) -> Usage:
    pod = Pod(spec=spec)
    usage = {"pods": _ONE}
    for name, quantity in pod_requests(pod).items():
        if name in _PLAIN or name.startswith("hugepages-"):
            usage[name] = nano(quantity)
        usage[f"requests.{name}"] = nano(quantity)
    for name, quantity in pod_limits(pod).items():
        if name in _PLAIN:
            usage[f"limits.{name}"] = nano(quantity)
    return usage


_spec_usage: Final = IdentityMemo(_compute_spec_usage, 1 << 11)


def _service_usage(service: Service) -> Usage:
    spec = service.spec
    usage = {"services": _ONE, "services.nodeports": 0, "services.loadbalancers": 0}
    if spec is None:
        return usage
    if spec.type == "LoadBalancer":
        usage["services.loadbalancers"] = _ONE
    allocated = spec.allocate_load_balancer_node_ports is not False
    if spec.type == "NodePort" or (spec.type == "LoadBalancer" and allocated):
        usage["services.nodeports"] = _ONE * len(spec.ports)
    return usage


def _claim_usage(claim: PersistentVolumeClaim) -> Usage:
    usage = {"persistentvolumeclaims": _ONE}
    spec = claim.spec
    storage = spec.resources.requests.get("storage") if spec and spec.resources else None
    if storage is not None:
        usage["requests.storage"] = nano(storage)
    if spec is not None and spec.storage_class_name:
        prefix = f"{spec.storage_class_name}.storageclass.storage.k8s.io"
        usage |= {f"{prefix}/{name}": amount for name, amount in usage.items()}
    return usage


_SPECIAL: Final[Mapping[type, Callable[[Any], Usage]]] = {
    Pod: _pod_usage,
    Service: _service_usage,
    PersistentVolumeClaim: _claim_usage,
}


def _check_said(request: AdmissionRequest, quota: str, hard: Usage) -> None:
    """Every container must say how much it needs of CPU and memory that a quota counts."""
    required = sorted(_MUST_SAY & hard.keys())
    silent = {name: sorted(_silent(spec_of(request.object), name)) for name in required}
    missing = [f"{name} for: {','.join(names)}" for name, names in silent.items() if names]
    if missing:
        why = f"failed quota: {quota}: must specify {'; '.join(missing)}"
        raise forbidden(request.resource, request.name, why)


def _silent(spec: PodSpec, name: str) -> Iterator[str]:
    part, _, plain = name.rpartition(".")
    for container in (*spec.containers, *spec.init_containers):
        resources = container.resources
        said: Mapping[str, Any] = {}
        if resources is not None:
            said = resources.limits if part == "limits" else resources.requests
        if plain not in said:
            yield container.name


# --- scopes --------------------------------------------------------------------------------


def _in_scope(spec: ResourceQuotaSpec, obj: Any) -> bool:
    if not spec.scopes and spec.scope_selector is None:
        return True
    if not isinstance(obj, Pod):
        return False
    if not all(_has_scope(obj, scope) for scope in spec.scopes):
        return False
    selector = spec.scope_selector
    return selector is None or all(_selected(obj, each) for each in selector.match_expressions)


def _has_scope(pod: Pod, scope: str) -> bool:
    spec = spec_of(pod)
    match scope:
        case "Terminating":
            return spec.active_deadline_seconds is not None
        case "NotTerminating":
            return spec.active_deadline_seconds is None
        case "BestEffort":
            return qos_class(pod) == "BestEffort"
        case "NotBestEffort":
            return qos_class(pod) != "BestEffort"
        case "PriorityClass":
            return bool(spec.priority_class_name)
        case "CrossNamespacePodAffinity":
            return _reaches_out(spec)
    return False


def _selected(pod: Pod, requirement: ScopedResourceSelectorRequirement) -> bool:
    scope, operator, values = requirement.scope_name, requirement.operator, requirement.values
    if scope != "PriorityClass":
        return _has_scope(pod, scope) == (operator != "DoesNotExist")
    name = spec_of(pod).priority_class_name or ""
    match operator:
        case "In":
            return name in values
        case "NotIn":
            return name not in values
        case "DoesNotExist":
            return not name
    return bool(name)


def _reaches_out(spec: PodSpec) -> bool:
    affinity = spec.affinity
    if affinity is None:
        return False
    for part in (affinity.pod_affinity, affinity.pod_anti_affinity):
        if part is None:
            continue
        soft = part.preferred_during_scheduling_ignored_during_execution
        terms = (
            *part.required_during_scheduling_ignored_during_execution,
            *(weighted.pod_affinity_term for weighted in soft),
        )
        if any(t is not None and (t.namespaces or t.namespace_selector) for t in terms):
            return True
    return False
