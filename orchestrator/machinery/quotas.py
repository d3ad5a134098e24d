"""What objects use of a namespace's quotas, by the names that quotas have for it.

The API server counts with it before a write, and the quota controller for what a quota's status shows.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from orchestrator.api.core.v1 import (
    PersistentVolumeClaim,
    Pod,
    PodSpec,
    ResourceQuotaSpec,
    ScopedResourceSelectorRequirement,
    Service,
)
from orchestrator.api.scheme import Resource
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.machinery.quantities import Family, family, nano
from orchestrator.machinery.resources import pod_limits, pod_requests, qos_class

Usage: TypeAlias = Mapping[str, int]  # nano units

_ONE: Final = 10**9
_COUNTED: Final = frozenset(
    {"services", "replicationcontrollers", "secrets", "configmaps", "resourcequotas"}
)
_NO_SPEC: Final = PodSpec()
_PLAIN: Final = frozenset({"cpu", "memory", "ephemeral-storage"})


# --- what an object uses -------------------------------------------------------------------


def usage_of(resource: Resource, obj: Any) -> Usage:
    """What one object uses, by the names that quotas have for it."""
    counted: dict[str, int] = {f"count/{resource.key}": _ONE}
    if resource.key in _COUNTED:
        counted[resource.key] = _ONE
    special = _SPECIAL.get(type(obj))
    return {**counted, **special(obj)} if special else counted


def total_of(resource: Resource, objects: Iterable[Any]) -> Usage:
    """What objects of one resource use together. Pods that share a spec are multiplied."""
    total: Counter[str] = Counter()
    shared: Counter[int] = Counter()
    samples: dict[int, Pod] = {}
    for obj in objects:
        if isinstance(obj, Pod) and not _is_over(obj):
            key = id(obj.spec)
            shared[key] += 1
            samples[key] = obj
        else:
            total.update(usage_of(resource, obj))
    for key, number in shared.items():
        for name, amount in usage_of(resource, samples[key]).items():
            total[name] += amount * number
    return total


def _pod_usage(pod: Pod) -> Usage:
    if _is_over(pod):
        return {}
    return _spec_usage(_spec_of(pod))


def _spec_of(pod: Pod) -> PodSpec:
    return pod.spec or _NO_SPEC


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


def family_of(name: str, spec: ResourceQuotaSpec) -> Family:
    """How an amount is written: as the quota writes it, memory always in powers of two."""
    return "binary" if "memory" in name else family(spec.hard[name])


# --- scopes --------------------------------------------------------------------------------


_ATTRIBUTES: Final = "VolumeAttributesClass"


def in_scope(spec: ResourceQuotaSpec, obj: Any) -> bool:
    """Whether a quota counts the object at all: one with scopes counts pods, or claims, of theirs only."""
    if not spec.scopes and spec.scope_selector is None:
        return True
    if isinstance(obj, PersistentVolumeClaim):
        return _is_claim_in(spec, obj)
    if not isinstance(obj, Pod):
        return False
    if not all(_has_scope(obj, scope) for scope in spec.scopes):
        return False
    selector = spec.scope_selector
    return selector is None or all(_selected(obj, each) for each in selector.match_expressions)


def scopes_of(spec: ResourceQuotaSpec) -> tuple[str, ...]:
    """The names of all scopes that a quota has."""
    selector = spec.scope_selector
    required = () if selector is None else selector.match_expressions
    return (*spec.scopes, *(each.scope_name for each in required))


def is_selected(obj: Any, requirement: ScopedResourceSelectorRequirement) -> bool:
    """Whether an object is in a scope; what is neither pod nor claim is in none."""
    if isinstance(obj, Pod):
        return _selected(obj, requirement)
    if isinstance(obj, PersistentVolumeClaim) and requirement.scope_name == _ATTRIBUTES:
        return any(_fits(name, requirement) for name in _classes_of(obj) or ("",))
    return False


def _has_scope(pod: Pod, scope: str) -> bool:
    spec = _spec_of(pod)
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
    scope = requirement.scope_name
    if scope != "PriorityClass":
        return _has_scope(pod, scope) == (requirement.operator != "DoesNotExist")
    return _fits(_spec_of(pod).priority_class_name or "", requirement)


def _fits(name: str, requirement: ScopedResourceSelectorRequirement) -> bool:
    """Whether the name of a class, "" for none, is what a scope asks for."""
    match requirement.operator:
        case "In":
            return name in requirement.values
        case "NotIn":
            return name not in requirement.values
        case "DoesNotExist":
            return not name
    return bool(name)


def _is_claim_in(spec: ResourceQuotaSpec, claim: PersistentVolumeClaim) -> bool:
    """Claims have one scope: the classes of attributes that they have, have had, or are to have."""
    selector = spec.scope_selector
    required = () if selector is None else selector.match_expressions
    if any(scope != _ATTRIBUTES for scope in scopes_of(spec)):
        return False
    classes = _classes_of(claim)
    if spec.scopes and not classes:
        return False
    return all(any(_fits(name, each) for name in classes or ("",)) for each in required)


def _classes_of(claim: PersistentVolumeClaim) -> list[str]:
    spec, status = claim.spec, claim.status
    modified = None if status is None else status.modify_volume_status
    named = (
        None if spec is None else spec.volume_attributes_class_name,
        None if status is None else status.current_volume_attributes_class_name,
        None if modified is None else modified.target_volume_attributes_class_name,
    )
    return [name for name in named if name]


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
