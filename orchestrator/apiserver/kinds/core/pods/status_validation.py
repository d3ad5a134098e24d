"""What is refused of a pod's status: steps that a container cannot take, addresses, and what names parts of the spec.

Kubelets write statuses all the time, so that parts which a write leaves alone are not looked at again.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from orchestrator.api.core.v1 import (
    Container,
    ContainerStatus,
    ContainerUser,
    HostIP,
    Pod,
    PodCondition,
    PodExtendedResourceClaimStatus,
    PodIP,
    PodResourceClaimStatus,
    PodSpec,
    PodStatus,
    ResourceStatus,
)
from orchestrator.apiserver.validation.field import (
    MAX_INT32,
    Errors,
    FieldError,
    between,
    complaints,
    duplicate,
    forbidden,
    internal,
    invalid,
    not_supported,
    required,
    too_long,
)
from orchestrator.apiserver.validation.formats import address_errors, is_ipv6
from orchestrator.apiserver.validation.metadata import dns_label, dns_subdomain
from orchestrator.machinery.addresses import parse_address
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.machinery.names import qualified_name_errors
from orchestrator.machinery.restarts import may_restart_all, restarts

_SYSTEM_CONDITIONS: Final = frozenset({"PodScheduled", "Ready", "Initialized"})
_NO_SPEC: Final = PodSpec()
_NO_STATUS: Final = PodStatus()
_NO_CONTAINER: Final = Container()
_BELOW_ZERO: Final = "must be a non-negative integer"
_HEALTHS: Final = ("Healthy", "Unhealthy", "Unknown")
_CLAIM: Final = "claim:"
_MAX_MESSAGE: Final = 1024  # bytes


def status_errors(new: Pod, old: Pod) -> Errors:
    """What forbids the status of `new`."""
    status, before = new.status, old.status
    if status is None or status is before:
        return
    before = before or _NO_STATUS
    if status.conditions is not before.conditions:
        yield from _CONDITION_ERRORS(status.conditions)
    spec, old_spec = new.spec or _NO_SPEC, old.spec or _NO_SPEC
    if spec is not old_spec and spec.node_name != old_spec.node_name:
        yield forbidden("status.nodeName", "may not be changed directly")
    if status.nominated_node_name and status.nominated_node_name != before.nominated_node_name:
        name = status.nominated_node_name
        yield from complaints("status.nominatedNodeName", name, dns_subdomain(name))
        if old_spec.node_name:
            detail = "may not be set on pods that are already bound to a node"
            yield forbidden("status.nominatedNodeName", detail)
    if status.observed_generation is not None and status.observed_generation < 0:
        yield invalid("status.observedGeneration", status.observed_generation, _BELOW_ZERO)
    if status.qos_class and before.qos_class and status.qos_class != before.qos_class:
        yield invalid("status.qosClass", status.qos_class, "field is immutable")
    yield from _transition_errors(status, before, old_spec)
    if status.resource_claim_statuses or status.extended_resource_claim_status is not None:
        yield from _claim_errors(status, before, spec)
    if (
        status.pod_ips is not before.pod_ips
        or status.host_ips is not before.host_ips
        or status.host_ip != before.host_ip
    ):
        yield from _address_errors(status, before)
    if (
        _has_more(status.container_statuses, spec)
        or _has_more(status.init_container_statuses, spec)
        or status.ephemeral_container_statuses
    ):
        yield from _container_errors(status, before, spec)


def _condition_errors(conditions: Sequence[PodCondition]) -> tuple[FieldError, ...]:
    found: list[FieldError] = []
    for i, condition in enumerate(conditions):
        path, generation = f"status.conditions[{i}]", condition.observed_generation
        if generation is not None and generation < 0:
            found.append(invalid(f"{path}.observedGeneration", generation, _BELOW_ZERO))
        if condition.type not in _SYSTEM_CONDITIONS and (
            messages := qualified_name_errors(condition.type)
        ):
            found += complaints(f"{path}.Type", condition.type, messages)
    return tuple(found)


# Kubelets write the very same conditions for many pods.
_CONDITION_ERRORS: Final = IdentityMemo(_condition_errors, 1 << 11)


# --- containers ----------------------------------------------------------------------------


def _transition_errors(new: PodStatus, old: PodStatus, spec: PodSpec) -> Errors:
    if spec.restart_policy == "Always" or not (
        old.container_statuses or old.init_container_statuses
    ):
        return
    if any(may_restart_all(c) for c in (*spec.init_containers, *spec.containers)):
        return
    if old.container_statuses:
        yield from _revival_errors(
            "containerStatuses",
            new.container_statuses,
            old.container_statuses,
            spec.restart_policy,
            spec.containers,
        )
    if old.init_container_statuses:
        statuses = (new.init_container_statuses, old.init_container_statuses)
        yield from _revival_errors(
            "initContainerStatuses", *statuses, spec.restart_policy, spec.init_containers
        )


def _revival_errors(
    name: str,
    new: Sequence[ContainerStatus],
    old: Sequence[ContainerStatus],
    policy: str,
    containers: Sequence[Container],
) -> Errors:
    """A container that ended stays ended, unless it may be restarted."""
    specs = {container.name: container for container in containers}
    after = {status.name: status for status in new}
    for i, status in enumerate(old):
        ended = status.state.terminated if status.state else None
        present = after.get(status.name)
        if ended is None or present is None:
            continue
        if present.state is not None and present.state.terminated is not None:
            continue
        container = specs.get(status.name, _NO_CONTAINER)
        if restarts(container, policy, ended.exit_code):
            continue
        detail = "may not be transitioned to non-terminated state"
        yield forbidden(f"status.{name}[{i}].state", detail)


def _has_more(statuses: Sequence[ContainerStatus], spec: PodSpec) -> bool:
    """Whether a container's status has what few have, and what has to be judged."""
    usual = spec.os is None
    for status in statuses:  # a generator would cost twice the loop
        if status.allocated_resources_status:
            return True
        if status.user is not None and not (usual and _IS_SOUND(status.user)):
            return True
    return False


def _is_sound(user: ContainerUser) -> bool:
    linux = user.linux
    return linux is None or all(
        0 <= number <= MAX_INT32 for number in (linux.uid, linux.gid, *linux.supplemental_groups)
    )


# Kubelets write the very same user for many containers.
_IS_SOUND: Final = IdentityMemo(_is_sound, 1 << 11)


def _container_errors(new: PodStatus, old: PodStatus, spec: PodSpec) -> Errors:
    groups = (
        ("containerStatuses", new.container_statuses, old.container_statuses),
        ("initContainerStatuses", new.init_container_statuses, old.init_container_statuses),
        (
            "ephemeralContainerStatuses",
            new.ephemeral_container_statuses,
            old.ephemeral_container_statuses,
        ),
    )
    changed = [(name, statuses) for name, statuses, before in groups if statuses is not before]
    for name, statuses in changed:
        for i, status in enumerate(statuses):
            if status.user is not None:
                yield from _user_errors(f"status.{name}[{i}].user.linux", status, spec)
    for name, statuses in changed:
        for i, status in enumerate(statuses):
            if status.allocated_resources_status:
                path = f"status.{name}[{i}].allocatedResourcesStatus"
                yield from _allocated_errors(path, name, status, spec)


def _user_errors(path: str, status: ContainerStatus, spec: PodSpec) -> Errors:
    user = status.user.linux if status.user is not None else None
    system = spec.os.name if spec.os is not None else "linux"
    if user is None:
        return
    if system == "windows":
        yield forbidden(path, "cannot be set for a windows pod")
        return
    yield from between(f"{path}.uid", user.uid, 0, MAX_INT32)
    yield from between(f"{path}.gid", user.gid, 0, MAX_INT32)
    for i, group in enumerate(user.supplemental_groups):
        yield from between(f"{path}.supplementalGroups[{i}]", group, 0, MAX_INT32)


def _allocated_errors(path: str, name: str, status: ContainerStatus, spec: PodSpec) -> Errors:
    if name == "ephemeralContainerStatuses":
        yield forbidden(path, "must not be specified in container status")
        return
    containers = spec.containers if name == "containerStatuses" else spec.init_containers
    container = next((each for each in containers if each.name == status.name), None)
    for i, allocated in enumerate(status.allocated_resources_status):
        if container is not None and (detail := _unknown(allocated.name, container)):
            yield invalid(f"{path}[{i}].name", allocated.name, detail)
        yield from _health_errors(f"{path}[{i}].resources", allocated)


def _unknown(resource: str, container: Container) -> str:
    """Why an allocated resource is none of the container's; "" if it is one."""
    wanted = container.resources
    if not resource.startswith(_CLAIM):
        known = wanted is not None and resource in wanted.requests
        return "" if known else "must match one of the container's resource requests"
    for claim in wanted.claims if wanted is not None else ():
        request = f"/{claim.request}" if claim.request else ""
        if resource == f"{_CLAIM}{claim.name}{request}":
            return ""
    return (
        "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' "
        "or 'claim:<claimName>' if request is empty"
    )


def _health_errors(path: str, allocated: ResourceStatus) -> Errors:
    seen: set[str] = set()
    for i, resource in enumerate(allocated.resources):
        if resource.health not in _HEALTHS:
            yield not_supported(f"{path}[{i}].health", resource.health, _HEALTHS)
        if len(resource.message.encode()) > _MAX_MESSAGE:
            yield too_long(f"{path}[{i}].message", _MAX_MESSAGE)
        if resource.resource_id in seen:
            yield duplicate(f"{path}[{i}].resourceID", resource.resource_id)
        seen.add(resource.resource_id)


# --- claims --------------------------------------------------------------------------------


def _claim_errors(new: PodStatus, old: PodStatus, spec: PodSpec) -> Errors:
    if new.resource_claim_statuses is not old.resource_claim_statuses:
        yield from _own_claim_errors(new.resource_claim_statuses, spec)
    extended = new.extended_resource_claim_status
    if extended is not None and extended is not old.extended_resource_claim_status:
        yield from _extended_errors("status.extendedResourceClaimStatus", extended, spec)


def _own_claim_errors(statuses: Iterable[PodResourceClaimStatus], spec: PodSpec) -> Errors:
    known = {claim.name for claim in spec.resource_claims}
    seen: set[str] = set()
    for i, status in enumerate(statuses):
        path, name = f"status.resourceClaimStatuses[{i}]", status.resource_claim_name
        if status.name not in known:
            detail = "must match the name of an entry in `spec.resourceClaims`"
            yield invalid(f"{path}.name", status.name, detail)
        if status.name in seen:
            yield duplicate(f"{path}.name", status.name)
        seen.add(status.name)
        if name is not None:
            yield from complaints(f"{path}.resourceClaimName", name, dns_subdomain(name))


def _extended_errors(path: str, status: PodExtendedResourceClaimStatus, spec: PodSpec) -> Errors:
    containers = {each.name: each for each in (*spec.init_containers, *spec.containers)}
    mappings = f"{path}.requestMappings"
    if not status.request_mappings:
        yield required(mappings, "at least one request mapping is required")
    seen = set()
    for i, mapping in enumerate(status.request_mappings):
        here, container = f"{mappings}[{i}]", containers.get(mapping.container_name)
        if container is None:
            detail = "must match the name of an entry in spec.initContainers.name or spec.containers.name"
            yield invalid(f"{here}.containerName", mapping.container_name, detail)
        elif not container.resources or mapping.resource_name not in container.resources.requests:
            detail = (
                "must match the extended resource name of an entry in "
                "spec.initContainers.resources.requests or spec.containers.resources.requests"
            )
            yield invalid(f"{here}.resourceName", mapping.resource_name, detail)
        request = mapping.request_name
        yield from complaints(f"{path}.requestName", request, dns_label(request))
        if mapping in seen:
            yield duplicate(f"{here}.containerName", mapping.container_name)
            yield duplicate(f"{here}.resourceName", mapping.resource_name)
            yield duplicate(f"{here}.requestName", request)
        seen.add(mapping)
    if not status.resource_claim_name:
        yield required(f"{path}.resourceClaimName")
    else:
        name = status.resource_claim_name
        yield from complaints(f"{path}.resourceClaimName", name, dns_subdomain(name))


# --- addresses -----------------------------------------------------------------------------


def _address_errors(new: PodStatus, old: PodStatus) -> Errors:
    if new.pod_ips is not old.pod_ips:
        yield from _addresses_errors("status.podIPs", new.pod_ips, old.pod_ips)
    hosts = new.host_ips
    if hosts and (hosts is not old.host_ips or new.host_ip != old.host_ip):
        if new.host_ip != hosts[0].ip:
            yield invalid("status.hostIPs[0].ip", hosts[0].ip, "must be equal to `hostIP`")
        yield from _addresses_errors("status.hostIPs", hosts, old.host_ips)


def _addresses_errors(
    path: str, new: Sequence[PodIP | HostIP], old: Sequence[PodIP | HostIP]
) -> Errors:
    for i, address in enumerate(new):
        messages = address_errors(address.ip)
        if messages and all(address.ip != known.ip for known in old):
            yield from complaints(f"{path}[{i}]", address.ip, messages)
    if len(new) <= 1:
        return
    wrong = next((i for i, address in enumerate(new) if parse_address(address.ip) is None), None)
    if wrong is not None:
        why = f"failed to check for dual stack with error:invalid IP[{wrong}]: {new[wrong].ip}"
        yield internal(path, why)
    families = {is_ipv6(address.ip) for address in new} if wrong is None else set()
    if len(families) != 2 or len(new) > 2:
        shown = [{"IP": address.ip} for address in new]
        yield invalid(path, shown, "may specify no more than one IP for each IP family")
