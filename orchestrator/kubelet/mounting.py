"""The volumes of a container: where it sees them, what is in those that are made of objects, with which modes.

As the kubelet's atomic writer makes them: `defaultMode` unless an item has a mode of its own, readable for the pod's
group if it has one; a mount of a `subPath` is a copy of what was there when the container started.
"""

import base64
import re
import stat
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    ConfigMap,
    Container,
    DownwardAPIVolumeFile,
    EmptyDirVolumeSource,
    HostPathVolumeSource,
    KeyToPath,
    PersistentVolume,
    Pod,
    PodSpec,
    ProjectedVolumeSource,
    Secret,
    ServiceAccountTokenProjection,
    Volume,
    VolumeMount,
)
from orchestrator.api.scalars import EMPTY, Quantity
from orchestrator.kubelet.claimed import volume_behind
from orchestrator.kubelet.field_paths import field_value, resource_value
from orchestrator.kubelet.material import Found, token_source
from orchestrator.kubelet.runtimes.contents import Content, Contents, unread
from orchestrator.kubelet.runtimes.interface import Mount
from orchestrator.kubelet.substitution import substituted
from orchestrator.machinery.quantities import value
from orchestrator.machinery.volumes import storage_of
from orchestrator.protocol import TokenPromise

_File: TypeAlias = tuple[str, Content, int]  # path in the volume, content, mode
_NAMED: Final = re.compile(r"(?<!\$)\$\(([^)]*)\)")
_USUAL_MODE: Final = 0o644
_TOKEN_MODE: Final = 0o600  # of a token, where the pod has one user or a group
_GROUP_READS: Final = 0o440
_SHARED_DIRECTORY: Final = 0o777
_OBJECTS_DIRECTORY: Final = (
    0o1777  # of the directory of a volume in memory, or that the kubelet writes
)


def mounts_of(
    pod: Pod,
    container: Container,
    found: Found,
    environment: Mapping[str, str],
    allocatable: Mapping[str, Quantity] = EMPTY,
) -> tuple[Mount, ...]:
    """What the container sees of its pod's volumes, with what was `found` of the objects in them."""
    if pod.spec is None:
        return ()
    volumes = {v.name: v for v in pod.spec.volumes}
    owner = _Owner(pod, container, allocatable)
    mounts = tuple(
        _with_ways(_mount(owner, volumes[m.name], m, found, environment), m)
        for m in container.volume_mounts
        if m.name in volumes
    )
    context = pod.spec.security_context
    if context is not None and context.fs_group is not None:
        mounts = tuple(_of_group(mount, context.fs_group) for mount in mounts)
    devices = (
        _device(pod, volumes[d.name], d.device_path, found)
        for d in container.volume_devices
        if d.name in volumes
    )
    return (*mounts, *devices)


_PRIVATE: Final = (None, "", "None")
_FLAT: Final = (None, "", "Disabled")


def _with_ways(mount: Mount, asked: VolumeMount) -> Mount:
    """The mount, with what is to be done about other mounts below it."""
    propagation, recursion = asked.mount_propagation, asked.recursive_read_only
    if propagation in _PRIVATE and recursion in _FLAT:
        return mount
    return replace(
        mount,
        propagation=(propagation or "") if propagation not in _PRIVATE else "",
        recursion=(recursion or "") if recursion not in _FLAT and asked.read_only else "",
    )


def _of_group(mount: Mount, group: int) -> Mount:
    """The mount of a volume that belongs to the pod's group; what is the host's or an image's does not."""
    if mount.medium in ("hostPath", "image"):
        return mount
    modes = {**mount.modes, "": mount.modes.get("", _SHARED_DIRECTORY) | stat.S_ISGID}
    return replace(mount, gid=group, modes=modes)


class _Owner(Struct, frozen=True):
    """Whose volumes they are: the pod, its container, and what their node has to give."""

    pod: Pod
    container: Container
    allocatable: Mapping[str, Quantity]


def _mount(
    owner: _Owner,
    volume: Volume,
    mount: VolumeMount,
    found: Found,
    environment: Mapping[str, str],
) -> Mount:
    pod = owner.pod
    path = mount.mount_path.rstrip("/") or "/"
    sub_path = mount.sub_path or substituted(mount.sub_path_expr, environment)
    read_only = bool(mount.read_only)
    if volume.empty_dir is not None:
        return _own(pod, volume, volume.empty_dir, path, sub_path, read_only)
    if volume.host_path is not None:
        return _of_host(volume.host_path, path, volume.name, sub_path, read_only)
    if volume.persistent_volume_claim is not None or volume.ephemeral is not None:
        claim = volume.persistent_volume_claim
        read_only = read_only or (claim is not None and bool(claim.read_only))
        behind = volume_behind(pod, volume, found)
        return _of_claim(behind, path, volume.name, sub_path, read_only)
    if volume.image is not None:
        return Mount(path, volume.name, "image", volume.image.reference, sub_path, True)
    files = list(_files(owner, volume, found))
    kind = "secret" if volume.secret is not None or volume.projected is not None else "objects"
    contents = Contents({name: data for name, data, _ in files})
    modes = {name: _for_group(mode, pod.spec) for name, _, mode in files} | {"": _OBJECTS_DIRECTORY}
    user = _only_user(pod.spec) if volume.projected is not None else None
    return Mount(path, volume.name, kind, "", sub_path, True, contents, modes, user or 0)


def _own(
    pod: Pod, volume: Volume, own: EmptyDirVolumeSource, path: str, sub_path: str, read_only: bool
) -> Mount:
    if own.medium != "Memory":
        modes = {"": _SHARED_DIRECTORY}
        return Mount(path, volume.name, "emptyDir", "", sub_path, read_only, modes=modes)
    limits = [value(own.size_limit)] if own.size_limit is not None else []
    if most := _memory_of(pod.spec):
        limits.append(most)
    return Mount(
        path,
        volume.name,
        "memory",
        "",
        sub_path,
        read_only,
        modes={"": _OBJECTS_DIRECTORY},
        most_bytes=min((each for each in limits if each), default=0),
    )


def _memory_of(spec: PodSpec | None) -> int:
    """The bytes of memory that the pod's containers may use together; 0: as many as there are."""
    found = [
        c.resources.limits.get("memory") if c.resources is not None else None
        for c in (spec.containers if spec is not None else ())
    ]
    return sum(value(each) for each in found if each is not None) if None not in found else 0


def _of_host(
    host: HostPathVolumeSource, path: str, volume: str, sub_path: str, read_only: bool
) -> Mount:
    file = (host.type or "").startswith("File")
    return Mount(path, volume, "hostPath", host.path, sub_path, read_only, is_file=file)


def _of_claim(
    behind: PersistentVolume | None, path: str, volume: str, sub_path: str, read_only: bool
) -> Mount:
    spec = behind.spec if behind is not None else None
    if behind is None or spec is None:
        return Mount(path, volume, "claim", "", sub_path, read_only)  # it went meanwhile
    if spec.host_path is not None:
        return _of_host(spec.host_path, path, volume, sub_path, read_only)
    if spec.local is not None:
        return Mount(path, volume, "hostPath", spec.local.path, sub_path, read_only)
    read_only = read_only or bool(spec.csi is not None and spec.csi.read_only)
    modes = {"": _SHARED_DIRECTORY}
    return Mount(path, volume, "claim", storage_of(behind), sub_path, read_only, modes=modes)


def _device(pod: Pod, volume: Volume, path: str, found: Found) -> Mount:
    """A claim as a block device; who owns it is the machine's business, whatever the pod's group."""
    behind, claim = volume_behind(pod, volume, found), volume.persistent_volume_claim
    spec = behind.spec if behind is not None else None
    read_only = claim is not None and bool(claim.read_only)
    if behind is None or spec is None:
        return Mount(path, volume.name, "device", read_only=read_only, is_file=True)  # it went
    if spec.local is not None:
        place = spec.local.path
        return Mount(path, volume.name, "hostPath", place, read_only=read_only, is_file=True)
    return Mount(
        path,
        volume.name,
        "device",
        storage_of(behind),
        read_only=read_only or bool(spec.csi is not None and spec.csi.read_only),
        is_file=True,
        most_bytes=value(spec.capacity.get("storage", "0")),
    )


def sub_path_fault(container: Container, environment: Mapping[str, str]) -> str:
    """Why a `subPathExpr` of the container makes no path in a volume; empty when all do."""
    for mount in container.volume_mounts:
        if not mount.sub_path_expr:
            continue
        missing = [n for n in _NAMED.findall(mount.sub_path_expr) if n not in environment]
        if missing:
            return f'missing value for "{missing[0]}"'
        path = substituted(mount.sub_path_expr, environment)
        if path.startswith("/"):
            return f"error SubPath `{path}` must not be an absolute path"
        if ".." in path.split("/"):
            return f"unable to provision SubPath `{path}`: must not contain '..'"
    return ""


def _for_group(mode: int, spec: PodSpec | None) -> int:
    context = spec.security_context if spec is not None else None
    owned = context is not None and context.fs_group is not None
    return mode | _GROUP_READS if owned else mode


def _only_user(spec: PodSpec | None) -> int | None:
    """The user as whom all containers of the pod run, if it is one."""
    if spec is None:
        return None
    general = spec.security_context.run_as_user if spec.security_context is not None else None
    users = {
        c.security_context.run_as_user
        if c.security_context is not None and c.security_context.run_as_user is not None
        else general
        for c in (*spec.init_containers, *spec.containers)
    }
    return users.pop() if len(users) == 1 else None


def flat_files(mounts: tuple[Mount, ...]) -> Iterator[tuple[str, Content, int | None]]:
    """The files of mounts by their path in the container, and their modes; a path that ends in `/` is a directory."""
    for mount in mounts:
        if mount.medium == "device":
            yield mount.path, b"", None
            continue
        files = unread(mount.files)
        start, inside = "", mount.sub_path.strip("/")
        if inside:
            if inside in files:
                yield mount.path, files[inside], mount.modes.get(inside)
                continue
            start = f"{inside}/"
        place = mount.path.rstrip("/")
        yield f"{place}/", b"", mount.modes.get("")
        for name, data in files.items():
            if name.startswith(start):
                yield f"{place}/{name[len(start) :]}", data, mount.modes.get(name)


# --- what is in a volume -------------------------------------------------------------------


def _files(owner: _Owner, volume: Volume, found: Found) -> Iterator[_File]:
    if (config := volume.config_map) is not None:
        mode = config.default_mode
        yield from _keys(found.get((ConfigMap, config.name)), config.items, mode)
    elif (secret := volume.secret) is not None:
        mode = secret.default_mode
        yield from _keys(found.get((Secret, secret.secret_name)), secret.items, mode)
    elif (downward := volume.downward_api) is not None:
        yield from _downward(owner, downward.items, downward.default_mode)
    elif volume.projected is not None:
        yield from _projected(owner, volume.projected, found)


def _projected(owner: _Owner, projected: ProjectedVolumeSource, found: Found) -> Iterator[_File]:
    mode = projected.default_mode
    for part in projected.sources:
        if (config := part.config_map) is not None:
            yield from _keys(found.get((ConfigMap, config.name)), config.items, mode)
        elif (secret := part.secret) is not None:
            yield from _keys(found.get((Secret, secret.name)), secret.items, mode)
        elif part.downward_api is not None:
            yield from _downward(owner, part.downward_api.items, mode)
        elif (token := part.service_account_token) is not None:
            yield from _token(owner.pod, token, mode, found)


def _token(
    pod: Pod, token: ServiceAccountTokenProjection, mode: int | None, found: Found
) -> Iterator[_File]:
    promise: TokenPromise | None = found.get(token_source(token))
    if promise is not None:
        context = pod.spec.security_context if pod.spec is not None else None
        owned = _only_user(pod.spec) is not None or (
            context is not None and context.fs_group is not None
        )
        usual = _USUAL_MODE if mode is None else mode
        yield token.path, _signed(promise), _TOKEN_MODE if owned else usual


def _signed(promise: TokenPromise) -> Content:
    """The token, which is not signed before somebody reads the file."""

    def read() -> bytes:
        return promise.text.encode()

    return read


def _keys(
    obj: ConfigMap | Secret | None, items: tuple[KeyToPath, ...], mode: int | None
) -> Iterator[_File]:
    if obj is None:
        return
    data = plain(obj)
    usual = _USUAL_MODE if mode is None else mode
    if not items:
        yield from ((key, value, usual) for key, value in data.items())
    for item in items:
        if item.key in data:
            yield item.path, data[item.key], usual if item.mode is None else item.mode


def _downward(
    owner: _Owner, items: tuple[DownwardAPIVolumeFile, ...], mode: int | None
) -> Iterator[_File]:
    pod, container = owner.pod, owner.container
    for item in items:
        if item.field_ref is not None:
            text = field_value(pod, item.field_ref.field_path)
        elif item.resource_field_ref is not None:
            text = resource_value(pod, container, item.resource_field_ref, owner.allocatable)
        else:
            continue
        usual = _USUAL_MODE if mode is None else mode
        yield item.path, text.encode(), usual if item.mode is None else item.mode


def plain(obj: ConfigMap | Secret) -> dict[str, bytes]:
    """What an object holds, as it is seen in a container."""
    if isinstance(obj, ConfigMap):
        texts = {key: value.encode() for key, value in obj.data.items()}
        return texts | {key: _bytes(value) for key, value in obj.binary_data.items()}
    return {key: _bytes(value) for key, value in obj.data.items()}


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else base64.b64decode(value)
