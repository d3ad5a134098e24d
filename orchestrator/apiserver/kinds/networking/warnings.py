"""What whoever writes an ingress or a network policy is told, though it is accepted."""

from collections.abc import Sequence
from typing import Final

from orchestrator.api.networking.v1 import (
    Ingress,
    NetworkPolicy,
    NetworkPolicyPeer,
    NetworkPolicySpec,
)
from orchestrator.apiserver.validation.warnings import Warnings, address_warnings, range_warnings

_CLASS: Final = "kubernetes.io/ingress.class"


def ingress_warnings(new: Ingress, old: Ingress | None) -> Warnings:
    """Of a new one that names its class in the old way."""
    named = new.spec is not None and new.spec.ingress_class_name is not None
    if old is None and _CLASS in new.metadata.annotations and not named:
        yield f"annotation \"{_CLASS}\" is deprecated, please use 'spec.ingressClassName' instead"


def ingress_status_warnings(new: Ingress) -> Warnings:
    """Of addresses of its load balancer that are written oddly."""
    balancer = new.status.load_balancer if new.status is not None else None
    for i, ingress in enumerate(balancer.ingress if balancer is not None else ()):
        if ingress.ip:
            yield from address_warnings(f"status.loadBalancer.ingress[{i}]", ingress.ip)


def network_policy_warnings(new: NetworkPolicy, _old: NetworkPolicy | None) -> Warnings:
    """Of ranges of addresses that are written oddly."""
    spec = new.spec or NetworkPolicySpec()
    for i, incoming in enumerate(spec.ingress):
        yield from _peer_warnings(f"spec.ingress[{i}].from", incoming.from_)
    for i, outgoing in enumerate(spec.egress):
        yield from _peer_warnings(f"spec.egress[{i}].to", outgoing.to)


def _peer_warnings(path: str, peers: Sequence[NetworkPolicyPeer]) -> Warnings:
    for i, peer in enumerate(peers):
        if peer.ip_block is None:
            continue
        here = f"{path}[{i}].ipBlock"
        yield from range_warnings(f"{here}.cidr", peer.ip_block.cidr)
        for j, excepted in enumerate(peer.ip_block.except_):
            yield from range_warnings(f"{here}.except[{j}]", excepted)
