"""What Kubernetes fills in of the kinds of `cluster`."""

from typing import Final

from orchestrator.api.core.v1 import (
    Namespace,
    NamespaceStatus,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.defaults.change import fill_zero, put

_NAME_LABEL: Final = "kubernetes.io/metadata.name"


def default_namespace(namespace: Namespace) -> Namespace:
    """A namespace can be selected by its name."""
    metadata: ObjectMeta = namespace.metadata
    if metadata.name and metadata.labels.get(_NAME_LABEL) != metadata.name:
        metadata = put(metadata, labels={**metadata.labels, _NAME_LABEL: metadata.name})
    status = fill_zero(namespace.status or NamespaceStatus(), phase="Active")
    return put(namespace, metadata=metadata, status=status)
