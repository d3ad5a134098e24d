"""The checks of the level baseline: what is known to lead out of a container."""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any, Final

from orchestrator.api.core.v1 import PodSpec, SELinuxOptions
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.admission.pod_security.checking import (
    AnyContainer,
    Check,
    Violation,
    bad_containers,
    containers,
    context,
    has_own_users,
    named,
    plural,
    pod_context,
    quoted,
    setters,
    uses,
)

_APP_ARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP_POD: Final = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER: Final = "container.seccomp.security.alpha.kubernetes.io/"
_PROFILES: Final = ("RuntimeDefault", "Localhost")
_CAPABILITIES: Final = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
_SELINUX_TYPES: Final = frozenset({"", "container_t", "container_init_t", "container_kvm_t"})
_SYSCTLS: Final = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
    }
)
_SYSCTLS_27: Final = _SYSCTLS | {"net.ipv4.ip_local_reserved_ports"}
_SYSCTLS_29: Final = _SYSCTLS_27 | {
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}
_SYSCTLS_32: Final = _SYSCTLS_29 | {"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"}


def app_armor_profile(metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """The default profile is not overridden, but by one of the node's."""
    values: set[str] = set()

    def is_bad(holder: Any) -> bool:
        profile = holder.app_armor_profile
        if profile is None or profile.type in _PROFILES:
            return False
        values.add(profile.type)
        return True

    pod = is_bad(pod_context(spec))
    names = bad_containers(spec, lambda each: is_bad(context(each)))
    annotations = sorted(
        f'{key}="{value}"'
        for key, value in metadata.annotations.items()
        if key.startswith(_APP_ARMOR) and not _is_app_armor(value)
    )
    who = [setters(pod, names)] if pod or names else []
    if annotations:
        who.append(plural("annotation", annotations))
    if not who:
        return None
    bad = [*sorted(values), *annotations]
    return Violation(
        plural("forbidden AppArmor profile", bad),
        f"{' and '.join(who)} must not set AppArmor profile type to {quoted(bad)}",
    )


def _is_app_armor(value: str) -> bool:
    return value in ("", "runtime/default") or value.startswith("localhost/")


def capabilities(_metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """No more than a runtime gives by itself."""
    found: set[str] = set()

    def is_bad(container: AnyContainer) -> bool:
        given = context(container).capabilities
        bad = set() if given is None else set(given.add) - _CAPABILITIES
        found.update(bad)
        return bool(bad)

    names = bad_containers(spec, is_bad)
    if not names:
        return None
    detail = f"must not include {quoted(sorted(found))} in securityContext.capabilities.add"
    return Violation("non-default capabilities", f"{named('container', names)} {detail}")


def host_namespaces(_metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """The node's network, processes and shared memory are its own."""
    used = {"hostNetwork": spec.host_network, "hostPID": spec.host_pid, "hostIPC": spec.host_ipc}
    found = [f"{name}=true" for name, value in used.items() if value]
    return Violation("host namespaces", ", ".join(found)) if found else None


def host_path_volumes(_metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """The node's files are its own."""
    names = [volume.name for volume in spec.volumes if volume.host_path is not None]
    return Violation("hostPath volumes", named("volume", names)) if names else None


def host_ports(_metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """The node's ports are its own."""
    found = {
        str(port.host_port) for each in containers(spec) for port in each.ports if port.host_port
    }
    if not found:
        return None
    names = bad_containers(spec, lambda each: any(port.host_port for port in each.ports))
    ports = f"{plural('hostPort', found)} {', '.join(sorted(found))}"
    return Violation("hostPort", f"{named('container', names)} {uses(names)} {ports}")


def host_probes(_metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """A kubelet asks nobody but the pod itself."""
    found = {each.name: tuple(_hosts(each)) for each in containers(spec)}
    names = sorted(name for name, hosts in found.items() if hosts)
    if not names:
        return None
    what = "probe or lifecycle host"
    hosts = sorted({host for each in found.values() for host in each})
    return Violation(what, f"{named('container', names)} {uses(names)} {named(what, hosts)}")


def _hosts(container: AnyContainer) -> Iterator[str]:
    handlers: list[Any] = [
        container.liveness_probe,
        container.readiness_probe,
        container.startup_probe,
    ]
    if container.lifecycle is not None:
        handlers += [container.lifecycle.post_start, container.lifecycle.pre_stop]
    for handler in handlers:
        for action in () if handler is None else (handler.http_get, handler.tcp_socket):
            if action is not None and action.host:
                yield action.host


def privileged(_metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """No container is as mighty as its node."""
    names = bad_containers(spec, lambda each: context(each).privileged)
    if not names:
        return None
    detail = f"{named('container', names)} must not set securityContext.privileged=true"
    return Violation("privileged", detail)


def proc_mount(_metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """The masks of /proc stay."""
    types: set[str] = set()

    def is_bad(container: AnyContainer) -> bool:
        mount = context(container).proc_mount
        if mount is None or mount == "Default":
            return False
        types.add(mount)
        return True

    names = bad_containers(spec, is_bad)
    if not names:
        return None
    detail = f"must not set securityContext.procMount to {quoted(sorted(types))}"
    return Violation("procMount", f"{named('container', names)} {detail}")


def relaxed(check: Check) -> Check:
    """The check, but not of pods that are in a user namespace."""

    def relaxed_check(metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
        return None if has_own_users(spec) else check(metadata, spec)

    return relaxed_check


def _se_linux_options(
    allowed: frozenset[str], _metadata: ObjectMeta, spec: PodSpec
) -> Violation | None:
    types: set[str] = set()
    parts: set[str] = set()

    def is_bad(options: SELinuxOptions | None) -> bool:
        if options is None:
            return False
        if options.type not in allowed:
            types.add(options.type)
        parts.update(part for part in ("user", "role") if getattr(options, part))
        return bool(options.type not in allowed or options.user or options.role)

    pod = is_bad(pod_context(spec).se_linux_options)
    names = bad_containers(spec, lambda each: is_bad(context(each).se_linux_options))
    if not pod and not names:
        return None
    data = [named("type", sorted(types))] if types else []
    data += [f"{part} may not be set" for part in ("user", "role") if part in parts]
    return Violation(
        "seLinuxOptions",
        f"{setters(pod, names)} set forbidden securityContext.seLinuxOptions: {'; '.join(data)}",
    )


se_linux_options: Final[Check] = partial(_se_linux_options, _SELINUX_TYPES)
se_linux_options_31: Final[Check] = partial(
    _se_linux_options, _SELINUX_TYPES | {"container_engine_t"}
)


def seccomp_annotations(metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """Until there were fields for it, annotations named the profiles."""
    keys = [_SECCOMP_POD, *(_SECCOMP_CONTAINER + each.name for each in containers(spec))]
    found = metadata.annotations
    bad = {f'{key}="{found[key]}"' for key in keys if key in found and not _is_seccomp(found[key])}
    if not bad:
        return None
    return Violation(
        "seccompProfile", f"forbidden {plural('annotation', bad)} {', '.join(sorted(bad))}"
    )


def _is_seccomp(value: str) -> bool:
    return value in ("runtime/default", "docker/default") or value.startswith("localhost/")


def is_seccomp_profile(holder: Any) -> bool:
    """Whether a context has a profile, and a good one."""
    return holder.seccomp_profile is not None and holder.seccomp_profile.type in _PROFILES


def seccomp_profile(_metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """Nobody is unconfined who says anything of it."""
    values: set[str] = set()

    def is_bad(holder: Any) -> bool:
        if holder.seccomp_profile is None or is_seccomp_profile(holder):
            return False
        values.add(holder.seccomp_profile.type)
        return True

    pod = is_bad(pod_context(spec))
    names = bad_containers(spec, lambda each: is_bad(context(each)))
    if not pod and not names:
        return None
    what = f"must not set securityContext.seccompProfile.type to {quoted(sorted(values))}"
    return Violation("seccompProfile", f"{setters(pod, names)} {what}")


def _sysctls(allowed: Collection[str], _metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    bad = [each.name for each in pod_context(spec).sysctls if each.name not in allowed]
    return Violation("forbidden sysctls", ", ".join(bad)) if bad else None


sysctls: Final[Check] = partial(_sysctls, _SYSCTLS)
sysctls_27: Final[Check] = partial(_sysctls, _SYSCTLS_27)
sysctls_29: Final[Check] = partial(_sysctls, _SYSCTLS_29)
sysctls_32: Final[Check] = partial(_sysctls, _SYSCTLS_32)


def windows_host_process(_metadata: ObjectMeta, spec: PodSpec) -> Violation | None:
    """On Windows, too, no container is as mighty as its node."""
    is_bad: Callable[[Any], bool] = lambda holder: (  # noqa: E731 - two holders, one question
        holder.windows_options is not None and bool(holder.windows_options.host_process)
    )
    pod = is_bad(pod_context(spec))
    names = bad_containers(spec, lambda each: is_bad(context(each)))
    if not pod and not names:
        return None
    what = "must not set securityContext.windowsOptions.hostProcess=true"
    return Violation("hostProcess", f"{setters(pod, names)} {what}")
