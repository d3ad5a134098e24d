"""What components have to agree on about volumes: names, drivers, and which storage a volume stands for."""

import hashlib
from typing import Final

from orchestrator.api.core.v1 import CSIPersistentVolumeSource, PersistentVolume

SIMULATED_DRIVER: Final = "simulation.orchestrator.dev.disk"
"""The CSI driver of the disks that the simulated provisioner makes; every node has it."""

BIND_COMPLETED: Final = "pv.kubernetes.io/bind-completed"
"""The annotation of a claim that has been bound for good."""

CLONED_FROM: Final = f"{SIMULATED_DRIVER}/cloned-from"
"""The attribute of a simulated disk that began as a copy: what names the storage of which."""


def unique_name(source: CSIPersistentVolumeSource) -> str:
    """What nodes' statuses call the volume of a CSI driver."""
    return f"kubernetes.io/csi/{source.driver}^{source.volume_handle}"


def attachment_name(source: CSIPersistentVolumeSource, node: str) -> str:
    """What the VolumeAttachment of a CSI driver's volume to a node is called."""
    text = f"{source.volume_handle}{source.driver}{node}"
    return f"csi-{hashlib.sha256(text.encode()).hexdigest()}"


def storage_of(volume: PersistentVolume) -> str:
    """What names the storage behind a volume: another volume of the same storage holds the same files."""
    spec = volume.spec
    if spec is not None and spec.csi is not None:
        return f"{spec.csi.driver}/{spec.csi.volume_handle}"
    if spec is not None and spec.nfs is not None:
        return f"nfs/{spec.nfs.server}{spec.nfs.path}"
    return f"volume/{volume.metadata.name}"
