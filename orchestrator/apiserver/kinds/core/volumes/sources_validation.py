"""Volume sources that pods and PersistentVolumes have in common.

Drivers of single clouds have left Kubernetes; their fields are still there. What must be set is
checked for all of them, more only for the sources that are still in use.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    invalid,
    required,
    too_long,
)
from orchestrator.machinery.field_errors import FieldError
from orchestrator.machinery.names import dns1123_subdomain_errors

SourceCheck = Callable[[str, Any], Iterator[FieldError]]

_MAX_DRIVER: Final = 63  # bytes


def driver_errors(path: str, driver: str) -> Errors:
    """The name of a CSI driver."""
    if not driver:
        yield required(path)
    if len(driver) > _MAX_DRIVER:
        yield too_long(path, _MAX_DRIVER)
    yield from complaints(path, driver, dns1123_subdomain_errors(driver.lower()))


def _demanding(**fields: str) -> SourceCheck:
    """A check that fields (attribute=wire name) are set."""

    def check(path: str, source: Any) -> Errors:
        for attribute, wire in fields.items():
            if not getattr(source, attribute):
                yield required(f"{path}.{wire}")

    return check


def _nfs_errors(path: str, source: Any) -> Errors:
    if not source.server:
        yield required(f"{path}.server")
    if not source.path:
        yield required(f"{path}.path")
    if not (source.path or "").startswith("/"):
        yield invalid(f"{path}.path", source.path or "", "must be an absolute path")


def _iscsi_errors(path: str, source: Any) -> Errors:
    if not source.target_portal:
        yield required(f"{path}.targetPortal")
    if not source.iqn:
        yield required(f"{path}.iqn")
    elif not source.iqn.startswith(("iqn", "eui", "naa")):
        detail = "must be valid format starting with iqn, eui, or naa"
        yield invalid(f"{path}.iqn", source.iqn, detail)
    if not 0 <= (source.lun or 0) <= 255:
        yield invalid(f"{path}.lun", source.lun, "must be between 0 and 255, inclusive")


def _fc_errors(path: str, source: Any) -> Errors:
    if not source.target_wwns and not source.wwids:
        detail = "must specify either targetWWNs or wwids, but not both"
        yield required(f"{path}.targetWWNs", detail)
    if source.target_wwns and source.wwids:
        yield invalid(
            f"{path}.targetWWNs",
            source.target_wwns,
            "targetWWNs and wwids can not be specified simultaneously",
        )
    if source.target_wwns:
        if source.lun is None:
            yield required(f"{path}.lun", "lun is required if targetWWNs is specified")
        elif not 0 <= source.lun <= 255:
            yield invalid(f"{path}.lun", source.lun, "must be between 0 and 255, inclusive")


def _flex_errors(path: str, source: Any) -> Errors:
    if not source.driver:
        yield required(f"{path}.driver")
    for key in source.options:
        domain = "." + key.partition("/")[0].lower()
        if domain.endswith((".kubernetes.io", ".k8s.io")):
            detail = "kubernetes.io and k8s.io namespaces are reserved"
            yield invalid(f"{path}.options[{key}]", key, detail)


SHARED_SOURCES: Final[Mapping[str, tuple[str, SourceCheck]]] = {
    "nfs": ("nfs", _nfs_errors),
    "iscsi": ("iscsi", _iscsi_errors),
    "fc": ("fc", _fc_errors),
    "flex_volume": ("flexVolume", _flex_errors),
    "rbd": ("rbd", _demanding(monitors="monitors", image="image")),
    "cephfs": ("cephfs", _demanding(monitors="monitors")),
    "cinder": ("cinder", _demanding(volume_id="volumeID")),
    "glusterfs": ("glusterfs", _demanding(endpoints="endpoints", path="path")),
    "quobyte": ("quobyte", _demanding(registry="registry", volume="volume")),
    "azure_file": ("azureFile", _demanding(secret_name="secretName", share_name="shareName")),
    "azure_disk": ("azureDisk", _demanding(disk_name="diskName", disk_uri="diskURI")),
    "vsphere_volume": ("vsphereVolume", _demanding(volume_path="volumePath")),
    "photon_persistent_disk": ("photonPersistentDisk", _demanding(pd_id="pdID")),
    "portworx_volume": ("portworxVolume", _demanding(volume_id="volumeID")),
    "scale_io": (
        "scaleIO",
        _demanding(gateway="gateway", system="system", volume_name="volumeName"),
    ),
    "storageos": ("storageos", _demanding(volume_name="volumeName")),
    "git_repo": ("gitRepo", _demanding(repository="repository")),
    "gce_persistent_disk": ("gcePersistentDisk", _demanding(pd_name="pdName")),
    "aws_elastic_block_store": ("awsElasticBlockStore", _demanding(volume_id="volumeID")),
    "flocker": ("flocker", _demanding()),
}
