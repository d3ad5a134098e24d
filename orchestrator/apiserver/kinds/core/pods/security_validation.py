"""Security contexts of pods and of containers."""

from typing import Final

from orchestrator.api.core.v1 import (
    AppArmorProfile,
    Container,
    EphemeralContainer,
    PodSecurityContext,
    PodSpec,
    SeccompProfile,
    SecurityContext,
)
from orchestrator.apiserver.kinds.core.pods.windows_validation import windows_option_errors
from orchestrator.apiserver.validation.field import (
    MAX_INT32,
    Errors,
    between,
    chosen,
    complaints,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from orchestrator.apiserver.validation.formats import relative_path_errors, sysctl_errors
from orchestrator.apiserver.validation.golang import as_go

_PROFILES: Final = ("Localhost", "RuntimeDefault", "Unconfined")
_PROC_MOUNTS: Final = ("Default", "Unmasked")
_GROUP_CHANGES: Final = ("Always", "OnRootMismatch")
_GROUP_POLICIES: Final = ("Merge", "Strict")
_SELINUX_CHANGES: Final = ("Recursive",)
_PATH_MAX: Final = 4095  # bytes


def container_security_errors(
    path: str, context: SecurityContext | None, *, host_users: bool
) -> Errors:
    """A container's context. `host_users`: the pod runs in the host's user namespace."""
    if context is None:
        return
    yield from between(f"{path}.runAsUser", context.run_as_user, 0, MAX_INT32)
    yield from between(f"{path}.runAsGroup", context.run_as_group, 0, MAX_INT32)
    if context.proc_mount is not None:
        yield from _proc_mount_errors(f"{path}.procMount", context.proc_mount, host_users)
    yield from _seccomp_errors(f"{path}.seccompProfile", context.seccomp_profile)
    if context.allow_privilege_escalation is False:
        yield from _escalation_errors(path, context)
    yield from windows_option_errors(f"{path}.windowsOptions", context.windows_options)
    yield from _app_armor_errors(f"{path}.appArmorProfile", context.app_armor_profile)


def _proc_mount_errors(path: str, mount: str, host_users: bool) -> Errors:
    if mount not in _PROC_MOUNTS:
        yield not_supported(path, mount, _PROC_MOUNTS)
    if host_users and mount == "Unmasked":
        yield invalid(path, mount, "`hostUsers` must be false to use `Unmasked`")


def _escalation_errors(path: str, context: SecurityContext) -> Errors:
    detail = "cannot set `allowPrivilegeEscalation` to false and"
    if context.privileged:
        yield invalid(path, as_go(context), f"{detail} `privileged` to true")
    if context.capabilities and "CAP_SYS_ADMIN" in context.capabilities.add:
        yield invalid(path, as_go(context), f"{detail} `capabilities.Add` CAP_SYS_ADMIN")


def pod_security_errors(path: str, spec: PodSpec) -> Errors:
    """The pod's context, at `path`, and what of the pod's spec depends on it."""
    context = spec.security_context
    if context is None:
        return
    yield from between(f"{path}.fsGroup", context.fs_group, 0, MAX_INT32)
    yield from between(f"{path}.runAsUser", context.run_as_user, 0, MAX_INT32)
    yield from between(f"{path}.runAsGroup", context.run_as_group, 0, MAX_INT32)
    for i, group in enumerate(context.supplemental_groups):
        yield from between(f"{path}.supplementalGroups[{i}]", group, 0, MAX_INT32)
    if spec.share_process_namespace and spec.host_pid:
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        yield invalid(f"{path}.shareProcessNamespace", True, detail)
    yield from _sysctl_errors(f"{path}.sysctls", context, spec)
    if context.fs_group_change_policy is not None:
        where = f"{path}.fsGroupChangePolicy"
        yield from _known(where, context.fs_group_change_policy, _GROUP_CHANGES)
    yield from _seccomp_errors(f"{path}.seccompProfile", context.seccomp_profile)
    yield from windows_option_errors(f"{path}.windowsOptions", context.windows_options)
    yield from _app_armor_errors(f"{path}.appArmorProfile", context.app_armor_profile)
    yield from _policy_errors(path, context)


def _policy_errors(path: str, context: PodSecurityContext) -> Errors:
    if context.supplemental_groups_policy is not None:
        where = f"{path}.supplementalGroupsPolicy"
        yield from _known(where, context.supplemental_groups_policy, _GROUP_POLICIES)
    if context.se_linux_change_policy is not None:
        where = f"{path}.seLinuxChangePolicy"
        yield from _known(where, context.se_linux_change_policy, _SELINUX_CHANGES)


def _known(path: str, value: str, supported: tuple[str, ...]) -> Errors:
    if value not in supported:
        yield not_supported(path, value, supported)


def _sysctl_errors(path: str, context: PodSecurityContext, spec: PodSpec) -> Errors:
    seen = set()
    for i, sysctl in enumerate(context.sysctls):
        where = f"{path}[{i}].name"
        if not sysctl.name:
            yield required(where)
        elif messages := sysctl_errors(sysctl.name):
            yield from complaints(where, sysctl.name, messages)
        elif sysctl.name in seen:
            yield duplicate(where, sysctl.name)
        seen.add(sysctl.name)
        name = sysctl.name.replace("/", ".")
        if spec.host_network and name.startswith("net."):
            yield invalid(where, sysctl.name, "may not be specified when 'hostNetwork' is true")
        if spec.host_ipc and name.startswith(
            ("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")
        ):
            yield invalid(where, sysctl.name, "may not be specified when 'hostIPC' is true")


def _seccomp_errors(path: str, profile: SeccompProfile | None) -> Errors:
    if profile is None:
        return
    if not profile.type:
        yield required(f"{path}.type", "type is required when seccompProfile is set")
    else:
        yield from chosen(f"{path}.type", profile.type, _PROFILES)
    where = f"{path}.localhostProfile"
    if profile.type != "Localhost":
        if profile.localhost_profile is not None:
            yield invalid(where, profile, "can only be set when seccomp type is Localhost")
    elif profile.localhost_profile is None:
        yield required(where, "must be set when seccomp type is Localhost")
    else:
        messages = relative_path_errors(profile.localhost_profile)
        yield from complaints(where, profile.localhost_profile, messages)


def _app_armor_errors(path: str, profile: AppArmorProfile | None) -> Errors:
    if profile is None:
        return
    where = f"{path}.localhostProfile"
    name = profile.localhost_profile
    match profile.type:
        case "Localhost":
            if not name or not name.strip():
                yield required(where, "must be set when AppArmor type is Localhost")
            elif name != name.strip():
                yield invalid(where, name, "must not be padded with whitespace")
            if name and len(name) > _PATH_MAX:
                yield too_long(where, _PATH_MAX)
        case "RuntimeDefault" | "Unconfined":
            if name is not None:
                yield invalid(where, name, "can only be set when AppArmor type is Localhost")
        case "":
            yield required(f"{path}.type", "type is required when appArmorProfile is set")
        case unknown:
            yield not_supported(f"{path}.type", unknown, _PROFILES)


# --- operating systems ---------------------------------------------------------------------

_POD_LINUX_ONLY: Final = (
    ("app_armor_profile", "appArmorProfile"),
    ("se_linux_options", "seLinuxOptions"),
    ("seccomp_profile", "seccompProfile"),
    ("fs_group", "fsGroup"),
    ("fs_group_change_policy", "fsGroupChangePolicy"),
    ("sysctls", "sysctls"),
    ("run_as_user", "runAsUser"),
    ("run_as_group", "runAsGroup"),
    ("supplemental_groups", "supplementalGroups"),
    ("supplemental_groups_policy", "supplementalGroupsPolicy"),
    ("se_linux_change_policy", "seLinuxChangePolicy"),
)
_CONTAINER_LINUX_ONLY: Final = (
    ("app_armor_profile", "appArmorProfile"),
    ("se_linux_options", "seLinuxOptions"),
    ("seccomp_profile", "seccompProfile"),
    ("capabilities", "capabilities"),
    ("read_only_root_filesystem", "readOnlyRootFilesystem"),
    ("privileged", "privileged"),
    ("allow_privilege_escalation", "allowPrivilegeEscalation"),
    ("proc_mount", "procMount"),
    ("run_as_user", "runAsUser"),
    ("run_as_group", "runAsGroup"),
)
_SPEC_LINUX_ONLY: Final = (
    ("host_users", "hostUsers"),
    ("host_pid", "hostPID"),
    ("host_ipc", "hostIPC"),
    ("share_process_namespace", "shareProcessNamespace"),
)
_OPERATING_SYSTEMS: Final = ("linux", "windows")


def os_errors(path: str, spec: PodSpec) -> Errors:
    """A pod that names its operating system may not use what the other one has."""
    if spec.os is None:
        return
    if not spec.os.name:
        yield required(f"{path}.os.name")
    elif spec.os.name not in _OPERATING_SYSTEMS:
        yield not_supported(f"{path}.os", spec.os.name, _OPERATING_SYSTEMS)
    elif spec.os.name == "linux":
        yield from _linux_errors(path, spec)
    else:
        yield from _windows_errors(path, spec)


def _contexts(path: str, spec: PodSpec) -> list[tuple[str, SecurityContext]]:
    groups: tuple[tuple[str, tuple[Container | EphemeralContainer, ...]], ...] = (
        ("initContainers", spec.init_containers),
        ("containers", spec.containers),
        ("ephemeralContainers", spec.ephemeral_containers),
    )
    return [
        (f"{path}.{name}[{i}].securityContext", container.security_context)
        for name, containers in groups
        for i, container in enumerate(containers)
        if container.security_context is not None
    ]


def _linux_errors(path: str, spec: PodSpec) -> Errors:
    detail = "windows options cannot be set for a linux pod"
    if spec.security_context and spec.security_context.windows_options is not None:
        yield forbidden(f"{path}.securityContext.windowsOptions", detail)
    for where, context in _contexts(path, spec):
        if context.windows_options is not None:
            yield forbidden(f"{where}.windowsOptions", detail)


def _windows_errors(path: str, spec: PodSpec) -> Errors:
    detail = "cannot be set for a windows pod"
    for attribute, wire in _SPEC_LINUX_ONLY:
        value = getattr(spec, attribute)
        # False for the host's namespaces is as good as nothing, for hostUsers it is a wish.
        if value or (value is False and attribute in ("host_users", "share_process_namespace")):
            yield forbidden(f"{path}.{wire}", detail)
    if spec.security_context is not None:
        for attribute, wire in _POD_LINUX_ONLY:
            if getattr(spec.security_context, attribute) not in (None, ()):
                yield forbidden(f"{path}.securityContext.{wire}", detail)
    for where, context in _contexts(path, spec):
        for attribute, wire in _CONTAINER_LINUX_ONLY:
            if getattr(context, attribute) is not None:
                yield forbidden(f"{where}.{wire}", detail)
