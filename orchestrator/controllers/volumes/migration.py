"""Volumes of plugins that were part of Kubernetes once: CSI drivers do their work by now."""

from collections.abc import Mapping
from typing import Final

from orchestrator.api.core.v1 import PersistentVolume

MIGRATED: Final[Mapping[str, str]] = {
    "kubernetes.io/aws-ebs": "ebs.csi.aws.com",
    "kubernetes.io/azure-disk": "disk.csi.azure.com",
    "kubernetes.io/azure-file": "file.csi.azure.com",
    "kubernetes.io/cinder": "cinder.csi.openstack.org",
    "kubernetes.io/gce-pd": "pd.csi.storage.gke.io",
    "kubernetes.io/portworx-volume": "pxd.portworx.com",
    "kubernetes.io/vsphere-volume": "csi.vsphere.vmware.com",
}
"""The driver that does the work of each plugin, which classes of long ago name as their provisioner."""

_SOURCES: Final = {
    "aws_elastic_block_store": "kubernetes.io/aws-ebs",
    "azure_disk": "kubernetes.io/azure-disk",
    "azure_file": "kubernetes.io/azure-file",
    "cinder": "kubernetes.io/cinder",
    "gce_persistent_disk": "kubernetes.io/gce-pd",
    "portworx_volume": "kubernetes.io/portworx-volume",
    "vsphere_volume": "kubernetes.io/vsphere-volume",
}


def plugin_of(volume: PersistentVolume) -> str:
    """The plugin of a volume, if a driver does its work by now; otherwise empty."""
    return next(
        (plugin for field, plugin in _SOURCES.items() if getattr(volume.spec, field, None)), ""
    )
