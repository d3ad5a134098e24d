"""The kinds: what the server knows of each, as one value a kind.

Belongs here: one family of files for each API group, the same families as `orchestrator/api`, each with
what Kubernetes fills in (`defaults`), refuses (`validation`), does when an object comes, changes and goes
(`strategy`), and shows (`tables`); its `rows` hold all of it, a `Kind(...)` a kind. Does not: what all
kinds have in common (the pipeline), and anything that reads or writes the store.

This index is the only one. To add a kind, write its row, and what it has of its own beside it.
"""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.kinds.admissionregistration import rows as admissionregistration
from orchestrator.apiserver.kinds.apiextensions import rows as apiextensions
from orchestrator.apiserver.kinds.apiregistration import rows as apiregistration
from orchestrator.apiserver.kinds.apps import rows as apps
from orchestrator.apiserver.kinds.autoscaling import rows as autoscaling
from orchestrator.apiserver.kinds.batch import rows as batch
from orchestrator.apiserver.kinds.certificates import rows as certificates
from orchestrator.apiserver.kinds.coordination import rows as coordination
from orchestrator.apiserver.kinds.core.cluster import rows as core_cluster
from orchestrator.apiserver.kinds.core.config import rows as core_config
from orchestrator.apiserver.kinds.core.nodes import rows as core_nodes
from orchestrator.apiserver.kinds.core.pods import rows as core_pods
from orchestrator.apiserver.kinds.core.policy import rows as core_policy
from orchestrator.apiserver.kinds.core.replication import rows as core_replication
from orchestrator.apiserver.kinds.core.services import rows as core_services
from orchestrator.apiserver.kinds.core.volumes import rows as core_volumes
from orchestrator.apiserver.kinds.custom import CUSTOM
from orchestrator.apiserver.kinds.discovery import rows as discovery
from orchestrator.apiserver.kinds.events import rows as events
from orchestrator.apiserver.kinds.flowcontrol import rows as flowcontrol
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.networking import rows as networking
from orchestrator.apiserver.kinds.node import rows as node
from orchestrator.apiserver.kinds.policy import rows as policy
from orchestrator.apiserver.kinds.rbac import rows as rbac
from orchestrator.apiserver.kinds.resource import rows as resource
from orchestrator.apiserver.kinds.scheduling import pod_groups
from orchestrator.apiserver.kinds.scheduling import rows as scheduling
from orchestrator.apiserver.kinds.storage import rows as storage

__all__ = ["KINDS", "Kind", "kind_of"]

_FAMILIES: Final = (
    admissionregistration,
    apiextensions,
    apiregistration,
    apps,
    autoscaling,
    batch,
    certificates,
    coordination,
    core_cluster,
    core_config,
    core_nodes,
    core_pods,
    core_policy,
    core_replication,
    core_services,
    core_volumes,
    discovery,
    events,
    flowcontrol,
    networking,
    node,
    pod_groups,
    policy,
    rbac,
    resource,
    scheduling,
    storage,
)
KINDS: Final[Mapping[type[Any], Kind]] = {
    CUSTOM.type: CUSTOM,
    **{kind.type: kind for family in _FAMILIES for kind in family.KINDS},
}
_PLAIN: Final[dict[type[Any], Kind]] = {}


def kind_of(resource: Resource) -> Kind:
    """The kind of a resource; one without a row has what all kinds have."""
    known: Kind | None = resource.knowledge
    if known is not None:
        return known
    return KINDS.get(resource.type) or _PLAIN.setdefault(resource.type, Kind(resource.type))
