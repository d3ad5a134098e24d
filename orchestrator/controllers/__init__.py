"""The controllers, one file each, and the manager that runs them.

A controller watches the API server and brings what is nearer to what is asked. `pods.py` is what
several of them ask of a pod. To add one: write its file, and a line in `CONTROLLERS`.
"""

from typing import Final

from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.bootstrap_tokens import BootstrapSigner, TokenCleaner
from orchestrator.controllers.certificates import (
    CertificateApprover,
    CertificateCleaner,
    CertificateSigner,
)
from orchestrator.controllers.cluster_role_aggregation import ClusterRoleAggregationController
from orchestrator.controllers.cron_job import CronJobController
from orchestrator.controllers.daemon_set import DaemonSetController
from orchestrator.controllers.deployment import DeploymentController
from orchestrator.controllers.device_taint_eviction import DeviceTaintEvictionController
from orchestrator.controllers.disruption import DisruptionController, StaleDisruptionController
from orchestrator.controllers.endpoint_slice import EndpointSliceController
from orchestrator.controllers.endpoint_slice_mirroring import EndpointSliceMirroringController
from orchestrator.controllers.endpoints import EndpointsController
from orchestrator.controllers.ephemeral_volumes import EphemeralVolumeController
from orchestrator.controllers.flow_schemas import FlowSchemaController
from orchestrator.controllers.garbage_collector import GarbageCollector
from orchestrator.controllers.horizontal_pod_autoscaler import HorizontalPodAutoscalerController
from orchestrator.controllers.job import JobController
from orchestrator.controllers.legacy_tokens import LegacyTokenCleaner, LegacyTokenTracker
from orchestrator.controllers.load_balancer import LoadBalancerController
from orchestrator.controllers.manager import ControllerManager
from orchestrator.controllers.namespace import NamespaceController
from orchestrator.controllers.node_ipam import NodeIpamController
from orchestrator.controllers.node_lifecycle import NodeLifecycleController
from orchestrator.controllers.node_ttl import NodeTtlController
from orchestrator.controllers.pod_gc import PodGarbageCollector
from orchestrator.controllers.pod_group_protection import PodGroupProtectionController
from orchestrator.controllers.policy_status import ValidatingAdmissionPolicyStatusController
from orchestrator.controllers.replicaset import ReplicaSetController
from orchestrator.controllers.replication_controller import ReplicationControllerController
from orchestrator.controllers.resource_claim import (
    ResourceClaimController,
    ResourceClaimTemplateController,
)
from orchestrator.controllers.resource_quota import ResourceQuotaController
from orchestrator.controllers.server_identity import ServerLeaseCleaner, ServerLeaseKeeper
from orchestrator.controllers.service_account import RootCaPublisher, ServiceAccountController
from orchestrator.controllers.service_addresses import (
    ServiceAddressController,
    ServiceCidrController,
)
from orchestrator.controllers.stateful_set import StatefulSetController
from orchestrator.controllers.taint_eviction import TaintEvictionController
from orchestrator.controllers.token_secrets import TokenSecretController
from orchestrator.controllers.ttl_after_finished import TtlAfterFinishedController
from orchestrator.controllers.volume_protection import (
    ClaimProtectionController,
    ClassProtectionController,
    VolumeProtectionController,
)
from orchestrator.controllers.volumes import (
    AttachDetachController,
    AttachmentReporter,
    ClaimBinder,
    CsiNodeController,
    ExpandController,
    SimulatedAttacher,
    SimulatedProvisioner,
    SimulatedResizer,
    VolumeKeeper,
)

CONTROLLERS: Final[tuple[type[KubernetesController], ...]] = (
    DeploymentController,
    ReplicaSetController,
    ReplicationControllerController,
    StatefulSetController,
    DaemonSetController,
    JobController,
    CronJobController,
    TtlAfterFinishedController,
    HorizontalPodAutoscalerController,
    NamespaceController,
    ServiceAccountController,
    RootCaPublisher,
    TokenSecretController,
    LegacyTokenTracker,
    LegacyTokenCleaner,
    TokenCleaner,
    BootstrapSigner,
    EndpointsController,
    EndpointSliceController,
    EndpointSliceMirroringController,
    LoadBalancerController,
    ServiceAddressController,
    ServiceCidrController,
    ClusterRoleAggregationController,
    CertificateApprover,
    CertificateSigner,
    CertificateCleaner,
    ResourceQuotaController,
    ResourceClaimTemplateController,
    ResourceClaimController,
    DeviceTaintEvictionController,
    NodeIpamController,
    NodeTtlController,
    NodeLifecycleController,
    TaintEvictionController,
    PodGarbageCollector,
    DisruptionController,
    StaleDisruptionController,
    ClaimBinder,
    VolumeKeeper,
    AttachDetachController,
    AttachmentReporter,
    SimulatedAttacher,
    CsiNodeController,
    ExpandController,
    SimulatedProvisioner,
    SimulatedResizer,
    ClaimProtectionController,
    ClassProtectionController,
    VolumeProtectionController,
    PodGroupProtectionController,
    EphemeralVolumeController,
    FlowSchemaController,
    ValidatingAdmissionPolicyStatusController,
    GarbageCollector,
    ServerLeaseKeeper,
    ServerLeaseCleaner,
)

__all__ = ["CONTROLLERS", "ControllerManager"]
