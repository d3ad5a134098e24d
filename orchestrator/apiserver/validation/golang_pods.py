"""The fields of the structs that a pod's template is made of, inside of Kubernetes.

Names, order and zero values are those of Go's declarations. A mark says what stands where nothing is
said: `=` an empty string, `#` 0, `?` false, `@` a quantity of 0, `{Name}` an empty struct of that name, and
without a mark null. `*` are the fields of `metadata`, which stand beside the others.
"""

from collections.abc import Mapping
from typing import Final

CORE_FIELDS: Final[Mapping[str, str]] = {
    "PodTemplateSpec": "* Spec{PodSpec}",
    "PodSpec": (
        "Volumes InitContainers Containers EphemeralContainers RestartPolicy= "
        "TerminationGracePeriodSeconds ActiveDeadlineSeconds DNSPolicy= NodeSelector "
        "ServiceAccountName= AutomountServiceAccountToken NodeName= SecurityContext "
        "ImagePullSecrets Hostname= Subdomain= SetHostnameAsFQDN Affinity SchedulerName= "
        "Tolerations HostAliases PriorityClassName= Priority PreemptionPolicy DNSConfig "
        "ReadinessGates RuntimeClassName Overhead EnableServiceLinks "
        "TopologySpreadConstraints OS SchedulingGates ResourceClaims Resources "
        "HostnameOverride SchedulingGroup"
    ),
    "ObjectReference": "Kind= Namespace= Name= UID= APIVersion= ResourceVersion= FieldPath=",
    "EventSource": "Component= Host=",
    "Volume": (
        "Name= HostPath EmptyDir GCEPersistentDisk AWSElasticBlockStore GitRepo Secret "
        "NFS ISCSI Glusterfs PersistentVolumeClaim RBD Quobyte FlexVolume Cinder CephFS "
        "Flocker DownwardAPI FC AzureFile ConfigMap VsphereVolume AzureDisk "
        "PhotonPersistentDisk Projected PortworxVolume ScaleIO StorageOS CSI Ephemeral "
        "Image"
    ),
    "Container": (
        "Name= Image= Command Args WorkingDir= Ports EnvFrom Env "
        "Resources{ResourceRequirements} ResizePolicy RestartPolicy RestartPolicyRules "
        "VolumeMounts VolumeDevices LivenessProbe ReadinessProbe StartupProbe Lifecycle "
        "TerminationMessagePath= TerminationMessagePolicy= ImagePullPolicy= "
        "SecurityContext Stdin? StdinOnce? TTY?"
    ),
    "EphemeralContainer": (
        "Name= Image= Command Args WorkingDir= Ports EnvFrom Env "
        "Resources{ResourceRequirements} ResizePolicy RestartPolicy RestartPolicyRules "
        "VolumeMounts VolumeDevices LivenessProbe ReadinessProbe StartupProbe Lifecycle "
        "TerminationMessagePath= TerminationMessagePolicy= ImagePullPolicy= "
        "SecurityContext Stdin? StdinOnce? TTY? TargetContainerName="
    ),
    "PodSecurityContext": (
        "HostNetwork? HostPID? HostIPC? ShareProcessNamespace HostUsers SELinuxOptions "
        "WindowsOptions RunAsUser RunAsGroup RunAsNonRoot SupplementalGroups "
        "SupplementalGroupsPolicy FSGroup FSGroupChangePolicy Sysctls SeccompProfile "
        "AppArmorProfile SELinuxChangePolicy"
    ),
    "LocalObjectReference": "Name=",
    "Affinity": "NodeAffinity PodAffinity PodAntiAffinity",
    "Toleration": "Key= Operator= Value= Effect= TolerationSeconds",
    "HostAlias": "IP= Hostnames",
    "PodDNSConfig": "Nameservers Searches Options",
    "PodReadinessGate": "ConditionType=",
    "TopologySpreadConstraint": (
        "MaxSkew# TopologyKey= WhenUnsatisfiable= LabelSelector MinDomains "
        "NodeAffinityPolicy NodeTaintsPolicy MatchLabelKeys"
    ),
    "PodOS": "Name=",
    "PodSchedulingGate": "Name=",
    "PodResourceClaim": "Name= ResourceClaimName ResourceClaimTemplateName",
    "ResourceRequirements": "Limits Requests Claims",
    "PodSchedulingGroup": "PodGroupName",
    "HostPathVolumeSource": "Path= Type",
    "EmptyDirVolumeSource": "Medium= SizeLimit",
    "GCEPersistentDiskVolumeSource": "PDName= FSType= Partition# ReadOnly?",
    "AWSElasticBlockStoreVolumeSource": "VolumeID= FSType= Partition# ReadOnly?",
    "GitRepoVolumeSource": "Repository= Revision= Directory=",
    "SecretVolumeSource": "SecretName= Items DefaultMode Optional",
    "NFSVolumeSource": "Server= Path= ReadOnly?",
    "ISCSIVolumeSource": (
        "TargetPortal= IQN= Lun# ISCSIInterface= FSType= ReadOnly? Portals "
        "DiscoveryCHAPAuth? SessionCHAPAuth? SecretRef InitiatorName"
    ),
    "GlusterfsVolumeSource": "EndpointsName= Path= ReadOnly?",
    "PersistentVolumeClaimVolumeSource": "ClaimName= ReadOnly?",
    "RBDVolumeSource": (
        "CephMonitors RBDImage= FSType= RBDPool= RadosUser= Keyring= SecretRef ReadOnly?"
    ),
    "QuobyteVolumeSource": "Registry= Volume= ReadOnly? User= Group= Tenant=",
    "FlexVolumeSource": "Driver= FSType= SecretRef ReadOnly? Options",
    "CinderVolumeSource": "VolumeID= FSType= ReadOnly? SecretRef",
    "CephFSVolumeSource": "Monitors Path= User= SecretFile= SecretRef ReadOnly?",
    "FlockerVolumeSource": "DatasetName= DatasetUUID=",
    "DownwardAPIVolumeSource": "Items DefaultMode",
    "FCVolumeSource": "TargetWWNs Lun FSType= ReadOnly? WWIDs",
    "AzureFileVolumeSource": "SecretName= ShareName= ReadOnly?",
    "ConfigMapVolumeSource": "Name= Items DefaultMode Optional",
    "VsphereVirtualDiskVolumeSource": "VolumePath= FSType= StoragePolicyName= StoragePolicyID=",
    "AzureDiskVolumeSource": "DiskName= DataDiskURI= CachingMode FSType ReadOnly Kind",
    "PhotonPersistentDiskVolumeSource": "PdID= FSType=",
    "ProjectedVolumeSource": "Sources DefaultMode",
    "PortworxVolumeSource": "VolumeID= FSType= ReadOnly?",
    "ScaleIOVolumeSource": (
        "Gateway= System= SecretRef SSLEnabled? ProtectionDomain= StoragePool= "
        "StorageMode= VolumeName= FSType= ReadOnly?"
    ),
    "StorageOSVolumeSource": "VolumeName= VolumeNamespace= FSType= ReadOnly? SecretRef",
    "CSIVolumeSource": "Driver= ReadOnly FSType VolumeAttributes NodePublishSecretRef",
    "EphemeralVolumeSource": "VolumeClaimTemplate",
    "ImageVolumeSource": "Reference= PullPolicy=",
    "ContainerPort": "Name= HostPort# ContainerPort# Protocol= HostIP=",
    "EnvFromSource": "Prefix= ConfigMapRef SecretRef",
    "EnvVar": "Name= Value= ValueFrom",
    "ContainerResizePolicy": "ResourceName= RestartPolicy=",
    "ContainerRestartRule": "Action= ExitCodes",
    "VolumeMount": (
        "Name= ReadOnly? RecursiveReadOnly MountPath= SubPath= MountPropagation SubPathExpr="
    ),
    "VolumeDevice": "Name= DevicePath=",
    "Probe": (
        "Exec HTTPGet TCPSocket GRPC InitialDelaySeconds# TimeoutSeconds# PeriodSeconds# "
        "SuccessThreshold# FailureThreshold# TerminationGracePeriodSeconds"
    ),
    "Lifecycle": "PostStart PreStop StopSignal",
    "SecurityContext": (
        "Capabilities Privileged SELinuxOptions WindowsOptions RunAsUser RunAsGroup "
        "RunAsNonRoot ReadOnlyRootFilesystem AllowPrivilegeEscalation ProcMount "
        "SeccompProfile AppArmorProfile"
    ),
    "SELinuxOptions": "User= Role= Type= Level=",
    "WindowsSecurityContextOptions": (
        "GMSACredentialSpecName GMSACredentialSpec RunAsUserName HostProcess"
    ),
    "Sysctl": "Name= Value=",
    "SeccompProfile": "Type= LocalhostProfile",
    "AppArmorProfile": "Type= LocalhostProfile",
    "NodeAffinity": (
        "RequiredDuringSchedulingIgnoredDuringExecution "
        "PreferredDuringSchedulingIgnoredDuringExecution"
    ),
    "PodAffinity": (
        "RequiredDuringSchedulingIgnoredDuringExecution "
        "PreferredDuringSchedulingIgnoredDuringExecution"
    ),
    "PodAntiAffinity": (
        "RequiredDuringSchedulingIgnoredDuringExecution "
        "PreferredDuringSchedulingIgnoredDuringExecution"
    ),
    "PodDNSConfigOption": "Name= Value",
    "ResourceClaim": "Name= Request=",
    "KeyToPath": "Key= Path= Mode",
    "DownwardAPIVolumeFile": "Path= FieldRef ResourceFieldRef Mode",
    "VolumeProjection": (
        "Secret DownwardAPI ConfigMap ServiceAccountToken ClusterTrustBundle PodCertificate"
    ),
    "PersistentVolumeClaimTemplate": "* Spec{PersistentVolumeClaimSpec}",
    "ConfigMapEnvSource": "Name= Optional",
    "SecretEnvSource": "Name= Optional",
    "EnvVarSource": "FieldRef ResourceFieldRef ConfigMapKeyRef SecretKeyRef FileKeyRef",
    "ContainerRestartRuleOnExitCodes": "Operator= Values",
    "ExecAction": "Command",
    "HTTPGetAction": "Path= Port# Host= Scheme= HTTPHeaders",
    "TCPSocketAction": "Port# Host=",
    "GRPCAction": "Port# Service",
    "LifecycleHandler": "Exec HTTPGet TCPSocket Sleep",
    "Capabilities": "Add Drop",
    "NodeSelector": "NodeSelectorTerms",
    "PreferredSchedulingTerm": "Weight# Preference{NodeSelectorTerm}",
    "PodAffinityTerm": (
        "LabelSelector Namespaces TopologyKey= NamespaceSelector MatchLabelKeys MismatchLabelKeys"
    ),
    "WeightedPodAffinityTerm": "Weight# PodAffinityTerm{PodAffinityTerm}",
    "ObjectFieldSelector": "APIVersion= FieldPath=",
    "ResourceFieldSelector": "ContainerName= Resource= Divisor@",
    "SecretProjection": "Name= Items Optional",
    "DownwardAPIProjection": "Items",
    "ConfigMapProjection": "Name= Items Optional",
    "ServiceAccountTokenProjection": "Audience= ExpirationSeconds# Path=",
    "ClusterTrustBundleProjection": "Name SignerName LabelSelector Optional Path=",
    "PodCertificateProjection": (
        "SignerName= KeyType= MaxExpirationSeconds CredentialBundlePath= KeyPath= "
        "CertificateChainPath= UserAnnotations"
    ),
    "PersistentVolumeClaimSpec": (
        "AccessModes Selector Resources{VolumeResourceRequirements} VolumeName= "
        "StorageClassName VolumeMode DataSource DataSourceRef VolumeAttributesClassName"
    ),
    "ConfigMapKeySelector": "Name= Key= Optional",
    "SecretKeySelector": "Name= Key= Optional",
    "FileKeySelector": "VolumeName= Path= Key= Optional",
    "HTTPHeader": "Name= Value=",
    "SleepAction": "Seconds#",
    "NodeSelectorTerm": "MatchExpressions MatchFields",
    "VolumeResourceRequirements": "Limits Requests",
    "TypedLocalObjectReference": "APIGroup Kind= Name=",
    "TypedObjectReference": "APIGroup Kind= Name= Namespace",
    "NodeSelectorRequirement": "Key= Operator= Values",
}
