"""The network of Services' addresses, as somebody may choose it."""

from ipaddress import IPv4Network
from typing import Final

from orchestrator.controllers.load_balancer import NETWORK as BALANCERS

# Kubernetes' own bounds: no more than a million addresses, and no fewer than eight; ours has a tenth for names.
_SHORTEST, _LONGEST = 12, 28
_TAKEN: Final = {
    "pods": IPv4Network("10.128.0.0/9"),
    "nodes": IPv4Network("172.16.0.0/16"),
    "load balancers": BALANCERS,
}


def service_network_of(text: str) -> IPv4Network:
    """The network that a text names. Raises ValueError, which says what would be right."""
    try:
        network = IPv4Network(text)
    except ValueError:
        raise ValueError(f"expected an IPv4 network such as 10.96.0.0/12, got {text!r}") from None
    if not _SHORTEST <= network.prefixlen <= _LONGEST:
        raise ValueError(f"expected a prefix from /{_SHORTEST} to /{_LONGEST}, got {text}")
    for whose, taken in _TAKEN.items():
        if network.overlaps(taken):
            raise ValueError(f"{text} overlaps {taken}, where {whose} have their addresses")
    return network
