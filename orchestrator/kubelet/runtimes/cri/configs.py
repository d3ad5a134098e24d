"""What a CRI runtime is told of a pod and of its containers, in the words of CRI: worked out, and nothing asked."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from orchestrator.api.core.v1 import (
    Container,
    Pod,
    PodSecurityContext,
    PodSpec,
    SeccompProfile,
    SecurityContext,
)
from orchestrator.kubelet.control_groups import version_1
from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.substitution import substituted
from orchestrator.kubelet.surroundings import DEFAULT_PATH

_PROPAGATIONS: Final = {"HostToContainer": 1, "Bidirectional": 2}
_POD, _CONTAINER, _NODE = 0, 1, 2  # whose namespace
_PROFILES: Final = {"RuntimeDefault": 0, "Unconfined": 1, "Localhost": 2}
# What the kubelet hides of /proc and /sys from who is not privileged, and what it lets them read alone.
_MASKED: Final = (
    *("/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys"),
    *("/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug"),
    *("/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"),
)
_READ_ONLY: Final = (*("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"),)


class BindMount(NamedTuple):
    """Something of the machine, `outside`, that a container sees `inside`."""

    inside: str
    outside: str
    read_only: bool = False
    propagation: str = ""  # in Kubernetes' words
    is_device: bool = False


def sandbox_config(pod: Pod, logs: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """The PodSandboxConfig of a pod whose containers log into `logs`; it lives in the host's network."""
    metadata = pod.metadata
    spec = pod.spec or PodSpec()
    whole = spec.security_context or PodSecurityContext()
    return {
        "metadata": {
            "name": metadata.name,
            "uid": metadata.uid,
            "namespace": metadata.namespace,
        },
        "log_directory": logs,
        "labels": {**metadata.labels, **labels},
        "annotations": dict(metadata.annotations),
        "linux": {
            "sysctls": {each.name: each.value for each in whole.sysctls},
            "security_context": {
                "namespace_options": _namespaces(spec),
                "supplemental_groups": _groups(whole),
                "privileged": any(_own(each).privileged for each in spec.containers),
                "seccomp": _seccomp(whole.seccomp_profile),
            },
        },
    }


def container_config(
    pod: Pod,
    container: Container,
    world: World,
    *,
    attempt: int,
    image: str,
    mounts: Sequence[BindMount],
    log: str,
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """The ContainerConfig of a container."""
    environment = _environment(container, world)
    own = _own(container)
    return {
        "metadata": {"name": container.name, "attempt": attempt},
        "image": {"image": image, "user_specified_image": container.image},
        "command": [substituted(word, environment) for word in container.command],
        "args": [substituted(word, environment) for word in container.args],
        "working_dir": container.working_dir or "",
        "envs": [{"key": k, "value": v.encode()} for k, v in environment.items()],
        "mounts": [
            {
                "container_path": each.inside,
                "host_path": each.outside,
                "readonly": each.read_only,
                "propagation": _PROPAGATIONS.get(each.propagation, 0),
            }
            for each in mounts
            if not each.is_device
        ],
        "devices": [
            {
                "container_path": each.inside,
                "host_path": each.outside,
                "permissions": "r" if each.read_only else "mrw",
            }
            for each in mounts
            if each.is_device
        ],
        "labels": dict(labels),
        "log_path": log,
        "stdin": bool(container.stdin),
        "stdin_once": bool(container.stdin_once),
        "tty": bool(container.tty),
        "linux": {
            "resources": resources_of(container),
            "security_context": _security(pod, own),
        },
    }


def resources_of(container: Container) -> dict[str, int]:
    """LinuxContainerResources: shares and quotas of CPU as the kubelet works them out, and the limit of memory."""
    files = version_1(container.resources)
    names = {
        "cpu_shares": "cpu.shares",
        "cpu_period": "cpu.cfs_period_us",
        "cpu_quota": "cpu.cfs_quota_us",
        "memory_limit_in_bytes": "memory.limit_in_bytes",
    }
    found = {field: int(files[name]) for field, name in names.items() if name in files}
    return {field: amount for field, amount in found.items() if amount > 0}


def _environment(container: Container, world: World) -> dict[str, str]:
    """A path of programs that nobody asked for is the image's business."""
    found = dict(world.environment)
    asked = any(each.name == "PATH" for each in container.env)
    if found.get("PATH") == DEFAULT_PATH and not asked:
        del found["PATH"]
    return found


def _security(pod: Pod, own: SecurityContext) -> dict[str, Any]:
    spec = pod.spec or PodSpec()
    whole = spec.security_context or PodSecurityContext()
    bare = bool(own.privileged) or own.proc_mount == "Unmasked"
    found: dict[str, Any] = {
        "privileged": bool(own.privileged),
        "namespace_options": _namespaces(spec),
        "readonly_rootfs": bool(own.read_only_root_filesystem),
        "supplemental_groups": _groups(whole),
        "no_new_privs": own.allow_privilege_escalation is False,
        "masked_paths": () if bare else _MASKED,
        "readonly_paths": () if bare else _READ_ONLY,
        "seccomp": _seccomp(own.seccomp_profile or whole.seccomp_profile),
    }
    for field, mine, all_of in (
        ("run_as_user", own.run_as_user, whole.run_as_user),
        ("run_as_group", own.run_as_group, whole.run_as_group),
    ):
        wanted = all_of if mine is None else mine
        if wanted is not None:
            found[field] = {"value": wanted}
    if own.capabilities is not None:
        found["capabilities"] = {
            "add_capabilities": list(own.capabilities.add),
            "drop_capabilities": list(own.capabilities.drop),
        }
    return found


def _namespaces(spec: PodSpec) -> dict[str, int]:
    """The network is the host's: each pod listens at its own address there."""
    processes = _NODE if spec.host_pid else _POD if spec.share_process_namespace else _CONTAINER
    return {"network": _NODE, "pid": processes, "ipc": _NODE if spec.host_ipc else _POD}


def _seccomp(profile: SeccompProfile | None) -> dict[str, Any]:
    if profile is None:
        return {"profile_type": _PROFILES["Unconfined"]}
    return {
        "profile_type": _PROFILES.get(profile.type, _PROFILES["RuntimeDefault"]),
        "localhost_ref": profile.localhost_profile or "",
    }


def _groups(whole: PodSecurityContext) -> list[int]:
    shared = [whole.fs_group] if whole.fs_group is not None else []
    return [*whole.supplemental_groups, *shared]


def _own(container: Container) -> SecurityContext:
    return container.security_context or SecurityContext()
