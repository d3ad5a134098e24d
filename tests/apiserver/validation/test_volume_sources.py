"""Sources of volumes whose drivers have left Kubernetes, or that few use."""

from typing import Any

import pytest

from orchestrator.api.core.v1 import PersistentVolume, Pod
from tests.apiserver.validation.support import faults

PORTAL = {"targetPortal": "1.2.3.4:3260", "lun": 0}
MANAGED = (
    "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/"
    "{disk-id}"
)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"iscsi": {**PORTAL, "iqn": "iqn.2001-04.com.example:disk"}}, []),
        (
            {"iscsi": {**PORTAL, "iqn": "iqn.example"}},
            ['iscsi.iqn: Invalid value: "iqn.example": must be valid format'],
        ),
        (
            {"iscsi": {**PORTAL, "iqn": "naa." + "1" * 32, "chapAuthSession": True}},
            ["iscsi.secretRef: Required value"],
        ),
        (
            {"gitRepo": {"repository": "x", "directory": "../y"}},
            ["gitRepo.directory: Invalid value: \"../y\": must not contain '..'"],
        ),
        (
            {"gcePersistentDisk": {"pdName": "x", "partition": 256}},
            ["persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive"],
        ),
        (
            {"azureDisk": {"diskName": "x", "diskURI": "y", "kind": "Managed"}},
            [f'azureDisk.diskURI: Unsupported value: "y": supported values: "{MANAGED}"'],
        ),
        (
            {"flocker": {}},
            ["flocker: Required value: one of datasetName and datasetUUID is required"],
        ),
        ({"quobyte": {"registry": "a:1,b:2", "volume": "v"}}, []),
        (
            {"quobyte": {"registry": "a:1,b", "volume": "v"}},
            [
                'quobyte.registry: Invalid value: "a:1,b": must be a host:port pair or multiple '
                "pairs separated by commas"
            ],
        ),
        (
            {"storageos": {"volumeName": "v", "secretRef": {}}},
            ["storageos.secretRef.name: Required value"],
        ),
    ],
)
def test_sources_of_pods(source: dict[str, Any], expected: list[str]) -> None:
    """What a source lacks or may not hold is said field by field."""
    pod = {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "containers": [{"name": "web", "image": "nginx"}],
            "volumes": [{"name": "v", **source}],
        },
    }
    assert faults(Pod, pod) == [f"spec.volumes[0].{line}" for line in expected]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"iscsi": {**PORTAL, "iqn": "disk"}},
            ['iscsi.iqn: Invalid value: "disk": must be valid format'],
        ),
        (
            {"azureFile": {"secretName": "a", "shareName": "b", "secretNamespace": ""}},
            ["azureFile.secretNamespace: Required value"],
        ),
        (
            {"hostPath": {"path": "/a"}, "volumeAttributesClassName": ""},
            [
                "volumeAttributesClassName: Required value: an empty string is disallowed",
                "csi: Required value: has to be specified when using volumeAttributesClassName",
            ],
        ),
        (
            {
                "csi": {"driver": "a.b", "volumeHandle": "c"},
                "volumeAttributesClassName": "fast",
            },
            [],
        ),
    ],
)
def test_sources_of_volumes(spec: dict[str, Any], expected: list[str]) -> None:
    """A PersistentVolume says some of it in other words."""
    volume = {
        "metadata": {"name": "v"},
        "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], **spec},
    }
    assert faults(PersistentVolume, volume) == [f"spec.{line}" for line in expected]
