"""Fields that nobody acts upon: the table names them all, and whoever shows warnings is told."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

import orchestrator
from orchestrator.api.core.v1 import (
    AppArmorProfile,
    CinderVolumeSource,
    Container,
    Pod,
    PodSpec,
    SecurityContext,
    Volume,
)
from orchestrator.api.scheme import Scheme
from orchestrator.apiserver.kinds.stored_only import (
    STORED_ONLY,
    names_in,
    shows_warnings,
    stored_only_warnings,
    structs_in,
)
from orchestrator.scheduler.migration import DRIVERS

# Rooms that show, check and store, and so do nothing about what they read.
_IDLE_ROOMS = (
    "api",
    "apiserver/admission/pod_security",
    "cli",
    "gateway",
    "scenario/report",
    "top",
)
_IDLE_WORDS = (
    "annotations",
    "default",
    "resets",
    "rows",
    "stored_only",
    "table",
    "validation",
    "warnings",
)

# Read by another name than the field's: as a document, by a getter, or while it is written.
_READ_ELSEWISE: dict[str, frozenset[str] | None] = {
    "JSONSchemaProps": None,  # schemas are read as documents
    "ValidationRule": None,
    "ObjectMeta": frozenset({"self_link"}),  # nobody writes it any more
    "ConfigMap": frozenset({"immutable"}),  # validation holds it
    "ConfigMapNodeConfigSource": None,  # dropped when a node is written
    "Secret": frozenset({"immutable", "string_data"}),
    "Endpoint": frozenset({"deprecated_topology"}),  # v1 refuses it
    "NodeSpec": frozenset({"external_id"}),  # the original itself says that nobody uses it
    "IPAddressSpec": frozenset({"parent_ref"}),  # for those who look
    "DeviceAttribute": frozenset({"bools", "ints", "strings"}),  # by the name of their type
}
# What is below a field of the table, or of a volume's source that is no more than its name here, needs no row.
_SOURCES = "VolumeSource"


def _acting_files() -> Iterator[Path]:
    root = Path(orchestrator.__file__).parent
    for file in root.rglob("*.py"):
        name = file.relative_to(root).as_posix()
        in_kinds = "/kinds/" in name or "/validation/" in name or "/defaults/" in name
        idle = in_kinds and any(word in name.partition("apiserver/")[2] for word in _IDLE_WORDS)
        if not idle and not name.startswith(tuple(f"{room}/" for room in _IDLE_ROOMS)):
            yield file


def _read_names() -> frozenset[str]:
    """Every attribute that a component reads."""
    found: set[str] = set()
    for file in _acting_files():
        found.update(re.findall(r"\.([a-z_0-9]+)", file.read_text()))
    return frozenset(found)


def _types() -> set[type[Any]]:
    """The types below what is written of each kind, but not below fields of the table."""
    seen: set[type[Any]] = set()
    left: list[type[Any]] = [resource.type for resource in Scheme.builtin().resources()]
    while left:
        each = left.pop()
        if each in seen:
            continue
        seen.add(each)
        hints = get_type_hints(each)
        for field in msgspec.structs.fields(each):
            if field.name != "status" and field.name not in STORED_ONLY.get(each, {}):
                left += structs_in(hints[field.name])
    return seen


def test_the_table_names_what_nobody_reads() -> None:
    """A field that no component reads stands in the table, and what stands there is of its type."""
    read = _read_names()
    assert "node_name" in read
    for each in _types():
        elsewise = _READ_ELSEWISE.get(each.__name__, frozenset())
        if elsewise is None or each.__name__.endswith(_SOURCES):
            continue
        unread = {field.name for field in msgspec.structs.fields(each)} - read - elsewise
        assert unread <= set(STORED_ONLY.get(each, {})), each.__name__


def test_what_somebody_reads_leaves_the_table() -> None:
    """Fields of the table are read by nobody, but for names that others have, too."""
    # A node may not make pods with certificates, and refuses AppArmor's profiles where it has none, but loads none.
    shared = {"rules", "tls", "node_id", "topology_keys", "pod_certificate", "app_armor_profile"}
    # The scheduler counts volumes that a CSI driver replaced, and wakes pods by theirs; no node mounts them.
    # A slice loses what its devices take of a node's resources.
    shared.add("node_allocatable_resource_mappings")
    shared |= {"vsphere_volume", *(in_tree.field for in_tree in DRIVERS)}
    read = _read_names()
    for each, fields in STORED_ONLY.items():
        assert set(fields) <= {field.name for field in msgspec.structs.fields(each)}
        assert not (set(fields) - shared) & read, each.__name__


def test_paths_lead_to_the_fields() -> None:
    """Each field that is set is told of with its path in the document; a patch is told of its own."""
    secured = Container(
        name="c", security_context=SecurityContext(app_armor_profile=AppArmorProfile(type="x"))
    )
    volumes = (Volume(name="a"), Volume(name="b", cinder=CinderVolumeSource(volume_id="v")))
    pod = Pod(spec=PodSpec(containers=(secured,), volumes=volumes))
    paths = [each.partition(": ")[0] for each in stored_only_warnings(pod)]
    assert paths == ["spec.volumes[1].cinder", "spec.containers[0].securityContext.appArmorProfile"]
    patch = {"spec": {"volumes": [{"name": "b", "cinder": {"volumeID": "w"}}]}}
    assert len(list(stored_only_warnings(pod, names_in(patch)))) == 1
    assert not list(stored_only_warnings(Pod(spec=PodSpec(containers=(Container(name="c"),)))))


def test_people_are_told_and_programs_are_not() -> None:
    """kubectl and Helm show what they are told; a controller would log it at each write."""
    assert shows_warnings("kubectl/v1.36.2 (linux/amd64) kubernetes/abc")
    assert not shows_warnings("argocd-application-controller/v0.0.0")
