"""The messages of CRI, the Container Runtime Interface (`runtime.v1`), as far as they are spoken here.

Names and numbers are the interface's own; fields that nobody here sets or reads are left out, which protobuf
allows on both sides.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE: Final = "runtime.v1"

# message -> "name number type" of its fields; a type in brackets is repeated, one in braces a map from strings
_MESSAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "Empty": (),
    "VersionRequest": ("version 1 string",),
    "VersionResponse": ("runtime_name 2 string", "runtime_version 3 string"),
    "PodSandboxMetadata": ("name 1 string", "uid 2 string", "namespace 3 string"),
    "NamespaceOption": ("network 1 int32", "pid 2 int32", "ipc 3 int32", "target_id 4 string"),
    "Int64Value": ("value 1 int64",),
    "UInt64Value": ("value 1 uint64",),
    "SecurityProfile": ("profile_type 1 int32", "localhost_ref 2 string"),
    "DNSConfig": ("servers 1 [string]", "searches 2 [string]", "options 3 [string]"),
    "LinuxSandboxSecurityContext": (
        *("namespace_options 1 NamespaceOption", "run_as_user 3 Int64Value"),
        *("supplemental_groups 5 [int64]", "privileged 6 bool", "run_as_group 8 Int64Value"),
        "seccomp 9 SecurityProfile",
    ),
    "LinuxPodSandboxConfig": (
        "security_context 2 LinuxSandboxSecurityContext",
        "sysctls 3 {string}",
    ),
    "PodSandboxConfig": (
        *("metadata 1 PodSandboxMetadata", "hostname 2 string", "log_directory 3 string"),
        *("dns_config 4 DNSConfig", "labels 6 {string}", "annotations 7 {string}"),
        "linux 8 LinuxPodSandboxConfig",
    ),
    "RunPodSandboxRequest": ("config 1 PodSandboxConfig", "runtime_handler 2 string"),
    "RunPodSandboxResponse": ("pod_sandbox_id 1 string",),
    "PodSandboxRequest": ("pod_sandbox_id 1 string",),  # of Stop and Remove
    "PodSandboxFilter": ("label_selector 3 {string}",),
    "ListPodSandboxRequest": ("filter 1 PodSandboxFilter",),
    "PodSandbox": ("id 1 string", "labels 5 {string}", "annotations 6 {string}"),
    "ListPodSandboxResponse": ("items 1 [PodSandbox]",),
    "ContainerMetadata": ("name 1 string", "attempt 2 uint32"),
    "ImageSpec": ("image 1 string", "user_specified_image 18 string"),
    "KeyValue": ("key 1 string", "value 2 bytes"),
    "Mount": (
        *("container_path 1 string", "host_path 2 string", "readonly 3 bool"),
        "propagation 5 int32",
    ),
    "Device": ("container_path 1 string", "host_path 2 string", "permissions 3 string"),
    "LinuxContainerResources": (
        *("cpu_period 1 int64", "cpu_quota 2 int64", "cpu_shares 3 int64"),
        *("memory_limit_in_bytes 4 int64", "oom_score_adj 5 int64"),
    ),
    "Capability": ("add_capabilities 1 [string]", "drop_capabilities 2 [string]"),
    "LinuxContainerSecurityContext": (
        *("capabilities 1 Capability", "privileged 2 bool", "namespace_options 3 NamespaceOption"),
        *("run_as_user 5 Int64Value", "readonly_rootfs 7 bool", "supplemental_groups 8 [int64]"),
        *("no_new_privs 11 bool", "run_as_group 12 Int64Value", "masked_paths 13 [string]"),
        *("readonly_paths 14 [string]", "seccomp 15 SecurityProfile"),
    ),
    "LinuxContainerConfig": (
        "resources 1 LinuxContainerResources",
        "security_context 2 LinuxContainerSecurityContext",
    ),
    "ContainerConfig": (
        *("metadata 1 ContainerMetadata", "image 2 ImageSpec", "command 3 [string]"),
        *("args 4 [string]", "working_dir 5 string", "envs 6 [KeyValue]", "mounts 7 [Mount]"),
        *("devices 8 [Device]", "labels 9 {string}", "annotations 10 {string}"),
        *("log_path 11 string", "stdin 12 bool", "stdin_once 13 bool", "tty 14 bool"),
        "linux 15 LinuxContainerConfig",
    ),
    "CreateContainerRequest": (
        *("pod_sandbox_id 1 string", "config 2 ContainerConfig"),
        "sandbox_config 3 PodSandboxConfig",
    ),
    "CreateContainerResponse": ("container_id 1 string",),
    "ContainerRequest": ("container_id 1 string",),  # of Start, Remove, Status, Stats, ReopenLog
    "StopContainerRequest": ("container_id 1 string", "timeout 2 int64"),
    "UpdateContainerResourcesRequest": (
        "container_id 1 string",
        "linux 2 LinuxContainerResources",
    ),
    "ContainerFilter": ("label_selector 4 {string}",),
    "ListContainersRequest": ("filter 1 ContainerFilter",),
    "Container": ("id 1 string", "pod_sandbox_id 2 string", "state 6 int32"),
    "ListContainersResponse": ("containers 1 [Container]",),
    "ContainerStatus": (
        *("id 1 string", "state 3 int32", "started_at 5 int64", "finished_at 6 int64"),
        *("exit_code 7 int32", "reason 10 string", "message 11 string"),
    ),
    "ContainerStatusResponse": ("status 1 ContainerStatus",),
    "CpuUsage": ("timestamp 1 int64", "usage_core_nano_seconds 2 UInt64Value"),
    "MemoryUsage": ("working_set_bytes 2 UInt64Value",),
    "ContainerStats": ("cpu 2 CpuUsage", "memory 3 MemoryUsage"),
    "ContainerStatsResponse": ("stats 1 ContainerStats",),
    "ExecSyncRequest": ("container_id 1 string", "cmd 2 [string]", "timeout 3 int64"),
    "ExecSyncResponse": ("stdout 1 bytes", "stderr 2 bytes", "exit_code 3 int32"),
    "ExecRequest": (
        *("container_id 1 string", "cmd 2 [string]", "tty 3 bool", "stdin 4 bool"),
        *("stdout 5 bool", "stderr 6 bool"),
    ),
    "AttachRequest": (
        *("container_id 1 string", "stdin 2 bool", "tty 3 bool", "stdout 4 bool"),
        "stderr 5 bool",
    ),
    "StreamResponse": ("url 1 string",),  # of Exec and Attach
    "ImageStatusRequest": ("image 1 ImageSpec",),
    "Image": ("id 1 string", "uid 5 Int64Value", "username 6 string"),
    "ImageStatusResponse": ("image 1 Image",),
    "AuthConfig": (
        *("username 1 string", "password 2 string"),
        *("identity_token 5 string", "registry_token 6 string"),
    ),
    "PullImageRequest": ("image 1 ImageSpec", "auth 2 AuthConfig"),
    "PullImageResponse": ("image_ref 1 string",),
}

_SCALARS: Final = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "int32": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
    "uint32": descriptor_pb2.FieldDescriptorProto.TYPE_UINT32,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "uint64": descriptor_pb2.FieldDescriptorProto.TYPE_UINT64,
}


@cache
def message(name: str) -> Any:
    """The class of a message. Raises KeyError for one that is not spoken here."""
    return _classes()[f"{PACKAGE}.{name}"]


@cache
def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="orchestrator/cri.proto", package=PACKAGE, syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        described = file.message_type.add(name=name)
        for field in fields:
            _add(described, name, *field.split())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClassesForFiles([file.name], pool)


def _add(described: Any, owner: str, name: str, number: str, kind: str) -> None:
    made = described.field.add(name=name, number=int(number))
    made.label = made.LABEL_OPTIONAL
    if kind[0] == "{":
        entry = f"{name.title().replace('_', '')}Entry"
        pair = described.nested_type.add(name=entry)
        pair.options.map_entry = True
        _add(pair, owner, "key", "1", "string")
        _add(pair, owner, "value", "2", kind[1:-1])
        made.label, made.type = made.LABEL_REPEATED, made.TYPE_MESSAGE
        made.type_name = f".{PACKAGE}.{owner}.{entry}"
        return
    if kind[0] == "[":
        made.label, kind = made.LABEL_REPEATED, kind[1:-1]
    if kind in _SCALARS:
        made.type = _SCALARS[kind]
    else:
        made.type, made.type_name = made.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
