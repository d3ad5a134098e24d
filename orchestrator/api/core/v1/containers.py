# Generated from Kubernetes' OpenAPI document by `python -m orchestrator.api.generate`.
# ruff: noqa
"""Kubernetes core.v1.containers."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import ClassVar

from msgspec import Struct, field

from orchestrator.api.core.v1.volumes import (
    ObjectFieldSelector,
    ResourceFieldSelector,
)
from orchestrator.api.scalars import (
    EMPTY as EMPTY,
    IntOrString as IntOrString,
    Json as Json,
    MicroTime as MicroTime,
    Quantity as Quantity,
    Time as Time,
    required_mapping as required_mapping,
    required_tuple as required_tuple,
    shared as shared,
)


class AppArmorProfile(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    localhost_profile: str | None = None
    type: str = field(default_factory=str)


class Capabilities(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


class ConfigMapEnvSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = ""
    optional: bool | None = None


class ConfigMapKeySelector(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    key: str = field(default_factory=str)
    name: str = ""
    optional: bool | None = None


class Container(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    args: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[EnvFromSource, ...] = ()
    image: str = ""
    image_pull_policy: str = ""
    lifecycle: Lifecycle | None = None
    liveness_probe: Probe | None = None
    name: str = field(default_factory=str)
    ports: tuple[ContainerPort, ...] = ()
    readiness_probe: Probe | None = None
    resize_policy: tuple[ContainerResizePolicy, ...] = ()
    resources: ResourceRequirements | None = field(default_factory=shared(lambda: ResourceRequirements()))
    restart_policy: str | None = None
    restart_policy_rules: tuple[ContainerRestartRule, ...] = ()
    security_context: SecurityContext | None = None
    startup_probe: Probe | None = None
    stdin: bool | None = None
    stdin_once: bool | None = None
    termination_message_path: str = ""
    termination_message_policy: str = ""
    tty: bool | None = None
    volume_devices: tuple[VolumeDevice, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()
    working_dir: str = ""


class ContainerPort(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    container_port: int = field(default_factory=int)
    host_ip: str = field(default="", name="hostIP")
    host_port: int | None = None
    name: str = ""
    protocol: str = ""


class ContainerResizePolicy(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    resource_name: str = field(default_factory=str)
    restart_policy: str = field(default_factory=str)


class ContainerRestartRule(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    action: str = ""
    exit_codes: ContainerRestartRuleOnExitCodes | None = None


class ContainerRestartRuleOnExitCodes(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    operator: str = ""
    values: tuple[int, ...] = ()


class ContainerState(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    running: ContainerStateRunning | None = None
    terminated: ContainerStateTerminated | None = None
    waiting: ContainerStateWaiting | None = None


class ContainerStateRunning(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    started_at: Time | None = field(default_factory=NoneType)


class ContainerStateTerminated(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    container_id: str = field(default="", name="containerID")
    exit_code: int = field(default_factory=int)
    finished_at: Time | None = field(default_factory=NoneType)
    message: str = ""
    reason: str = ""
    signal: int | None = None
    started_at: Time | None = field(default_factory=NoneType)


class ContainerStateWaiting(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    message: str = ""
    reason: str = ""


class ContainerStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    allocated_resources: Mapping[str, Quantity] = EMPTY
    allocated_resources_status: tuple[ResourceStatus, ...] = ()
    container_id: str = field(default="", name="containerID")
    image: str = field(default_factory=str)
    image_id: str = field(default_factory=str, name="imageID")
    last_state: ContainerState | None = field(default_factory=shared(lambda: ContainerState()))
    name: str = field(default_factory=str)
    ready: bool = field(default_factory=bool)
    resources: ResourceRequirements | None = None
    restart_count: int = field(default_factory=int)
    started: bool | None = None
    state: ContainerState | None = field(default_factory=shared(lambda: ContainerState()))
    stop_signal: str | None = None
    user: ContainerUser | None = None
    volume_mounts: tuple[VolumeMountStatus, ...] = ()


class ContainerUser(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    linux: LinuxContainerUser | None = None


class EnvFromSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    config_map_ref: ConfigMapEnvSource | None = None
    prefix: str = ""
    secret_ref: SecretEnvSource | None = None


class EnvVar(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    value: str = ""
    value_from: EnvVarSource | None = None


class EnvVarSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    config_map_key_ref: ConfigMapKeySelector | None = None
    field_ref: ObjectFieldSelector | None = None
    file_key_ref: FileKeySelector | None = None
    resource_field_ref: ResourceFieldSelector | None = None
    secret_key_ref: SecretKeySelector | None = None


class EphemeralContainer(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    args: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[EnvFromSource, ...] = ()
    image: str = ""
    image_pull_policy: str = ""
    lifecycle: Lifecycle | None = None
    liveness_probe: Probe | None = None
    name: str = field(default_factory=str)
    ports: tuple[ContainerPort, ...] = ()
    readiness_probe: Probe | None = None
    resize_policy: tuple[ContainerResizePolicy, ...] = ()
    resources: ResourceRequirements | None = field(default_factory=shared(lambda: ResourceRequirements()))
    restart_policy: str | None = None
    restart_policy_rules: tuple[ContainerRestartRule, ...] = ()
    security_context: SecurityContext | None = None
    startup_probe: Probe | None = None
    stdin: bool | None = None
    stdin_once: bool | None = None
    target_container_name: str = ""
    termination_message_path: str = ""
    termination_message_policy: str = ""
    tty: bool | None = None
    volume_devices: tuple[VolumeDevice, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()
    working_dir: str = ""


class ExecAction(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    command: tuple[str, ...] = ()


class FileKeySelector(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    key: str = field(default_factory=str)
    optional: bool | None = None
    path: str = field(default_factory=str)
    volume_name: str = field(default_factory=str)


class GRPCAction(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    port: int = field(default_factory=int)
    service: str | None = field(default_factory=NoneType)


class HTTPGetAction(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    host: str = ""
    http_headers: tuple[HTTPHeader, ...] = ()
    path: str = ""
    port: IntOrString = field(default_factory=int)
    scheme: str = ""


class HTTPHeader(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    value: str = field(default_factory=str)


class ImageVolumeStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    image_ref: str = ""


class Lifecycle(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    post_start: LifecycleHandler | None = None
    pre_stop: LifecycleHandler | None = None
    stop_signal: str | None = None


class LifecycleHandler(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    exec: ExecAction | None = None
    http_get: HTTPGetAction | None = None
    sleep: SleepAction | None = None
    tcp_socket: TCPSocketAction | None = None


class LinuxContainerUser(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    gid: int = field(default_factory=int)
    supplemental_groups: tuple[int, ...] = ()
    uid: int = field(default_factory=int)


class Probe(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    exec: ExecAction | None = None
    failure_threshold: int | None = None
    grpc: GRPCAction | None = None
    http_get: HTTPGetAction | None = None
    initial_delay_seconds: int | None = None
    period_seconds: int | None = None
    success_threshold: int | None = None
    tcp_socket: TCPSocketAction | None = None
    termination_grace_period_seconds: int | None = None
    timeout_seconds: int | None = None


class ResourceClaim(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    request: str = ""


class ResourceHealth(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    health: str = ""
    message: str = ""
    resource_id: str = field(default_factory=str, name="resourceID")


class ResourceRequirements(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    claims: tuple[ResourceClaim, ...] = ()
    limits: Mapping[str, Quantity] = EMPTY
    requests: Mapping[str, Quantity] = EMPTY


class ResourceStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = field(default_factory=str)
    resources: tuple[ResourceHealth, ...] = ()


class SELinuxOptions(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    level: str = ""
    role: str = ""
    type: str = ""
    user: str = ""


class SeccompProfile(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    localhost_profile: str | None = None
    type: str = field(default_factory=str)


class SecretEnvSource(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    name: str = ""
    optional: bool | None = None


class SecretKeySelector(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    key: str = field(default_factory=str)
    name: str = ""
    optional: bool | None = None


class SecurityContext(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    allow_privilege_escalation: bool | None = None
    app_armor_profile: AppArmorProfile | None = None
    capabilities: Capabilities | None = None
    privileged: bool | None = None
    proc_mount: str | None = None
    read_only_root_filesystem: bool | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    run_as_user: int | None = None
    se_linux_options: SELinuxOptions | None = None
    seccomp_profile: SeccompProfile | None = None
    windows_options: WindowsSecurityContextOptions | None = None


class SleepAction(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    seconds: int = field(default_factory=int)


class TCPSocketAction(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    host: str = ""
    port: IntOrString = field(default_factory=int)


class VolumeDevice(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    device_path: str = field(default_factory=str)
    name: str = field(default_factory=str)


class VolumeMount(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    mount_path: str = field(default_factory=str)
    mount_propagation: str | None = None
    name: str = field(default_factory=str)
    read_only: bool | None = None
    recursive_read_only: str | None = None
    sub_path: str = ""
    sub_path_expr: str = ""


class VolumeMountStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    mount_path: str = field(default_factory=str)
    name: str = field(default_factory=str)
    read_only: bool | None = None
    recursive_read_only: str | None = None
    volume_status: VolumeStatus | None = None


class VolumeStatus(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    image: ImageVolumeStatus | None = None


class WindowsSecurityContextOptions(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename='camel', repr_omit_defaults=True):
    gmsa_credential_spec: str | None = None
    gmsa_credential_spec_name: str | None = None
    host_process: bool | None = None
    run_as_user_name: str | None = None
