"""Containers of a pod: what each kind of them may be, their ports, environment and mounts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from orchestrator.api.core.v1 import (
    Container,
    ContainerPort,
    EphemeralContainer,
    ResourceRequirements,
    Volume,
    VolumeDevice,
    VolumeMount,
)
from orchestrator.apiserver.kinds.core.pods.environment_validation import (
    env_errors,
    env_from_errors,
)
from orchestrator.apiserver.kinds.core.pods.probe_validation import (
    lifecycle_errors,
    liveness_errors,
    readiness_errors,
)
from orchestrator.apiserver.kinds.core.pods.security_validation import container_security_errors
from orchestrator.apiserver.validation.field import (
    Errors,
    chosen,
    complaints,
    duplicate,
    forbidden,
    invalid,
    named,
    not_found,
    not_supported,
    required,
    too_many,
)
from orchestrator.apiserver.validation.formats import backstep_errors, relative_path_errors
from orchestrator.apiserver.validation.resources import requirement_errors
from orchestrator.machinery.names import (
    dns1123_label_errors,
    port_name_errors,
    port_number_errors,
)

AnyContainer = Container | EphemeralContainer

PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES: Final = ("File", "FallbackToLogsOnError")
_RESTARTS: Final = ("Always", "Never", "OnFailure")
_RESIZE_POLICIES: Final = ("NotRequired", "RestartContainer")
_RESIZABLE: Final = ("cpu", "memory")
_PROPAGATIONS: Final = ("Bidirectional", "HostToContainer", "None")
_RECURSIONS: Final = ("Disabled", "Enabled", "IfPossible")
_EXIT_CODE_OPERATORS: Final = ("In", "NotIn")
_MAX_RESTART_RULES: Final = 20
_RESTART_ACTIONS: Final = ("Restart", "RestartAllContainers")
_RULES_NEED_POLICY: Final = "must specify restartPolicy when restart rules are used"
_MAX_EXIT_CODES: Final = 255


class Surroundings(Struct, frozen=True):
    """What of the pod a container's validity depends on."""

    volumes: Mapping[str, Volume]
    claims: Collection[str]
    grace_seconds: int | None
    restart_policy: str | None
    os: str | None
    host_users: bool


def container_errors(path: str, containers: Sequence[Container], pod: Surroundings) -> Errors:
    """The regular containers; there must be one."""
    if not containers:
        yield required(path)
        return
    names: set[str] = set()
    for i, container in enumerate(containers):
        here = f"{path}[{i}]"
        yield from _common_errors(here, container, pod)
        if container.name in names:
            yield duplicate(f"{here}.name", container.name)
        names.add(container.name)
        yield from _running_errors(here, container, pod)
        yield from _restart_errors(here, container)
    yield from _host_port_conflicts(path, containers)


def init_container_errors(
    path: str, containers: Sequence[Container], regular: Sequence[Container], pod: Surroundings
) -> Errors:
    """Init containers; one that restarts always is a sidecar and lives like a regular one."""
    names = {container.name for container in regular}
    for i, container in enumerate(containers):
        here = f"{path}[{i}]"
        yield from _common_errors(here, container, pod)
        sidecar = container.restart_policy == "Always"
        if container.restart_policy is not None:
            yield from _restart_errors(here, container)
        elif container.restart_policy_rules:
            yield required(f"{here}.restartPolicy", _RULES_NEED_POLICY)
        if container.name in names:
            yield duplicate(f"{here}.name", container.name)
        elif container.name:
            names.add(container.name)
        yield from _host_port_conflicts(path, (container,))
        if sidecar:
            yield from _running_errors(here, container, pod)
        else:
            yield from _short_lived_errors(here, container)


def ephemeral_container_errors(
    path: str,
    containers: Sequence[EphemeralContainer],
    others: Iterable[Container],
    pod: Surroundings,
) -> Errors:
    """Containers that were put into a running pod to look around."""
    targets = {container.name for container in others}
    names = set(targets)
    for i, container in enumerate(containers):
        here = f"{path}[{i}]"
        yield from _common_errors(here, container, pod)
        yield from image_errors(here, container)
        if container.name in names:
            yield duplicate(f"{here}.name", container.name)
        names.add(container.name)
        target = container.target_container_name
        if target and target not in targets:
            yield not_found(f"{here}.targetContainerName", target)
        yield from _ephemeral_field_errors(here, container)


# In the order of the fields.
_NOT_EPHEMERAL: Final = (
    ("ports", "ports"),
    ("resources", "resources"),
    ("resize_policy", "resizePolicy"),
    ("restart_policy", "restartPolicy"),
    ("restart_policy_rules", "restartPolicyRules"),
    ("liveness_probe", "livenessProbe"),
    ("readiness_probe", "readinessProbe"),
    ("startup_probe", "startupProbe"),
    ("lifecycle", "lifecycle"),
)
_NO_RESOURCES: Final = ResourceRequirements()


def _ephemeral_field_errors(path: str, container: EphemeralContainer) -> Errors:
    detail = "cannot be set for an Ephemeral Container"
    for attribute, wire in _NOT_EPHEMERAL:
        if getattr(container, attribute) not in (None, (), _NO_RESOURCES):
            yield forbidden(f"{path}.{wire}", detail)
    for i, mount in enumerate(container.volume_mounts):
        if mount.sub_path:
            yield forbidden(f"{path}.volumeMounts[{i}].subPath", detail)
        if mount.sub_path_expr:
            yield forbidden(f"{path}.volumeMounts[{i}].subPathExpr", detail)


def image_errors(path: str, container: AnyContainer) -> Errors:
    """Pods (templates not) refuse an image with spaces around it."""
    if container.image and container.image != container.image.strip():
        detail = "must not have leading or trailing whitespace"
        yield invalid(f"{path}.image", container.image, detail)


# --- what all containers share -------------------------------------------------------------


def _common_errors(path: str, container: AnyContainer, pod: Surroundings) -> Errors:
    yield from named(f"{path}.name", container.name, dns1123_label_errors)
    if not container.image:
        yield required(f"{path}.image")
    where = f"{path}.terminationMessagePolicy"
    yield from chosen(where, container.termination_message_policy, _MESSAGE_POLICIES)
    yield from _port_errors(f"{path}.ports", container.ports)
    yield from env_errors(f"{path}.env", container.env)
    yield from env_from_errors(f"{path}.envFrom", container.env_from)
    devices = {device.name: device.device_path for device in container.volume_devices}
    mounts = {mount.name: mount.mount_path for mount in container.volume_mounts}
    yield from _mount_errors(f"{path}.volumeMounts", container, devices, pod.volumes)
    yield from _device_errors(
        f"{path}.volumeDevices", container.volume_devices, mounts, pod.volumes
    )
    yield from chosen(f"{path}.imagePullPolicy", container.image_pull_policy, PULL_POLICIES)
    yield from requirement_errors(f"{path}.resources", container.resources, pod.claims)
    yield from _resize_errors(f"{path}.resizePolicy", container, pod.restart_policy)
    yield from container_security_errors(
        f"{path}.securityContext", container.security_context, host_users=pod.host_users
    )


def _running_errors(path: str, container: Container, pod: Surroundings) -> Errors:
    grace = pod.grace_seconds
    if container.lifecycle is not None:
        yield from lifecycle_errors(f"{path}.lifecycle", container.lifecycle, grace, pod.os)
    yield from liveness_errors(f"{path}.livenessProbe", container.liveness_probe, grace)
    yield from readiness_errors(f"{path}.readinessProbe", container.readiness_probe, grace)
    yield from liveness_errors(f"{path}.startupProbe", container.startup_probe, grace)


def _short_lived_errors(path: str, container: Container) -> Errors:
    parts: dict[str, Any] = {
        "lifecycle": container.lifecycle,
        "livenessProbe": container.liveness_probe,
        "readinessProbe": container.readiness_probe,
        "startupProbe": container.startup_probe,
    }
    for name, part in parts.items():
        if part is not None:
            detail = "may not be set for init containers without restartPolicy=Always"
            yield forbidden(f"{path}.{name}", detail)


def _restart_errors(path: str, container: Container) -> Errors:
    policy, rules = container.restart_policy, container.restart_policy_rules
    if policy is None:
        if rules:
            yield required(f"{path}.restartPolicy", _RULES_NEED_POLICY)
    elif policy not in _RESTARTS:
        yield not_supported(f"{path}.restartPolicy", policy, _RESTARTS)
    if len(rules) > _MAX_RESTART_RULES:
        yield too_many(f"{path}.restartPolicyRules", len(rules), _MAX_RESTART_RULES)
    for i, rule in enumerate(rules):
        here = f"{path}.restartPolicyRules[{i}]"
        if rule.action not in _RESTART_ACTIONS:
            yield not_supported(f"{here}.action", rule.action, _RESTART_ACTIONS)
        if rule.exit_codes is None:
            yield required(f"{here}.exitCodes", "must be specified")
            continue
        operator = rule.exit_codes.operator
        if operator not in _EXIT_CODE_OPERATORS:
            yield not_supported(f"{here}.exitCodes.operator", operator, _EXIT_CODE_OPERATORS)
        if len(rule.exit_codes.values) > _MAX_EXIT_CODES:
            values = rule.exit_codes.values
            yield too_many(f"{here}.exitCodes.values", len(values), _MAX_EXIT_CODES)


def _resize_errors(path: str, container: AnyContainer, restart_policy: str | None) -> Errors:
    seen = set()
    for i, policy in enumerate(container.resize_policy):
        if policy.resource_name in seen:
            yield duplicate(f"{path}[{i}]", policy.resource_name)
        seen.add(policy.resource_name)
        yield from chosen(path, policy.resource_name, _RESIZABLE)
        yield from chosen(path, policy.restart_policy, _RESIZE_POLICIES)
        if restart_policy == "Never" and policy.restart_policy != "NotRequired":
            detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
            yield invalid(path, policy.restart_policy, detail)


# --- ports ---------------------------------------------------------------------------------


def _port_errors(path: str, ports: Sequence[ContainerPort]) -> Errors:
    names = set()
    for i, port in enumerate(ports):
        here = f"{path}[{i}]"
        if port.name:
            if messages := port_name_errors(port.name):
                yield from complaints(f"{here}.name", port.name, messages)
            elif port.name in names:
                yield duplicate(f"{here}.name", port.name)
            names.add(port.name)
        if not port.container_port:
            yield required(f"{here}.containerPort")
        else:
            messages = port_number_errors(port.container_port)
            yield from complaints(f"{here}.containerPort", port.container_port, messages)
        if port.host_port:
            messages = port_number_errors(port.host_port)
            yield from complaints(f"{here}.hostPort", port.host_port, messages)
        yield from chosen(f"{here}.protocol", port.protocol, PROTOCOLS)


def _host_port_conflicts(path: str, containers: Sequence[Container]) -> Errors:
    taken = set()
    for i, container in enumerate(containers):
        for j, port in enumerate(container.ports):
            if not port.host_port:
                continue
            socket = f"{port.protocol}/{port.host_ip or ''}/{port.host_port}"
            if socket in taken:
                yield duplicate(f"{path}[{i}].ports[{j}].hostPort", socket)
            taken.add(socket)


# --- mounts --------------------------------------------------------------------------------


def _mount_errors(
    path: str, container: AnyContainer, devices: Mapping[str, str], volumes: Mapping[str, Volume]
) -> Errors:
    taken = set()
    device_paths = set(devices.values())
    for i, mount in enumerate(container.volume_mounts):
        here = f"{path}[{i}]"
        if not mount.name:
            yield required(f"{here}.name")
        if mount.name not in volumes:
            yield not_found(f"{here}.name", mount.name)
        if not mount.mount_path:
            yield required(f"{here}.mountPath")
        if mount.mount_path in taken:
            yield invalid(f"{here}.mountPath", mount.mount_path, "must be unique")
        taken.add(mount.mount_path)
        if mount.name in devices:
            yield invalid(f"{here}.name", mount.name, "must not already exist in volumeDevices")
        if mount.mount_path in device_paths:
            detail = "must not already exist as a path in volumeDevices"
            yield invalid(f"{here}.mountPath", mount.mount_path, detail)
        yield from _sub_path_errors(path, i, mount)
        yield from _propagation_errors(f"{path}.mountPropagation", mount, container)
        yield from _recursion_errors(f"{path}.recursiveReadOnly", mount)


def _sub_path_errors(path: str, i: int, mount: VolumeMount) -> Errors:
    # The paths of these faults lack the mount's index in Kubernetes, too.
    if mount.sub_path:
        messages = relative_path_errors(mount.sub_path)
        yield from complaints(f"{path}.subPath", mount.sub_path, messages)
    if mount.sub_path_expr:
        if mount.sub_path:
            detail = "subPathExpr and subPath are mutually exclusive"
            yield invalid(f"{path}[{i}].subPathExpr", mount.sub_path_expr, detail)
        messages = relative_path_errors(mount.sub_path_expr)
        yield from complaints(f"{path}.subPathExpr", mount.sub_path_expr, messages)


def _propagation_errors(path: str, mount: VolumeMount, container: AnyContainer) -> Errors:
    propagation = mount.mount_propagation
    if propagation is None:
        return
    if propagation not in _PROPAGATIONS:
        yield not_supported(path, propagation, _PROPAGATIONS)
    context = container.security_context
    if propagation == "Bidirectional" and not (context and context.privileged):
        detail = "Bidirectional mount propagation is available only to privileged containers"
        yield forbidden(path, detail)


def _recursion_errors(path: str, mount: VolumeMount) -> Errors:
    match mount.recursive_read_only:
        case None | "Disabled":
            return
        case "Enabled" | "IfPossible":
            if not mount.read_only:
                yield forbidden(path, "may only be specified when readOnly is true")
            if mount.mount_propagation not in (None, "None"):
                detail = "may only be specified when mountPropagation is None or not specified"
                yield forbidden(path, detail)
        case unknown:
            yield not_supported(path, unknown, _RECURSIONS)


def _device_errors(
    path: str,
    devices: Sequence[VolumeDevice],
    mounts: Mapping[str, str],
    volumes: Mapping[str, Volume],
) -> Errors:
    names, paths = set(), set()
    mount_paths = set(mounts.values())
    for i, device in enumerate(devices):
        here = f"{path}[{i}]"
        volume = volumes.get(device.name)
        if not device.name:
            yield required(f"{here}.name")
        if device.name in names:
            yield invalid(f"{here}.name", device.name, "must be unique")
        if volume is None:
            yield not_found(f"{here}.name", device.name)
        elif volume.persistent_volume_claim is None and volume.ephemeral is None:
            detail = (
                "can only use volume source type of PersistentVolumeClaim or Ephemeral for "
                "block mode"
            )
            yield invalid(f"{here}.name", device.name, detail)
        if not device.device_path:
            yield required(f"{here}.devicePath")
        if device.device_path in paths:
            yield invalid(f"{here}.devicePath", device.device_path, "must be unique")
        if backstep_errors(device.device_path):
            detail = "can not contain backsteps ('..')"
            yield invalid(f"{here}.devicePath", device.device_path, detail)
        paths.add(device.device_path)
        if device.name in mounts:
            yield invalid(f"{here}.name", device.name, "must not already exist in volumeMounts")
        if device.device_path in mount_paths:
            detail = "must not already exist as a path in volumeMounts"
            yield invalid(f"{here}.devicePath", device.device_path, detail)
        names.add(device.name)
