"""What a command sees in a container: environment, files, host name."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from orchestrator.api.core.v1 import (
    ConfigMap,
    Container,
    EnvVar,
    KeyToPath,
    Pod,
    Secret,
    Service,
    Volume,
)
from orchestrator.kubelet.field_paths import field_value, resource_value
from orchestrator.kubelet.material import Found, Source, key_of
from orchestrator.kubelet.runtimes.interface import World

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ACCOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount"


def world_of(
    pod: Pod,
    container: Container,
    found: Found,
    services: Iterable[Service] = (),
    resolver: str = "",
) -> World:
    """The surroundings of a container whose objects have been `found`; `resolver` is its resolv.conf."""
    files = dict(_own_files(pod))
    files["/etc/resolv.conf"] = resolver.encode()
    files.update(_mounted(pod, container, found))
    host = pod.spec.hostname if pod.spec is not None and pod.spec.hostname else pod.metadata.name
    environment = {"PATH": _PATH, "HOSTNAME": host, **service_variables(services)}
    environment.update(_environment(pod, container, found, environment))
    environment.setdefault("HOME", "/root")
    return World(environment, files, host, container.working_dir or "/")


def service_variables(services: Iterable[Service]) -> dict[str, str]:
    """The variables by which a container finds the services of its namespace."""
    variables: dict[str, str] = {}
    for service in services:
        spec = service.spec
        if spec is None or spec.cluster_ip in ("", "None") or not spec.ports:
            continue
        name = service.metadata.name.upper().replace("-", "_")
        address, first = spec.cluster_ip, spec.ports[0]
        variables[f"{name}_SERVICE_HOST"] = address
        variables[f"{name}_SERVICE_PORT"] = str(first.port)
        for port in spec.ports:
            if port.name:
                key = f"{name}_SERVICE_PORT_{port.name.upper().replace('-', '_')}"
                variables[key] = str(port.port)
        protocol = (first.protocol or "TCP").lower()
        variables[f"{name}_PORT"] = f"{protocol}://{address}:{first.port}"
    return variables


# --- environment ---------------------------------------------------------------------------


def _environment(
    pod: Pod, container: Container, found: Found, known: Mapping[str, str]
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
        value_ = _value(pod, container, variable, found, {**known, **result})
        if value_ is not None:
            result[variable.name] = value_
    return result


def _value(
    pod: Pod, container: Container, variable: EnvVar, found: Found, known: Mapping[str, str]
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
        return resource_value(pod, container, source.resource_field_ref)
    return None


def substituted(text: str, known: Mapping[str, str]) -> str:
    """`$(NAME)` replaced by what is known, `$$` by `$`; what is not known stays."""
    result, at = [], 0
    while at < len(text):
        if text.startswith("$$", at):
            result.append("$")
            at += 2
        elif text.startswith("$(", at) and (end := text.find(")", at)) > 0:
            name = text[at + 2 : end]
            result.append(known.get(name, text[at : end + 1]))
            at = end + 1
        else:
            result.append(text[at])
            at += 1
    return "".join(result)


# --- files ---------------------------------------------------------------------------------


def _own_files(pod: Pod) -> Iterator[tuple[str, bytes]]:
    spec, status = pod.spec, pod.status
    host = spec.hostname if spec is not None and spec.hostname else pod.metadata.name
    address = status.pod_ip if status is not None else ""
    aliases = spec.host_aliases if spec is not None else ()
    lines = ["# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost", f"{address}\t{host}"]
    lines += ["\t".join((alias.ip, *alias.hostnames)) for alias in aliases]
    yield "/etc/hostname", f"{host}\n".encode()
    yield "/etc/hosts", ("\n".join(lines) + "\n").encode()
    yield "/tmp/", b""


def _mounted(pod: Pod, container: Container, found: Found) -> Iterator[tuple[str, bytes]]:
    volumes = {v.name: v for v in pod.spec.volumes} if pod.spec is not None else {}
    for mount in container.volume_mounts:
        volume = volumes.get(mount.name)
        if volume is None:
            continue
        place = mount.mount_path.rstrip("/")
        if mount.mount_path == _ACCOUNT:
            yield f"{place}/namespace", pod.metadata.namespace.encode()
        yield f"{place}/", b""
        for path, data in volume_files(pod, container, volume, found):
            if not mount.sub_path:
                yield f"{place}/{path}", data
            elif path == mount.sub_path:
                yield place, data


def volume_files(
    pod: Pod, container: Container, volume: Volume, found: Found
) -> Iterator[tuple[str, bytes]]:
    """The files of a volume that is made of objects, by their path in it."""
    if (config := volume.config_map) is not None:
        yield from _keys(found.get((ConfigMap, config.name)), config.items)
    elif (secret := volume.secret) is not None:
        yield from _keys(found.get((Secret, secret.secret_name)), secret.items)
    elif volume.downward_api is not None:
        for item in volume.downward_api.items:
            if item.field_ref is not None:
                yield item.path, field_value(pod, item.field_ref.field_path).encode()
            elif item.resource_field_ref is not None:
                yield item.path, resource_value(pod, container, item.resource_field_ref).encode()
    elif volume.projected is not None:
        for part in volume.projected.sources:
            if part.config_map is not None:
                yield from _keys(
                    found.get((ConfigMap, part.config_map.name)), part.config_map.items
                )
            elif part.secret is not None:
                yield from _keys(found.get((Secret, part.secret.name)), part.secret.items)
            elif part.downward_api is not None:
                for item in part.downward_api.items:
                    if item.field_ref is not None:
                        yield item.path, field_value(pod, item.field_ref.field_path).encode()


def _keys(
    obj: ConfigMap | Secret | None, items: tuple[KeyToPath, ...]
) -> Iterator[tuple[str, bytes]]:
    if obj is None:
        return
    data = plain(obj)
    for key, path in [(i.key, i.path) for i in items] or [(key, key) for key in data]:
        if key in data:
            yield path, data[key]


def plain(obj: ConfigMap | Secret) -> dict[str, bytes]:
    """What an object holds, as it is seen in a container."""
    if isinstance(obj, ConfigMap):
        texts = {key: value.encode() for key, value in obj.data.items()}
        return texts | {key: _bytes(value) for key, value in obj.binary_data.items()}
    return {key: _bytes(value) for key, value in obj.data.items()}


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else base64.b64decode(value)
