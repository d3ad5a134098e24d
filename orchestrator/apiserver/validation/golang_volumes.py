"""The fields of the structs that the source of a PersistentVolume is made of, inside of Kubernetes (marks: `golang_pods`)."""

from collections.abc import Mapping
from typing import Final

SOURCE: Final = (
    "GCEPersistentDisk AWSElasticBlockStore HostPath Glusterfs NFS RBD Quobyte ISCSI FlexVolume Cinder CephFS "
    "FC Flocker AzureFile VsphereVolume AzureDisk PhotonPersistentDisk PortworxVolume ScaleIO Local StorageOS "
    "CSI"
)
"""Of the struct that holds one of them."""

VOLUME_FIELDS: Final[Mapping[str, str]] = {
    "CSIPersistentVolumeSource": (
        "Driver= VolumeHandle= ReadOnly? FSType= VolumeAttributes ControllerPublishSecretRef "
        "NodeStageSecretRef NodePublishSecretRef ControllerExpandSecretRef NodeExpandSecretRef"
    ),
    "LocalVolumeSource": "Path= FSType",
    "GlusterfsPersistentVolumeSource": "EndpointsName= Path= ReadOnly? EndpointsNamespace",
    "RBDPersistentVolumeSource": (
        "CephMonitors RBDImage= FSType= RBDPool= RadosUser= Keyring= SecretRef ReadOnly?"
    ),
    "ISCSIPersistentVolumeSource": (
        "TargetPortal= IQN= Lun# ISCSIInterface= FSType= ReadOnly? Portals DiscoveryCHAPAuth? "
        "SessionCHAPAuth? SecretRef InitiatorName"
    ),
    "FlexPersistentVolumeSource": "Driver= FSType= SecretRef ReadOnly? Options",
    "CinderPersistentVolumeSource": "VolumeID= FSType= ReadOnly? SecretRef",
    "CephFSPersistentVolumeSource": "Monitors Path= User= SecretFile= SecretRef ReadOnly?",
    "AzureFilePersistentVolumeSource": "SecretName= ShareName= ReadOnly? SecretNamespace",
    "ScaleIOPersistentVolumeSource": (
        "Gateway= System= SecretRef SSLEnabled? ProtectionDomain= StoragePool= StorageMode= VolumeName= "
        "FSType= ReadOnly?"
    ),
    "StorageOSPersistentVolumeSource": "VolumeName= VolumeNamespace= FSType= ReadOnly? SecretRef",
    "SecretReference": "Name= Namespace=",
}
