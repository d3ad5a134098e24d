"""Indexes of shared caches that several controllers look things up by."""

from collections.abc import Iterable
from typing import Any

from orchestrator.api.core.v1 import Pod
from orchestrator.client import OfMetadata
from orchestrator.machinery.owners import controller_of


@OfMetadata
def controller_index(owned: Any) -> Iterable[str]:
    """The uid of an object's controller, or `none/<namespace>`."""
    owner = controller_of(owned)
    return (f"none/{owned.metadata.namespace}" if owner is None else owner.uid,)


def node_index(pod: Pod) -> Iterable[str]:
    """The node that a pod is assigned to."""
    node = pod.spec.node_name if pod.spec is not None else ""
    return (node,) if node else ()
