"""What whoever writes a pod or a template is told, though it is accepted."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.api.core.v1 import ContainerPort, Pod, PodSpec, PodTemplate, PodTemplateSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.kinds.core.pods.profile_annotations import app_armor_of, old_app_armor
from orchestrator.apiserver.kinds.core.pods.volume_warnings import volume_warnings
from orchestrator.apiserver.validation.warnings import (
    Warnings,
    address_warnings,
    fraction_warnings,
    host_name_warnings,
    is_of_generation,
    node_label,
    term_warnings,
)
from orchestrator.machinery.field_errors import quote

_ANNOTATIONS: Final = {
    "scheduler.alpha.kubernetes.io/critical-pod": (
        'non-functional in v1.16+; use the "priorityClassName" field instead'
    ),
    "security.alpha.kubernetes.io/sysctls": (
        'non-functional in v1.11+; use the "sysctls" field instead'
    ),
    "security.alpha.kubernetes.io/unsafe-sysctls": (
        'non-functional in v1.11+; use the "sysctls" field instead'
    ),
}
_SECCOMP: Final = "seccomp.security.alpha.kubernetes.io/pod"
_CONTAINER_SECCOMP: Final = "container.seccomp.security.alpha.kubernetes.io/"
_APP_ARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_USE_SECCOMP: Final = 'non-functional in v1.27+; use the "seccompProfile" field instead'
_USE_APP_ARMOR: Final = 'deprecated since v1.30; use the "appArmorProfile" field instead'
_NO_POD: Final = "a null labelSelector results in matching no pod"
_BYTES: Final = ("memory", "ephemeral-storage")
_NO_SPEC: Final = PodSpec()


def pod_warnings(new: Pod, old: Pod | None) -> Warnings:
    """Of a new pod; updates of pods come often, and from programs."""
    if old is not None:
        return
    spec, annotations = new.spec or _NO_SPEC, new.metadata.annotations
    for key in old_app_armor(annotations, spec):
        yield f"metadata.annotations[{key}]: {_USE_APP_ARMOR}"
    yield from host_name_warnings(new.metadata.name, "the Pod's hostname")
    yield from _warnings("", new.metadata, spec)


def pod_status_warnings(new: Pod) -> Warnings:
    """Of addresses that are written oddly."""
    if new.status is None:
        return
    for i, own in enumerate(new.status.pod_ips):
        yield from address_warnings(f"status.podIPs[{i}].ip", own.ip)
    for i, host in enumerate(new.status.host_ips):
        yield from address_warnings(f"status.hostIPs[{i}].ip", host.ip)


def pod_template_warnings(new: PodTemplate, old: PodTemplate | None) -> Warnings:
    """Of a template that stands alone."""
    if is_of_generation(new, old):
        yield from template_warnings("template", new.template)


def template_warnings(path: str, template: PodTemplateSpec | None) -> Warnings:
    """Of a template inside of another kind."""
    if template is not None:
        yield from _warnings(f"{path}.", template.metadata, template.spec or _NO_SPEC)


def _warnings(path: str, meta: ObjectMeta, spec: PodSpec) -> Iterator[str]:
    yield from _placement_warnings(f"{path}spec", spec)
    for key, message in _ANNOTATIONS.items():
        if key in meta.annotations:
            yield f"{path}metadata.annotations[{key}]: {message}"
    yield from volume_warnings(f"{path}spec.volumes", spec.volumes)
    ips = [each.ip for each in spec.host_aliases]
    yield from _repeated(f"{path}spec.hostAliases", "ip", ips)
    secrets = [each.name for each in spec.image_pull_secrets]
    yield from _repeated(f"{path}spec.imagePullSecrets", "name", secrets)
    for i, name in enumerate(secrets):
        if not name:
            yield f'{path}spec.imagePullSecrets[{i}].name: invalid empty name ""'
    yield from fraction_warnings(f"{path}spec.overhead", spec.overhead, *_BYTES)
    yield from _profile_warnings(path, meta.annotations, spec)
    containers = _containers(f"{path}spec", spec)
    for where, container in containers:
        yield from _container_warnings(where, container)
    yield from _port_warnings(containers)
    yield from _port_name_warnings(containers)
    grace = spec.termination_grace_period_seconds
    if grace is not None and grace < 0:
        yield (
            f"{path}spec.terminationGracePeriodSeconds: must be >= 0; negative values are "
            "invalid and will be treated as 1"
        )
    yield from _affinity_warnings(f"{path}spec.affinity", spec)
    for i, server in enumerate(spec.dns_config.nameservers if spec.dns_config else ()):
        yield from address_warnings(f"{path}spec.dnsConfig.nameservers[{i}]", server)
    for i, ip in enumerate(ips):
        yield from address_warnings(f"{path}spec.hostAliases[{i}].ip", ip)


def _containers(path: str, spec: PodSpec) -> list[tuple[str, Any]]:
    kinds = (
        ("initContainers", spec.init_containers),
        ("containers", spec.containers),
        ("ephemeralContainers", spec.ephemeral_containers),
    )
    return [
        (f"{path}.{name}[{i}]", container)
        for name, containers in kinds
        for i, container in enumerate(containers)
    ]


def _placement_warnings(path: str, spec: PodSpec) -> Iterator[str]:
    for key in spec.node_selector:
        if message := node_label(key):
            yield f"{path}.nodeSelector[{key}]: {message}"
    nodes = spec.affinity.node_affinity if spec.affinity is not None else None
    if nodes is not None:
        where = f"{path}.affinity.nodeAffinity"
        required = nodes.required_during_scheduling_ignored_during_execution
        for i, term in enumerate(required.node_selector_terms if required is not None else ()):
            here = f"{where}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[{i}]"
            yield from term_warnings(here, term)
        preferred = nodes.preferred_during_scheduling_ignored_during_execution
        for i, each in enumerate(preferred):
            here = f"{where}.preferredDuringSchedulingIgnoredDuringExecution[{i}].preference"
            yield from term_warnings(here, each.preference, values=True)
    for i, spread in enumerate(spec.topology_spread_constraints):
        here = f"{path}.topologySpreadConstraints[{i}]"
        if message := node_label(spread.topology_key):
            yield f"{here}.topologyKey: {spread.topology_key} is {message}"
        if spread.label_selector is None:
            yield f"{here}.labelSelector: {_NO_POD}"


def _affinity_warnings(path: str, spec: PodSpec) -> Iterator[str]:
    if spec.affinity is None:
        return
    for name, affinity in (
        ("podAffinity", spec.affinity.pod_affinity),
        ("podAntiAffinity", spec.affinity.pod_anti_affinity),
    ):
        if affinity is None:
            continue
        required = affinity.required_during_scheduling_ignored_during_execution
        for i, term in enumerate(required):
            if term.label_selector is None:
                here = f"{path}.{name}.requiredDuringSchedulingIgnoredDuringExecution[{i}]"
                yield f"{here}.labelSelector: {_NO_POD}"
        preferred = affinity.preferred_during_scheduling_ignored_during_execution
        for i, weighted in enumerate(preferred):
            if weighted.pod_affinity_term.label_selector is None:
                here = f"{path}.{name}.preferredDuringSchedulingIgnoredDuringExecution[{i}]"
                yield f"{here}.podAffinityTerm.labelSelector: {_NO_POD}"


def _repeated(path: str, field: str, values: Sequence[str]) -> Iterator[str]:
    seen = set()
    for i, value in enumerate(values):
        if value in seen:
            yield f"{path}[{i}].{field}: duplicate {field} {quote(value)}"
        seen.add(value)


def _profile_warnings(path: str, annotations: Mapping[str, str], spec: PodSpec) -> Iterator[str]:
    if not annotations:
        return
    where, security = f"{path}metadata.annotations", spec.security_context
    if (security is None or security.seccomp_profile is None) and _SECCOMP in annotations:
        yield f"{where}[{_SECCOMP}]: {_USE_SECCOMP}"
    for _, container in _containers("", spec):
        own = container.security_context
        key = f"{_CONTAINER_SECCOMP}{container.name}"
        if (own is None or own.seccomp_profile is None) and key in annotations:
            yield f"{where}[{key}]: {_USE_SECCOMP}"
        key = f"{_APP_ARMOR}{container.name}"
        if path and (own is None or own.app_armor_profile is None) and key in annotations:
            whole = None if security is None else security.app_armor_profile
            if whole is None or whole != app_armor_of(annotations[key]):
                yield f"{where}[{key}]: {_USE_APP_ARMOR}"


def _container_warnings(path: str, container: Any) -> Iterator[str]:
    resources = container.resources
    if resources is not None:
        for name in _BYTES:
            yield from fraction_warnings(f"{path}.resources.limits", resources.limits, name)
            yield from fraction_warnings(f"{path}.resources.requests", resources.requests, name)
    seen = set()
    for i, variable in enumerate(container.env):
        reference = f"$({variable.name})"
        hides = variable.value_from is not None or variable.value == reference
        if variable.name in seen and (hides or reference not in (variable.value or "")):
            yield (
                f"{path}.env[{i}]: hides previous definition of {quote(variable.name)}, which may "
                "be dropped when using apply"
            )
        seen.add(variable.name)


def _port_warnings(containers: Sequence[tuple[str, Any]]) -> Iterator[str]:
    known: dict[tuple[int, str], list[tuple[str, ContainerPort]]] = {}
    for path, container in containers:
        for i, port in enumerate(container.ports):
            here = f"{path}.ports[{i}]"
            if port.host_ip and not port.host_port:
                shown = (
                    f"{{Name:{port.name} HostPort:0 ContainerPort:{port.container_port} "
                    f"Protocol:{port.protocol} HostIP:{port.host_ip}}}"
                )
                yield f"{here}: hostIP set without hostPort: {shown}"
            others = known.setdefault((port.container_port, port.protocol or ""), [])
            for where, other in others:
                if clash := _clash(port, other):
                    yield f"{here}: {clash} port definition with {where}"
            others.append((here, port))


def _clash(port: ContainerPort, other: ContainerPort) -> str:
    """How two ports of one number and protocol stand to each other; "" for well."""
    mine, theirs = port.host_port or 0, other.host_port or 0
    if port.host_ip == other.host_ip and mine == theirs:
        return "duplicate"
    if not mine or not theirs:
        return "overlapping"
    one_is_open = bool(port.host_ip) != bool(other.host_ip)
    return "dangerously ambiguous" if mine == theirs and one_is_open else ""


def _port_name_warnings(containers: Sequence[tuple[str, Any]]) -> Iterator[str]:
    known: dict[str, str] = {}
    for path, container in containers:
        for i, port in enumerate(container.ports):
            here = f"{path}.ports[{i}]"
            if port.name and port.name in known:
                other = known[port.name]
                yield (
                    f"{here}: duplicate port name {quote(port.name)} with {other}, services and "
                    f"probes that select ports by name will use {other}"
                )
            elif port.name:
                known[port.name] = here
