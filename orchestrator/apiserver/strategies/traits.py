"""The resources that differ from most, and how."""

from collections.abc import Mapping
from typing import Final

from orchestrator.apiserver.strategies.strategy import Traits

COMMON: Final = Traits()
# What most kinds with a controller behind them have: the controller says which generation it saw.
_OBSERVED: Final = Traits(generation=True)
_STRICT: Final = Traits(unconditional_update=False)
CUSTOM: Final = Traits(generation=True, unconditional_update=False)

TRAITS: Final[Mapping[str, Traits]] = {
    "customresourcedefinitions.apiextensions.k8s.io": CUSTOM,
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": CUSTOM,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": CUSTOM,
    "validatingadmissionpolicies.admissionregistration.k8s.io": CUSTOM,
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": CUSTOM,
    "mutatingadmissionpolicies.admissionregistration.k8s.io": CUSTOM,
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": CUSTOM,
    "apiservices.apiregistration.k8s.io": _STRICT,
    "daemonsets.apps": _OBSERVED,
    "deployments.apps": Traits(generation=True, status_owns_metadata=True),
    "replicasets.apps": _OBSERVED,
    "statefulsets.apps": _OBSERVED,
    "cronjobs.batch": _OBSERVED,
    # Jobs and replication controllers are older than garbage collection: what they made stays
    # unless the deleting client says otherwise (kubectl does).
    "jobs.batch": Traits(generation=True, propagation="Orphan"),
    "replicationcontrollers": Traits(generation=True, propagation="Orphan"),
    "leases.coordination.k8s.io": Traits(unconditional_update=False, create_on_update=True),
    "endpoints": Traits(create_on_update=True),
    "events": Traits(create_on_update=True),
    "limitranges": Traits(create_on_update=True),
    "services": Traits(create_on_update=True),
    "nodes": Traits(status_owns_metadata=True),
    "pods": Traits(generation=True, status_owns_metadata=True),
    "podtemplates": _OBSERVED,
    "endpointslices.discovery.k8s.io": _OBSERVED,
    "flowschemas.flowcontrol.apiserver.k8s.io": _OBSERVED,
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": _OBSERVED,
    "ingresses.networking.k8s.io": _OBSERVED,
    "ingressclasses.networking.k8s.io": _OBSERVED,
    "networkpolicies.networking.k8s.io": _OBSERVED,
    "runtimeclasses.node.k8s.io": _STRICT,
    "poddisruptionbudgets.policy": CUSTOM,
    "clusterroles.rbac.authorization.k8s.io": Traits(create_on_update=True),
    "clusterrolebindings.rbac.authorization.k8s.io": Traits(create_on_update=True),
    "roles.rbac.authorization.k8s.io": Traits(create_on_update=True),
    "rolebindings.rbac.authorization.k8s.io": Traits(create_on_update=True),
    "csidrivers.storage.k8s.io": _STRICT,
    "csinodes.storage.k8s.io": _STRICT,
    "volumeattachments.storage.k8s.io": _STRICT,
}
