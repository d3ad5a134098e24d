"""ConfigMaps, Secrets, nodes, namespaces, storage."""

from typing import Any

import pytest

from orchestrator.api.core.v1 import (
    ConfigMap,
    Namespace,
    Node,
    PersistentVolume,
    PersistentVolumeClaim,
    Secret,
)
from orchestrator.api.storage.v1 import StorageClass
from tests.apiserver.validation.support import GONE, edit, faults, status_faults, update_faults

META: dict[str, Any] = {"name": "x", "namespace": "default"}
CONFIG: dict[str, Any] = {"metadata": META, "data": {"a.txt": "1"}}
FROZEN = "Forbidden: field is immutable when `immutable` is set"


def test_config_maps() -> None:
    """Keys are file names; both kinds of data share them; a mebibyte is enough."""
    assert faults(ConfigMap, CONFIG) == []
    assert faults(ConfigMap, edit(CONFIG, {"data": {"a b": ""}})) == [
        'data[a b]: Invalid value: "a b": a valid config key must consist of alphanumeric '
        "characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used "
        "for validation is '[-._a-zA-Z0-9]+')"
    ]
    assert faults(ConfigMap, edit(CONFIG, {"binaryData": {"a.txt": "MQ=="}})) == [
        'data[a.txt]: Invalid value: "a.txt": duplicate of key present in binaryData'
    ]
    assert faults(ConfigMap, edit(CONFIG, {"data": {"a": "x" * (1 << 20) + "y"}})) == [
        "[]: Too long: may not be more than 1048576 bytes"
    ]


@pytest.mark.parametrize(
    ("kind", "part", "value"),
    [(ConfigMap, "data", {"a": "2"}), (Secret, "data", {"a": "Mg=="})],
)
def test_immutable_objects(kind: type[Any], part: str, value: Any) -> None:
    """What was made immutable stays, and stays immutable."""
    old = {"metadata": META, "immutable": True, part: {"a": "MQ=="}}
    assert update_faults(kind, edit(old, {part: value}), old) == [f"{part}: {FROZEN}"]
    assert update_faults(kind, edit(old, {"immutable": GONE}), old) == [f"immutable: {FROZEN}"]
    assert update_faults(kind, edit(old, {"metadata.labels": {"a": "b"}}), old) == []


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("Opaque", {}, []),
        ("example.com/any", {}, []),
        ("kubernetes.io/tls", {"tls.crt": ""}, ["data[tls.key]: Required value"]),
        ("kubernetes.io/ssh-auth", {}, ["data[ssh-privatekey]: Required value"]),
        (
            "kubernetes.io/basic-auth",
            {},
            ["data[username]: Required value", "data[password]: Required value"],
        ),
        (
            "kubernetes.io/service-account-token",
            {},
            ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
        ),
        ("kubernetes.io/dockerconfigjson", {".dockerconfigjson": "e30="}, []),
        ("kubernetes.io/dockerconfigjson", {}, ["data[.dockerconfigjson]: Required value"]),
    ],
)
def test_secrets(kind: str, data: dict[str, str], expected: list[str]) -> None:
    """Each type has its entries."""
    assert faults(Secret, {"metadata": META, "type": kind, "data": data}) == expected


def test_secret_types_stay() -> None:
    """A secret keeps its type."""
    old = {"metadata": META}
    new = {"metadata": META, "type": "example.com/a"}
    assert update_faults(Secret, new, old) == [
        'type: Invalid value: "example.com/a": field is immutable'
    ]


NODE: dict[str, Any] = {"metadata": {"name": "n"}, "spec": {"podCIDR": "10.1.0.0/24"}}


def test_nodes() -> None:
    """Taints are unique, resources are amounts, and what was given to a node stays."""
    taint = {"key": "a", "effect": "NoSchedule"}
    assert faults(Node, edit(NODE, {"spec.taints": [taint, taint]})) == [
        'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"","Effect":"NoSchedule",'
        '"TimeAdded":null}: taints must be unique by key and effect pair'
    ]
    assert faults(Node, edit(NODE, {"status": {"capacity": {"pods": "1.5"}}})) == [
        'status.capacity.pods: Invalid value: "1500m": must be an integer',
        'status.allocatable.pods: Invalid value: "1500m": must be an integer',
    ]
    old = edit(NODE, {"spec.podCIDRs": ["10.1.0.0/24"], "spec.providerID": "a"})
    # Of the two fields for the networks the older one counts.
    new = edit(old, {"spec.podCIDR": "10.2.0.0/24", "spec.providerID": "b"})
    assert update_faults(Node, new, old) == [
        'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
        'spec.providerID: Forbidden: node updates may not change providerID except from "" to '
        "valid",
    ]


def test_namespaces() -> None:
    """A namespace that lives is active."""
    namespace = {"metadata": {"name": "a"}}
    ending = edit(namespace, {"status": {"phase": "Terminating"}})
    assert faults(Namespace, namespace) == []
    assert status_faults(Namespace, ending, namespace) == [
        "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if "
        "`deletionTimestamp` is empty"
    ]


CLAIM: dict[str, Any] = {
    "metadata": META,
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}},
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        (
            {"spec.accessModes": ["ReadWriteOncePod", "ReadOnlyMany"]},
            ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"],
        ),
        ({"spec.resources": {}}, ["spec.resources[storage]: Required value"]),
        (
            {"spec.resources.requests.storage": "0"},
            ['spec.resources[storage]: Invalid value: "0": must be greater than zero'],
        ),
        (
            {"spec.volumeMode": "Tape"},
            ['spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"'],
        ),
    ],
)
def test_claims(changes: dict[str, Any], expected: list[str]) -> None:
    """Modes and sizes."""
    assert faults(PersistentVolumeClaim, edit(CLAIM, changes)) == expected


def test_claims_grow() -> None:
    """Only a bound claim's size changes, and it does not go below what it has."""
    (fault,) = update_faults(
        PersistentVolumeClaim, edit(CLAIM, {"spec.accessModes": ["ReadOnlyMany"]}), CLAIM
    )
    assert fault.startswith(
        "spec: Forbidden: spec is immutable after creation except resources.requests and "
        "volumeAttributesClassName for bound claims\n@@ "
    )
    bound = edit(CLAIM, {"status": {"phase": "Bound", "capacity": {"storage": "2Gi"}}})
    size = "spec.resources.requests.storage"
    assert update_faults(PersistentVolumeClaim, edit(bound, {size: "3Gi"}), bound) == []
    assert update_faults(PersistentVolumeClaim, edit(bound, {size: "1Gi"}), bound) == [
        f"{size}: Forbidden: field can not be less than status.capacity"
    ]


VOLUME: dict[str, Any] = {
    "metadata": {"name": "v"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Gi"},
        "hostPath": {"path": "/data"},
    },
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"spec.hostPath": GONE}, ["spec: Required value: must specify a volume type"]),
        (
            {"spec.nfs": {"server": "a", "path": "/b"}},
            ["spec.nfs: Forbidden: may not specify more than 1 volume type"],
        ),
        (
            {"spec.capacity": {}},
            [
                "spec.capacity: Required value",
                'spec.capacity: Unsupported value: null: supported values: "storage"',
            ],
        ),
        (
            {"spec.hostPath": GONE, "spec.local": {"path": "/a"}},
            ["spec.nodeAffinity: Required value: Local volume requires node affinity"],
        ),
    ],
)
def test_volumes(changes: dict[str, Any], expected: list[str]) -> None:
    """One source, one capacity."""
    assert faults(PersistentVolume, edit(VOLUME, changes)) == expected


def test_volume_sources_stay() -> None:
    """A volume is where it was made."""
    (fault,) = update_faults(
        PersistentVolume, edit(VOLUME, {"spec.hostPath.path": "/other"}), VOLUME
    )
    assert fault.startswith(
        "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after "
        "creation\n"
    )


def test_storage_classes() -> None:
    """A class has a provisioner, and stays as it is."""
    old = {"metadata": {"name": "fast"}, "provisioner": "example.com/disk"}
    assert faults(StorageClass, old) == []
    assert faults(StorageClass, edit(old, {"provisioner": ""})) == ["provisioner: Required value"]
    new = edit(
        old, {"provisioner": "example.com/b", "reclaimPolicy": "Retain", "parameters": {"a": "b"}}
    )
    assert update_faults(StorageClass, new, old) == [
        'parameters: Invalid value: {"a":"b"}: field is immutable',
        'provisioner: Invalid value: "example.com/b": field is immutable',
        'reclaimPolicy: Invalid value: "Retain": field is immutable',
    ]
