"""A PodSpec, and the template that holds one.

A spec is checked once for as long as it is shared: the verdict is remembered by the identity of
the spec object, and a ReplicaSet's pods share theirs. So nothing here may look at a pod's own
metadata; what depends on it is in `pods`.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, Final

from orchestrator.api.core.v1 import (
    HostAlias,
    PodDNSConfig,
    PodResourceClaim,
    PodSchedulingGroup,
    PodSpec,
    PodTemplateSpec,
)
from orchestrator.apiserver.kinds.core.pods import volume_validation as volumes_
from orchestrator.apiserver.kinds.core.pods.container_validation import (
    Surroundings,
    container_errors,
    ephemeral_container_errors,
    image_errors,
    init_container_errors,
)
from orchestrator.apiserver.kinds.core.pods.placement_validation import (
    affinity_errors,
    spread_errors,
    toleration_errors,
)
from orchestrator.apiserver.kinds.core.pods.profile_annotations import (
    mismatch_errors,
    profile_annotation_errors,
)
from orchestrator.apiserver.kinds.core.pods.security_validation import (
    os_errors,
    pod_security_errors,
)
from orchestrator.apiserver.kinds.core.pods.windows_validation import host_process_errors
from orchestrator.apiserver.validation.field import (
    MAX_INT32,
    MOST_FAULTS,
    Errors,
    FieldError,
    between,
    chosen,
    complaints,
    duplicate,
    forbidden,
    invalid,
    named,
    not_found,
    required,
    too_long,
)
from orchestrator.apiserver.validation.formats import (
    address_errors,
    underscored_subdomain_errors,
)
from orchestrator.apiserver.validation.golang import as_go
from orchestrator.apiserver.validation.metadata import (
    annotation_errors,
    dns_subdomain,
    label_errors,
)
from orchestrator.apiserver.validation.resources import (
    container_resource_name_errors,
    pod_resource_name_errors,
    quantity_errors,
    requirement_errors,
    unreadable,
)
from orchestrator.machinery.digits import whole
from orchestrator.machinery.errors import QuantityError
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.machinery.names import (
    dns1123_label_errors,
    dns1123_subdomain_errors,
    qualified_name_errors,
)
from orchestrator.machinery.quantities import canonical, compare
from orchestrator.machinery.resources import container_limits, container_requests

RESTART_POLICIES: Final = ("Always", "OnFailure", "Never")
PREEMPTION_POLICIES: Final = ("PreemptLowerPriority", "Never")
_DNS_POLICIES: Final = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_REMEMBERED_SPECS: Final = 1 << 11
_DELETION_COST: Final = "controller.kubernetes.io/pod-deletion-cost"
MIRROR: Final = "kubernetes.io/config.mirror"


def pod_spec_errors(path: str, spec: PodSpec, *, is_pod: bool) -> tuple[FieldError, ...]:
    """What is wrong with a spec; remembered. `is_pod`: it stands in a pod, not in a template."""
    return _memo(path, is_pod)(spec)


@cache
def _memo(path: str, is_pod: bool) -> IdentityMemo[PodSpec, tuple[FieldError, ...]]:
    def check(spec: PodSpec) -> tuple[FieldError, ...]:
        return tuple(islice(_spec_errors(path, spec, is_pod), MOST_FAULTS))

    return IdentityMemo(check, _REMEMBERED_SPECS)


def _spec_errors(path: str, spec: PodSpec, is_pod: bool) -> Errors:
    if spec.termination_grace_period_seconds is None:
        yield required(f"{path}.terminationGracePeriodSeconds")
    pod = Surroundings(
        volumes=volumes_.usable(spec.volumes, is_pod=is_pod),
        claims=frozenset(claim.name for claim in spec.resource_claims if claim.name),
        grace_seconds=spec.termination_grace_period_seconds,
        restart_policy=spec.restart_policy,
        os=spec.os.name if spec.os else None,
        host_users=spec.host_users is not False,
    )
    yield from volumes_.volume_errors(f"{path}.volumes", spec.volumes, is_pod=is_pod)
    yield from _claim_errors(f"{path}.resourceClaims", spec.resource_claims)
    yield from container_errors(f"{path}.containers", spec.containers, pod)
    yield from init_container_errors(
        f"{path}.initContainers", spec.init_containers, spec.containers, pod
    )
    others = (*spec.containers, *spec.init_containers)
    yield from ephemeral_container_errors(
        f"{path}.ephemeralContainers", spec.ephemeral_containers, others, pod
    )
    yield from _pod_resource_errors(path, spec)
    yield from _host_network_errors(f"{path}.containers", spec, is_pod)
    yield from chosen(f"{path}.restartPolicy", spec.restart_policy, RESTART_POLICIES)
    yield from chosen(f"{path}.dnsPolicy", spec.dns_policy, _DNS_POLICIES)
    yield from label_errors(spec.node_selector, f"{path}.nodeSelector")
    yield from pod_security_errors(f"{path}.securityContext", spec)
    yield from affinity_errors(f"{path}.affinity", spec.affinity)
    yield from _dns_errors(f"{path}.dnsConfig", spec.dns_policy, spec.dns_config)
    yield from _gate_errors(path, spec)
    where = f"{path}.topologySpreadConstraints"
    yield from spread_errors(where, spec.topology_spread_constraints)
    yield from host_process_errors(path, spec)
    yield from _host_user_errors(path, spec)
    yield from _hostname_override_errors(path, spec)
    yield from _name_errors(path, spec)
    yield from between(f"{path}.activeDeadlineSeconds", spec.active_deadline_seconds, 1, MAX_INT32)
    yield from toleration_errors(f"{path}.tolerations", spec.tolerations)
    yield from _alias_errors(f"{path}.hostAliases", spec.host_aliases)
    if spec.preemption_policy is not None:
        where = f"{path}.preemptionPolicy"
        yield from chosen(where, spec.preemption_policy, PREEMPTION_POLICIES)
    for name, quantity in spec.overhead.items():
        yield from container_resource_name_errors(f"{path}.overhead.limits[{name}]", name)
        yield from quantity_errors(f"{path}.overhead.limits[{name}]", name, quantity)
    yield from os_errors(path, spec)
    yield from _file_key_errors(path, spec)
    if is_pod:
        yield from _pod_only_errors(path, spec)


def _pod_only_errors(path: str, spec: PodSpec) -> Errors:
    if not spec.service_account_name:
        for i, volume in enumerate(spec.volumes):
            for j, source in enumerate(volume.projected.sources if volume.projected else ()):
                if source.service_account_token is not None:
                    where = f"{path}.volumes[{i}].projected.sources[{j}].serviceAccountToken"
                    detail = "must not be specified when serviceAccountName is not set"
                    yield forbidden(where, detail)
    for name, containers in _container_groups(spec):
        for i, container in enumerate(containers):
            yield from image_errors(f"{path}.{name}[{i}]", container)


def _container_groups(spec: PodSpec) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    return (("containers", spec.containers), ("initContainers", spec.init_containers))


# --- names ---------------------------------------------------------------------------------


def _name_errors(path: str, spec: PodSpec) -> Errors:
    checks = (
        ("serviceAccountName", spec.service_account_name, dns_subdomain),
        ("nodeName", spec.node_name, dns_subdomain),
        ("hostname", spec.hostname, dns1123_label_errors),
        ("subdomain", spec.subdomain, dns1123_label_errors),
        ("priorityClassName", spec.priority_class_name, dns_subdomain),
    )
    for name, value, rule in checks:
        if value:
            yield from complaints(f"{path}.{name}", value, rule(value))
    if spec.scheduling_group is not None:
        yield from _group_errors(f"{path}.schedulingGroup.podGroupName", spec.scheduling_group)
    if spec.runtime_class_name is not None:
        messages = dns_subdomain(spec.runtime_class_name)
        yield from complaints(f"{path}.runtimeClassName", spec.runtime_class_name, messages)


def _group_errors(path: str, group: PodSchedulingGroup) -> Errors:
    if not group.pod_group_name:
        yield invalid(path, None, "must specify one of: `podGroupName`")
    else:
        yield from complaints(path, group.pod_group_name, dns_subdomain(group.pod_group_name))


def _gate_errors(path: str, spec: PodSpec) -> Errors:
    for i, ready in enumerate(spec.readiness_gates):
        messages = qualified_name_errors(ready.condition_type)
        where = f"{path}.readinessGates[{i}].conditionType"
        yield from complaints(where, ready.condition_type, messages)
    seen = set()
    for i, gate in enumerate(spec.scheduling_gates):
        where = f"{path}.schedulingGates[{i}]"
        yield from complaints(where, gate.name, qualified_name_errors(gate.name))
        if gate.name in seen:
            yield duplicate(where, gate.name)
        seen.add(gate.name)


def _claim_errors(path: str, claims: Sequence[PodResourceClaim]) -> Errors:
    seen = set()
    for i, claim in enumerate(claims):
        here = f"{path}[{i}]"
        yield from named(f"{here}.name", claim.name, dns1123_label_errors)
        if claim.name and claim.name in seen:
            yield duplicate(f"{here}.name", claim.name)
        seen.add(claim.name)
        sources = {
            "resourceClaimName": claim.resource_claim_name,
            "resourceClaimTemplateName": claim.resource_claim_template_name,
        }
        given = {name: source for name, source in sources.items() if source is not None}
        if len(given) == 2:
            detail = (
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            )
            yield invalid(here, as_go(claim), detail)
        elif not given:
            detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            yield invalid(here, as_go(claim), detail)
        for name, source in given.items():
            yield from complaints(f"{here}.{name}", source, dns_subdomain(source))


# --- the network and the host --------------------------------------------------------------


def _host_network_errors(path: str, spec: PodSpec, is_pod: bool) -> Errors:
    if not spec.host_network:
        return
    for i, container in enumerate(spec.containers):
        for j, port in enumerate(container.ports):
            host_port = port.host_port or 0
            if (is_pod or host_port) and host_port != port.container_port:
                detail = "must match `containerPort` when `hostNetwork` is true"
                yield invalid(f"{path}[{i}].ports[{j}].hostPort", host_port, detail)


def _host_user_errors(path: str, spec: PodSpec) -> Errors:
    if spec.host_users is not False:
        return
    detail = "when `hostUsers` is false"
    flags = (
        ("hostNetwork", spec.host_network),
        ("HostPID", spec.host_pid),
        ("HostIPC", spec.host_ipc),
    )
    for name, flag in flags:
        if flag:
            yield forbidden(f"{path}.{name}", detail)
    for name, containers in _container_groups(spec):
        for i, container in enumerate(containers):
            if container.volume_devices:
                yield forbidden(f"{path}.{name}[{i}].volumeDevices", detail)


def _hostname_override_errors(path: str, spec: PodSpec) -> Errors:
    name = spec.hostname_override
    if name is None:
        return
    path = f"{path}.hostnameOverride"
    if spec.set_hostname_as_fqdn:
        yield forbidden(path, "may not be specified when setHostnameAsFQDN is true")
    if spec.host_network:
        yield forbidden(path, "may not be specified when hostNetwork is true")
    if len(name) > 64:
        yield too_long(path, 64)
    yield from complaints(path, name, dns1123_subdomain_errors(name))


def _dns_errors(path: str, policy: str | None, config: PodDNSConfig | None) -> Errors:
    if policy == "None":
        if config is None:
            yield required(path, "must provide `dnsConfig` when `dnsPolicy` is None")
        elif not config.nameservers:
            detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            yield required(f"{path}.nameservers", detail)
    if config is None:
        return
    if len(config.nameservers) > 3:
        where = f"{path}.nameservers"
        yield invalid(where, config.nameservers, "must not have more than 3 nameservers")
    for i, server in enumerate(config.nameservers):
        yield from complaints(f"{path}.nameservers[{i}]", server, address_errors(server))
    if len(config.searches) > 32:
        yield invalid(
            f"{path}.searches", config.searches, "must not have more than 32 search paths"
        )
    if len(" ".join(config.searches)) > 2048:
        detail = "must not have more than 2048 characters (including spaces) in the search list"
        yield invalid(f"{path}.searches", config.searches, detail)
    for i, search in enumerate(config.searches):
        if search != ".":
            name = search.removesuffix(".")
            messages = underscored_subdomain_errors(name)
            yield from complaints(f"{path}.searches[{i}]", name, messages)
    for i, option in enumerate(config.options):
        if not option.name:
            yield required(f"{path}.options[{i}]", "must not be empty")


def _alias_errors(path: str, aliases: Sequence[HostAlias]) -> Errors:
    for i, alias in enumerate(aliases):
        yield from complaints(f"{path}[{i}].ip", alias.ip, address_errors(alias.ip))
        for j, hostname in enumerate(alias.hostnames):
            messages = dns1123_subdomain_errors(hostname)
            yield from complaints(f"{path}[{i}].hostnames[{j}]", hostname, messages)


# --- resources and files -------------------------------------------------------------------


def _pod_resource_errors(path: str, spec: PodSpec) -> Errors:
    resources = spec.resources
    if resources is None:
        return
    here = f"{path}.resources"
    if spec.os is not None and spec.os.name == "windows":
        yield forbidden(here, "may not be set for a windows pod")
        return
    if resources.claims:
        yield forbidden(f"{here}.claims", "claims may not be set for Resources at pod-level")
    found = tuple(requirement_errors(here, resources, (), pod_resource_name_errors))
    yield from found
    if not found:
        yield from _pod_total_errors(path, spec)


def _pod_total_errors(path: str, spec: PodSpec) -> Errors:
    """The pod may not have less than its containers together ask for."""
    resources = spec.resources
    assert resources is not None
    try:
        total, limited = container_requests(spec), container_limits(spec)
    except QuantityError:
        return  # which is said where it stands
    for name, amount in total.items():
        own = resources.requests.get(name)
        if own is not None and compare(amount, own) > 0:
            detail = f"must be greater than or equal to aggregate container requests of {amount}"
            yield invalid(f"{path}.resources.requests[{name}]", canonical(own), detail)
    for name, amount in limited.items():
        own = resources.limits.get(name) if name.startswith("hugepages-") else None
        if own is not None and compare(amount, own) > 0:
            detail = f"must be greater than or equal to aggregate container limits of {amount}"
            yield invalid(f"{path}.resources.limits[{name}]", canonical(own), detail)
    for i, container in enumerate(spec.containers):
        for name, limit in (container.resources.limits if container.resources else {}).items():
            own = resources.limits.get(name)
            if own is not None and not unreadable("", limit) and compare(limit, own) > 0:
                detail = f"must be less than or equal to pod limits of {canonical(own)}"
                where = f"{path}.resources.containers[{i}][{name}].limits"
                yield invalid(where, canonical(limit), detail)


def _file_key_errors(path: str, spec: PodSpec) -> Errors:
    by_name = {volume.name: volume for volume in spec.volumes}
    for group, containers in _container_groups(spec):
        for i, container in enumerate(containers):
            for j, variable in enumerate(container.env):
                ref = variable.value_from.file_key_ref if variable.value_from else None
                if ref is None:
                    continue
                where = f"{path}.{group}[{i}].env[{j}].valueFrom.fileKeyRef.volumeName"
                volume = by_name.get(ref.volume_name)
                if volume is None:
                    yield not_found(where, ref.volume_name)
                elif volume.empty_dir is None:
                    detail = "referenced volume must be of type emptyDir"
                    yield invalid(where, ref.volume_name, detail)


# --- templates -----------------------------------------------------------------------------


def pod_annotation_errors(path: str, annotations: Mapping[str, str], spec: PodSpec) -> Errors:
    """Annotations that mean something for a pod."""
    if not annotations:
        return
    mirror = annotations.get(MIRROR)
    if mirror is not None and not spec.node_name:
        detail = "must set spec.nodeName if mirror pod annotation is set"
        yield invalid(f"{path}[{MIRROR}]", mirror, detail)
    cost = annotations.get(_DELETION_COST)
    if cost is not None and not _is_int32(cost):
        yield invalid(f"{path}[{_DELETION_COST}]", cost, "must be a 32bit integer")
    yield from profile_annotation_errors(path, annotations, spec)


def _is_int32(text: str) -> bool:
    digits = text.removeprefix("-")
    # As strconv.ParseInt, except that a leading + or zero is refused there only by this kind.
    if not digits.isdigit() or not digits.isascii() or len(digits) > 10:
        return False
    return (digits == "0" or digits[0] != "0") and -(2**31) <= whole(text) < 2**31


def template_metadata_errors(path: str, template: PodTemplateSpec) -> Errors:
    """Labels and annotations of a pod template."""
    meta = template.metadata
    if meta is not None:
        yield from label_errors(meta.labels, f"{path}.labels")
        yield from annotation_errors(meta.annotations, f"{path}.annotations")
        yield from pod_annotation_errors(
            f"{path}.annotations", meta.annotations, template.spec or PodSpec()
        )


def template_errors(path: str, template: PodTemplateSpec | None) -> Errors:
    """A pod template."""
    if template is None:
        yield required(path)
        return
    spec = template.spec or PodSpec()
    yield from template_metadata_errors(path, template)
    yield from pod_spec_errors(f"{path}.spec", spec, is_pod=False)
    if template.metadata is not None and template.metadata.annotations:
        yield from mismatch_errors(f"{path}.spec", template.metadata.annotations, spec)
    if spec.ephemeral_containers:
        where = f"{path}.spec.ephemeralContainers"
        yield forbidden(where, "ephemeral containers not allowed in pod template")
