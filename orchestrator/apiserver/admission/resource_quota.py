"""ResourceQuota: what a namespace holds may not exceed what it was given.

Kubernetes keeps a running count in each quota's status. Here a write and its admission are one
step, so the namespace is counted as it stands at that moment, from the objects themselves: the
answer cannot be late. Pods that share a spec are counted by multiplication; a namespace without
quotas costs one look-up.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.api.core.v1 import (
    Pod,
    PodSpec,
    ResourceQuota,
    ResourceQuotaSpec,
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
from orchestrator.machinery.quotas import Usage, family_of, in_scope, total_of, usage_of

# Of which a pod's containers must all say something when a quota counts them.
_MUST_SAY: Final = frozenset(
    {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"}
)


class ResourceQuotas(AdmissionPlugin):
    """Refuses a write after which some quota would be exceeded."""

    name = "ResourceQuota"
    asks = (ResourceQuota,)

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
            if spec is None or not in_scope(spec, request.object):
                continue
            try:
                self._check(request, quota.metadata.name, spec, reader)
            except QuantityError as error:
                raise forbidden(request.resource, request.name, str(error)) from None

    def _check(
        self, request: AdmissionRequest, name: str, spec: ResourceQuotaSpec, reader: Reader
    ) -> None:
        resource, old = request.resource, request.old_object
        wanted = usage_of(resource, request.object)
        if old is not None:
            before = usage_of(resource, old)
            wanted = {k: v - before.get(k, 0) for k, v in wanted.items() if v > before.get(k, 0)}
        hard = {k: nano(q) for k, q in spec.hard.items()}
        if isinstance(request.object, Pod):
            _check_said(request, name, hard)
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


def _listed(names: list[str], amounts: Usage, families: Mapping[str, Family]) -> str:
    return ",".join(f"{k}={format_nano(amounts.get(k, 0), families[k])}" for k in names)


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
