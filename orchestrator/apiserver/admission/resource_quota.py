"""ResourceQuota: what a namespace holds may not exceed what it was given.

Kubernetes keeps a running count in each quota's status. Here a write and its admission are one
step, so the namespace is counted as it stands at that moment, from the objects themselves: the
answer cannot be late. Pods that share a spec are counted by multiplication; a namespace without
quotas costs one look-up.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from orchestrator.api.core.v1 import (
    Pod,
    PodSpec,
    ResourceQuota,
    ResourceQuotaSpec,
    ScopedResourceSelectorRequirement,
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
from orchestrator.machinery.quantities import (
    Family,
    canonical,
    format_nano,
    nano,
)
from orchestrator.machinery.quotas import (
    Usage,
    family_of,
    in_scope,
    is_selected,
    scopes_of,
    total_of,
    usage_of,
)
from orchestrator.machinery.resources import has_pod_level
from orchestrator.protocol import Unclassified

# Of which a pod's containers must all say something when a quota counts them.
_MUST_SAY: Final = frozenset(
    {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"}
)

_CHANGING: Final = frozenset(
    {("services", ""), ("persistentvolumeclaims", ""), ("pods", ""), ("pods", "resize")}
)


class Limited(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A resource of which nothing is had without a quota that allows it: by name, or in these scopes."""

    resource: str = ""
    api_group: str = ""
    match_contains: tuple[str, ...] = ()
    match_scopes: tuple[ScopedResourceSelectorRequirement, ...] = ()


class ResourceQuotas(AdmissionPlugin):
    """Refuses a write after which some quota would be exceeded, and of what is `limited` one that none allows."""

    name = "ResourceQuota"
    asks: tuple[type[Any], ...] = (ResourceQuota,)

    def __init__(self, limited: Sequence[Limited] = ()) -> None:
        self._limited = limited
        if limited:
            self.asks = ()  # it has something to say where there is no quota

    @classmethod
    def configured(cls, configuration: Mapping[str, Any]) -> "ResourceQuotas":
        """By the `limitedResources` of a ResourceQuotaConfiguration. Raises ValueError."""
        found = configuration.get("limitedResources") or ()
        return cls(msgspec.convert(found, tuple[Limited, ...]))

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        if not resource.namespaced:
            return False
        if operation == "CREATE":
            return not subresource
        # Claims grow, services change their type; pods are resized, or begin to have a deadline.
        return operation == "UPDATE" and (resource.key, subresource) in _CHANGING

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The object as it is."""
        return request.object

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden (`exceeded quota`, or a container says nothing of what is counted)."""
        if _is_same_pod(request):
            return
        quotas = [
            quota
            for quota in reader.list(ResourceQuota, request.namespace)
            if quota.spec is not None and in_scope(quota.spec, request.object)
        ]
        for quota in quotas:  # of all quotas, before what any of them has left
            assert quota.spec is not None
            if isinstance(request.object, Pod):
                _check_said(request, quota.metadata.name, quota.spec.hard)
            _check_known(request, quota)
        if self._limited:
            self._check_limited(request, [each.spec for each in quotas if each.spec is not None])
        for quota in quotas:
            spec = quota.spec
            assert spec is not None
            try:
                self._check(request, quota.metadata.name, spec, reader)
            except QuantityError as error:
                raise forbidden(request.resource, request.name, str(error)) from None

    def _check_limited(self, request: AdmissionRequest, specs: Sequence[ResourceQuotaSpec]) -> None:
        """Raises Forbidden, and Unclassified for scopes, of what no quota allows."""
        resource = request.resource
        limits = [
            each
            for each in self._limited
            if (each.resource, each.api_group) == (resource.plural, resource.group)
        ]
        parts = [part for each in limits for part in each.match_contains]
        hard = {name for spec in specs for name in spec.hard}
        names = sorted(
            name
            for name in usage_of(resource, request.object)
            if name not in hard and any(part in name for part in parts)
        )
        if names:
            why = f"insufficient quota to consume: {','.join(names)}"
            raise forbidden(resource, request.name, why)
        scopes = [
            scope
            for each in limits
            for scope in each.match_scopes
            if is_selected(request.object, scope)
        ]
        allowed = {name for spec in specs for name in scopes_of(spec)}
        missing = [scope for scope in scopes if scope.scope_name not in allowed]
        if missing:
            listed = " ".join(map(_go_scope, missing))
            raise Unclassified(f"insufficient quota to match these scopes: [{listed}]")

    def _check(
        self, request: AdmissionRequest, name: str, spec: ResourceQuotaSpec, reader: Reader
    ) -> None:
        resource, old = request.resource, request.old_object
        wanted = usage_of(resource, request.object)
        if old is not None and in_scope(spec, old):
            before = usage_of(resource, old)
            wanted = {k: v - before.get(k, 0) for k, v in wanted.items() if v > before.get(k, 0)}
        hard = {k: nano(q) for k, q in spec.hard.items()}
        asked = {k: wanted[k] for k in hard if wanted.get(k)}
        if not asked:
            return
        # The very object that is being written counts by what is asked, not by what is stored.
        present = reader.list(type(request.object), request.namespace)
        used = total_of(resource, (each for each in present if in_scope(spec, each)))
        exceeded = sorted(k for k in asked if used.get(k, 0) + asked[k] > hard[k])
        if exceeded:
            families = {k: family_of(k, spec) for k in exceeded}
            parts = [_listed(exceeded, amounts, families) for amounts in (asked, used)]
            limits = ",".join(f"{k}={canonical(spec.hard[k])}" for k in exceeded)
            why = f"exceeded quota: {name}, requested: {parts[0]}, used: {parts[1]}, limited: {limits}"
            raise forbidden(resource, request.name, why)


def _go_scope(scope: ScopedResourceSelectorRequirement) -> str:
    return f"{{{scope.scope_name} {scope.operator} [{' '.join(scope.values)}]}}"


def _listed(names: list[str], amounts: Usage, families: Mapping[str, Family]) -> str:
    return ",".join(f"{k}={format_nano(amounts.get(k, 0), families[k])}" for k in names)


def _is_same_pod(request: AdmissionRequest) -> bool:
    """Whether a pod is updated in a way that no quota counts: its deadline is there, or not, as before."""
    if request.operation != "UPDATE" or request.resource.key != "pods" or request.subresource:
        return False
    before, after = spec_of(request.old_object), spec_of(request.object)
    return (before.active_deadline_seconds is None) == (after.active_deadline_seconds is None)


def _check_known(request: AdmissionRequest, quota: ResourceQuota) -> None:
    """Raises Forbidden where the quota's status limits what it does not say the use of.

    A quota without any status is one that its controller has not seen yet: its spec is heeded at once.
    """
    status = quota.status
    if status is None or not status.hard:
        return
    names = sorted(status.hard.keys() & usage_of(request.resource, request.object).keys())
    if any(name not in status.used for name in names):
        why = f"status unknown for quota: {quota.metadata.name}, resources: {','.join(names)}"
        raise forbidden(request.resource, request.name, why)


def _check_said(request: AdmissionRequest, quota: str, hard: Mapping[str, Any]) -> None:
    """Every container must say how much it needs of CPU and memory that a quota counts, or the pod for all."""
    if has_pod_level(spec_of(request.object).resources):
        return
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
