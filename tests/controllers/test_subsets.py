"""The subsets of Endpoints: how addresses and ports come together, and how many there may be."""

from orchestrator.api.core.v1 import EndpointAddress, EndpointPort, EndpointSubset
from orchestrator.controllers.subsets import repacked, truncated


def _addresses(count: int, network: int = 0) -> tuple[EndpointAddress, ...]:
    return tuple(EndpointAddress(ip=f"10.{network}.{n // 250}.{n % 250}") for n in range(count))


def test_addresses_are_told_apart_by_all_their_ports() -> None:
    """A port that two pods have is told once, for both."""
    (one, two), http, metrics = (
        _addresses(2),
        EndpointPort(name="http", port=80),
        EndpointPort(name="metrics", port=90),
    )
    told = repacked(
        [
            EndpointSubset(addresses=(one,), ports=(http, metrics)),
            EndpointSubset(addresses=(two,), ports=(http,)),
        ]
    )
    assert {(s.addresses, s.ports) for s in told} == {((one, two), (http,)), ((one,), (metrics,))}


def test_ready_addresses_come_first() -> None:
    """Of more than a thousand those are cut that are not ready, from all subsets in proportion."""
    subsets = (
        EndpointSubset(addresses=_addresses(400), not_ready_addresses=_addresses(600, 1)),
        EndpointSubset(addresses=_addresses(200, 2), not_ready_addresses=_addresses(200, 3)),
    )
    cut, over = truncated(subsets)
    assert over
    assert [(len(s.addresses), len(s.not_ready_addresses)) for s in cut] == [(400, 300), (200, 100)]
    many, over = truncated(
        (EndpointSubset(addresses=_addresses(1500), not_ready_addresses=_addresses(5, 1)),)
    )
    assert over
    assert [(len(s.addresses), len(s.not_ready_addresses)) for s in many] == [(1000, 0)]
    assert truncated(cut) == (cut, False)
