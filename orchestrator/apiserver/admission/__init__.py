"""What decides about a write beyond its own form: other objects, and the cluster's customs.

One plugin a file, against the contract in `interface`; `_PLUGINS` is the order in which the pipeline
asks them, which is Kubernetes'; those who are asked after all others are in `chain_of`. A new plugin is one
file and one line here. Which of them a server
asks, an `Admission` says (see `chain`).

Does not belong here: what an object's own fields decide (defaults, validation), and who may ask
(the authorizer).
"""

from typing import Final

from orchestrator.apiserver.admission.always import AlwaysAdmit, AlwaysDeny
from orchestrator.apiserver.admission.always_pull_images import AlwaysPullImages
from orchestrator.apiserver.admission.anti_affinity_topology import (
    LimitPodHardAntiAffinityTopology,
)
from orchestrator.apiserver.admission.certificates import (
    CertificateApproval,
    CertificateSigning,
    CertificateSubjectRestriction,
    ClusterTrustBundleAttest,
)
from orchestrator.apiserver.admission.chain import (
    NO_CHANGE,
    Admission,
    AdmissionError,
    UnknownAdmissionPlugin,
)
from orchestrator.apiserver.admission.claim_resize import PersistentVolumeClaimResize
from orchestrator.apiserver.admission.default_classes import (
    DefaultIngressClass,
    DefaultStorageClass,
)
from orchestrator.apiserver.admission.default_toleration_seconds import DefaultTolerationSeconds
from orchestrator.apiserver.admission.device_admin_access import DeviceAdminAccess
from orchestrator.apiserver.admission.event_rate_limit import EventRateLimit
from orchestrator.apiserver.admission.extended_resource_toleration import ExtendedResourceToleration
from orchestrator.apiserver.admission.external_ips import DenyServiceExternalIPs
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
    Wait,
)
from orchestrator.apiserver.admission.limit_ranger import LimitRanger
from orchestrator.apiserver.admission.mutating_policies import MutatingAdmissionPolicies
from orchestrator.apiserver.admission.namespace_exists import NamespaceExists
from orchestrator.apiserver.admission.namespace_lifecycle import NamespaceLifecycle
from orchestrator.apiserver.admission.node_restriction import NodeRestriction
from orchestrator.apiserver.admission.owner_references import OwnerReferencesPermissionEnforcement
from orchestrator.apiserver.admission.pod_groups import PodGroupProtection, PodGroupWorkloadExists
from orchestrator.apiserver.admission.pod_node_selector import PodNodeSelector
from orchestrator.apiserver.admission.pod_security import PodSecurity
from orchestrator.apiserver.admission.pod_toleration_restriction import (
    PodTolerationRestriction,
)
from orchestrator.apiserver.admission.pod_topology_labels import PodTopologyLabels
from orchestrator.apiserver.admission.priority import Priority
from orchestrator.apiserver.admission.resource_quota import ResourceQuotas
from orchestrator.apiserver.admission.runtime_class import RuntimeClasses
from orchestrator.apiserver.admission.service_account import ServiceAccounts
from orchestrator.apiserver.admission.storage_protection import StorageObjectInUseProtection
from orchestrator.apiserver.admission.taint_nodes import TaintNodesByCondition
from orchestrator.apiserver.admission.validating_policies import ValidatingAdmissionPolicies
from orchestrator.apiserver.admission.webhooks import (
    MutatingAdmissionWebhook,
    ValidatingAdmissionWebhook,
)
from orchestrator.apiserver.admission.webhooks.calling import normal_url

__all__ = [
    "DEFAULT_CHAIN",
    "NO_CHANGE",
    "Admission",
    "AdmissionError",
    "AdmissionPlugin",
    "AdmissionRequest",
    "Operation",
    "Reader",
    "UnknownAdmissionPlugin",
    "Wait",
    "chain_of",
]

_PLUGINS: Final[tuple[type[AdmissionPlugin], ...]] = (
    AlwaysAdmit,
    NamespaceLifecycle,
    NamespaceExists,
    LimitPodHardAntiAffinityTopology,
    LimitRanger,
    ServiceAccounts,
    NodeRestriction,
    TaintNodesByCondition,
    AlwaysPullImages,
    PodSecurity,
    PodNodeSelector,
    Priority,
    DefaultTolerationSeconds,
    PodTolerationRestriction,
    EventRateLimit,
    ExtendedResourceToleration,
    DefaultStorageClass,
    StorageObjectInUseProtection,
    PodGroupProtection,
    OwnerReferencesPermissionEnforcement,
    PersistentVolumeClaimResize,
    RuntimeClasses,
    CertificateApproval,
    CertificateSigning,
    ClusterTrustBundleAttest,
    CertificateSubjectRestriction,
    DefaultIngressClass,
    DenyServiceExternalIPs,
    PodTopologyLabels,
    PodGroupWorkloadExists,
)


def chain_of(admission: Admission) -> tuple[AdmissionPlugin, ...]:
    """New plugins in Kubernetes' order, with memories of their own.

    Raises UnknownAdmissionPlugin, AdmissionError.
    """
    handlers = {normal_url(url): handler for url, handler in admission.webhooks.items()}
    last = (
        MutatingAdmissionPolicies(),
        MutatingAdmissionWebhook(handlers),
        ValidatingAdmissionPolicies(),
        ValidatingAdmissionWebhook(handlers),
        _made(ResourceQuotas, admission),
        AlwaysDeny(),
    )
    named = admission.chain((*(_made(plugin, admission) for plugin in _PLUGINS), *last))
    return (DeviceAdminAccess(), *named)


def _made(plugin: type[AdmissionPlugin], admission: Admission) -> AdmissionPlugin:
    configuration = admission.configurations.get(plugin.name)
    if configuration is None:
        return plugin()
    try:
        return plugin.configured(configuration)
    except ValueError as error:
        raise AdmissionError(f"{plugin.name}: {error}", (plugin.name,)) from error


# Plugins remember only pure functions of what they see, so that servers may share them.
DEFAULT_CHAIN: Final = chain_of(NO_CHANGE)
