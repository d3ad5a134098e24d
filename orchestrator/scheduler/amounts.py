"""What a pod asks for, and what a node offers, by the name of the resource. Pure."""

from collections.abc import Container
from typing import Final

from orchestrator.api.core.v1 import Node, Pod
from orchestrator.machinery.memo import IdentityMemo
from orchestrator.machinery.resizing import placed_needs
from orchestrator.machinery.resources import Needs, node_offers, pod_needs


def amounts(needs: Needs) -> list[tuple[str, int]]:
    """Each resource with its amount: thousandths of CPU, bytes, pieces; the first three always."""
    return [
        ("cpu", needs.milli_cpu),
        ("memory", needs.memory_bytes),
        ("ephemeral-storage", needs.ephemeral_storage_bytes),
        *needs.extended.items(),
    ]


def wanted(needs: Needs) -> list[tuple[str, int]]:
    """Those of which something is asked for, a place among the pods first."""
    return [("pods", 1), *((name, amount) for name, amount in amounts(needs) if amount)]


by_resource: Final[IdentityMemo[Needs, dict[str, int]]] = IdentityMemo(
    lambda needs: dict(wanted(needs))
)


def wanted_by(pod: Pod) -> list[tuple[str, int]]:
    """What a pod asks for by resource, a place among the pods included. Raises QuantityError."""
    return wanted(pod_needs(pod))


def offered(node: Node) -> dict[str, int]:
    """What a node has of each resource. Raises QuantityError."""
    return dict(amounts(node_offers(node.status.allocatable if node.status is not None else {})))


def amount_of(needs: Needs, resource: str) -> int:
    """How much of a resource, by its name."""
    return next((amount for name, amount in amounts(needs) if name == resource), 0)


def asks_less(old: Pod, new: Pod, resources: Container[str] | None = None) -> bool:
    """Whether a pod asks for less of something, or of some resources. Raises QuantityError."""
    before, after = placed_needs(old), placed_needs(new)
    return before is not after and any(
        amount > amount_of(after, name)
        for name, amount in amounts(before)
        if resources is None or name in resources
    )


def is_scalar(resource: str) -> bool:
    """Whether a resource counts in a score only where the pod asks for it, as extended ones and huge pages do."""
    return "/" in resource or resource.startswith(("hugepages-", "attachable-volumes-"))
