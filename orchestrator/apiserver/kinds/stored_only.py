"""Fields that are validated and stored, and that no component acts upon: whoever writes one is told.

The table is the truth of three readers: the warnings, the reference page of the documentation, and a test that
looks through the components for each field's name, so that the table names all that nobody reads and loses what
somebody begins to read.

The warnings are about this cluster, not about the object, and Kubernetes' own server does not send them. So they go
to clients that show them to a person at once (`shows_warnings`); programs would log them at each write.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple, get_args, get_type_hints

import msgspec

from orchestrator.api.core import v1 as core
from orchestrator.api.networking.v1 import IngressSpec
from orchestrator.api.resource.v1 import Device
from orchestrator.api.storage.v1 import CSIDriverSpec, CSINodeDriver, VolumeAttachmentSource

Struct = msgspec.Struct

_NO_MOUNT: Final = "the volume is an empty directory on simulated nodes, and refused elsewhere"
_NO_WINDOWS: Final = "there are no Windows nodes"
_NO_SELINUX: Final = "containers get no SELinux label"
_NO_CSI: Final = "no driver is asked over CSI"
_STRANGE_SOURCES: Final = (
    *("azure_disk", "cephfs", "cinder", "fc", "flex_volume", "flocker", "photon_persistent_disk"),
    *("portworx_volume", "quobyte", "scale_io", "storageos", "vsphere_volume"),
)

# By the type that has the field: what is not done about it.
STORED_ONLY: Final[Mapping[type[Struct], Mapping[str, str]]] = {
    core.SecurityContext: {
        "app_armor_profile": "no profile is loaded",
        "se_linux_options": _NO_SELINUX,
        "windows_options": _NO_WINDOWS,
    },
    core.PodSecurityContext: {
        "app_armor_profile": "no profile is loaded",
        "se_linux_change_policy": _NO_SELINUX,
        "se_linux_options": _NO_SELINUX,
        "windows_options": _NO_WINDOWS,
    },
    core.Volume: dict.fromkeys((*_STRANGE_SOURCES, "git_repo"), _NO_MOUNT),
    core.PersistentVolumeSpec: dict.fromkeys(_STRANGE_SOURCES, _NO_MOUNT),
    core.CSIPersistentVolumeSource: dict.fromkeys(
        (
            *("controller_expand_secret_ref", "controller_publish_secret_ref"),
            *("node_expand_secret_ref", "node_stage_secret_ref"),
        ),
        _NO_CSI,
    ),
    core.VolumeProjection: {"pod_certificate": "no certificate is asked for"},
    core.NodeSpec: {"provider_id": "there is no cloud provider"},
    IngressSpec: dict.fromkeys(
        ("default_backend", "rules", "tls"), "there is no ingress controller"
    ),
    Device: {"node_allocatable_resource_mappings": "devices take nothing of a node's resources"},
    CSIDriverSpec: dict.fromkeys(
        (
            *("fs_group_policy", "node_allocatable_update_period_seconds", "pod_info_on_mount"),
            *("prevent_pod_scheduling_if_missing", "requires_republish", "se_linux_mount"),
            *("service_account_token_in_secrets", "volume_lifecycle_modes"),
        ),
        _NO_CSI,
    ),
    CSINodeDriver: dict.fromkeys(("node_id", "topology_keys"), _NO_CSI),
    VolumeAttachmentSource: {"inline_volume_spec": "only volumes with a name are attached"},
}

# Programs whose users see each warning.
_SHOWING: Final = ("kubectl", "Helm")


def shows_warnings(agent: str) -> bool:
    """Whether a client, by its user agent, shows warnings to a person."""
    return agent.startswith(_SHOWING)


def stored_only_warnings(obj: Any, among: frozenset[str] | None = None) -> Iterator[str]:
    """What is to be said of an object's fields that nobody acts upon, each with its path.

    Of those with a wire name in `among`, where that is given.
    """
    for path, owner, name in _found("", obj):
        if among is None or path.rpartition(".")[2].partition("[")[0] in among:
            yield f"{path}: stored, but nothing in this cluster acts upon it: {STORED_ONLY[owner][name]}"


def names_in(document: Any) -> frozenset[str]:
    """All keys of a document, however deep: a patch is about fields with these names."""
    found: set[str] = set()
    left = [document]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            found.update(each)
            left += each.values()
        elif isinstance(each, list):
            left += each
    return frozenset(found)


class _Field(NamedTuple):
    name: str
    wire: str
    told: bool
    descend: bool


def _found(path: str, obj: Any) -> Iterator[tuple[str, type[Struct], str]]:
    """Path, type and name of each such field that is set, in the order of the document."""
    if not isinstance(obj, Struct):
        return
    kind = type(obj)
    for field in _plan(kind):
        value = getattr(obj, field.name)
        if not value:
            continue
        where = f"{path}.{field.wire}" if path else field.wire
        if field.told:
            yield where, kind, field.name
        elif isinstance(value, tuple):
            for i, each in enumerate(value):
                yield from _found(f"{where}[{i}]", each)
        else:
            yield from _found(where, value)


@cache
def _plan(type_: type[Struct]) -> tuple[_Field, ...]:
    """The fields of a type that are told of, or lead to such."""
    told, hints = STORED_ONLY.get(type_, {}), get_type_hints(type_)
    fields = [
        _Field(
            field.name,
            field.encode_name,
            field.name in told,
            any(map(_reaches, structs_in(hints[field.name]))),
        )
        for field in msgspec.structs.fields(type_)
    ]
    return tuple(field for field in fields if field.told or field.descend)


@cache
def _reaches(type_: type[Struct]) -> bool:
    """Whether a field of the table is in a type, or below it."""
    seen: set[type[Struct]] = set()
    left = [type_]
    while left:
        each = left.pop()
        if STORED_ONLY.get(each):
            return True
        if each not in seen:
            seen.add(each)
            left += (t for hint in get_type_hints(each).values() for t in structs_in(hint))
    return False


def structs_in(hint: Any) -> Iterator[type[Struct]]:
    """The Structs that an annotation names."""
    if isinstance(hint, type) and issubclass(hint, Struct):
        yield hint
    for each in get_args(hint):
        yield from structs_in(each)
