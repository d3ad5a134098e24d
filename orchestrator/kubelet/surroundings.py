"""What a command sees in a container: environment, files, host name."""

from collections.abc import Iterable, Mapping
from typing import Final

from orchestrator.api.core.v1 import (
    ConfigMap,
    Container,
    EnvVar,
    Pod,
    Secret,
    SecurityContext,
    Service,
)
from orchestrator.api.scalars import EMPTY, Quantity
from orchestrator.kubelet.field_paths import field_value, resource_value
from orchestrator.kubelet.host_names import host_names
from orchestrator.kubelet.material import Found, Source, key_of, pull_sources
from orchestrator.kubelet.mounting import flat_files, mounts_of, plain
from orchestrator.kubelet.own_files import own_files
from orchestrator.kubelet.runtimes.contents import Content, Contents
from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.substitution import substituted

DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def world_of(
    pod: Pod,
    container: Container,
    found: Found,
    services: Iterable[Service] = (),
    allocatable: Mapping[str, Quantity] = EMPTY,
    resolver: str = "",
) -> World:
    """The surroundings of a container whose objects have been `found`; `services` are those of its namespace, and
    `kubernetes` of `default`; `allocatable` is what the node has to give, to which limits default;
    `resolver` is its resolv.conf.
    """
    names = host_names(pod)
    host = names.kernel
    environment = {"PATH": DEFAULT_PATH, "HOSTNAME": host, **service_variables(services, pod)}
    environment.update(_environment(pod, container, found, environment, allocatable))
    environment.setdefault("HOME", "/root")
    mounts = mounts_of(pod, container, found, environment, allocatable)
    files: dict[str, Content] = dict(own_files(pod, container, names))
    files["/etc/resolv.conf"] = resolver.encode()
    modes: dict[str, int] = {}
    for path, data, mode in flat_files(mounts):
        files[path] = data
        if mode is not None:
            modes[path] = mode
    uid, gid, groups = _user(pod, container)
    own = container.security_context or SecurityContext()
    return World(
        environment,
        Contents(files),
        host,
        container.working_dir or "/",
        mounts,
        modes,
        read_only=bool(own.read_only_root_filesystem),
        uid=uid,
        gid=gid,
        groups=groups,
        privileged=bool(own.privileged),
        rises=own.allow_privilege_escalation is not False,
        pull_secrets=tuple(s for each in pull_sources(pod) if (s := found.get(each)) is not None),
    )


def _user(pod: Pod, container: Container) -> tuple[int, int, tuple[int, ...]]:
    """User, group and further groups of the container's processes; an image runs as root if nobody says otherwise."""
    general = pod.spec.security_context if pod.spec is not None else None
    own = container.security_context
    uid = gid = None
    groups: tuple[int, ...] = ()
    if general is not None:
        uid, gid = general.run_as_user, general.run_as_group
        groups = general.supplemental_groups
        if general.fs_group is not None:
            groups = (*groups, general.fs_group)
    if own is not None:
        uid = own.run_as_user if own.run_as_user is not None else uid
        gid = own.run_as_group if own.run_as_group is not None else gid
    return uid or 0, gid or 0, groups


def service_variables(services: Iterable[Service], pod: Pod) -> dict[str, str]:
    """The variables by which a container finds services; all of its namespace, or `kubernetes` alone."""
    variables: dict[str, str] = {}
    namespace = pod.metadata.namespace
    wants_all = pod.spec is None or pod.spec.enable_service_links is not False
    for service in services:
        spec, metadata = service.spec, service.metadata
        master = metadata.name == "kubernetes" and metadata.namespace == "default"
        if not (master or (wants_all and metadata.namespace == namespace)):
            continue
        if spec is None or spec.cluster_ip in ("", "None") or not spec.ports:
            continue
        name = metadata.name.upper().replace("-", "_")
        address, first = spec.cluster_ip, spec.ports[0]
        variables[f"{name}_SERVICE_HOST"] = address
        variables[f"{name}_SERVICE_PORT"] = str(first.port)
        for port in spec.ports:
            if port.name:
                key = f"{name}_SERVICE_PORT_{port.name.upper().replace('-', '_')}"
                variables[key] = str(port.port)
        for port in spec.ports:
            protocol = port.protocol or "TCP"
            url = f"{protocol.lower()}://{address}:{port.port}"
            start = f"{name}_PORT_{port.port}_{protocol}"
            variables.setdefault(f"{name}_PORT", url)
            variables |= {
                start: url,
                f"{start}_PROTO": protocol.lower(),
                f"{start}_PORT": str(port.port),
                f"{start}_ADDR": address,
            }
    return variables


# --- environment ---------------------------------------------------------------------------


def _environment(
    pod: Pod,
    container: Container,
    found: Found,
    known: Mapping[str, str],
    allocatable: Mapping[str, Quantity],
) -> dict[str, str]:
    result: dict[str, str] = {}
    for each in container.env_from:
        source: Source | None = None
        if each.config_map_ref is not None:
            source = (ConfigMap, each.config_map_ref.name)
        elif each.secret_ref is not None:
            source = (Secret, each.secret_ref.name)
        if source is not None and found.get(source) is not None:
            for key, value in plain(found[source]).items():
                result[each.prefix + key] = value.decode(errors="replace")
    for variable in container.env:
        value_ = _value(pod, container, variable, found, {**known, **result}, allocatable)
        if value_ is not None:
            result[variable.name] = value_
    return result


def _value(
    pod: Pod,
    container: Container,
    variable: EnvVar,
    found: Found,
    known: Mapping[str, str],
    allocatable: Mapping[str, Quantity],
) -> str | None:
    source = variable.value_from
    if source is None:
        return substituted(variable.value, known)
    key = key_of(source)
    if key is not None:
        obj = found.get(key[0])
        data = plain(obj).get(key[1]) if obj is not None else None
        return None if data is None else data.decode(errors="replace")
    if source.field_ref is not None:
        return field_value(pod, source.field_ref.field_path)
    if source.resource_field_ref is not None:
        return resource_value(pod, container, source.resource_field_ref, allocatable)
    return None
