"""Round robin and ClientIP affinity."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.proxy.balancer import Balancer
from orchestrator.proxy.table import Backend, ServiceKey, ServicePort


def _port(backends: int, affinity: int | None = None) -> ServicePort:
    return ServicePort(
        service=ServiceKey("default", "web"),
        name="",
        protocol="TCP",
        backends=tuple(Backend(f"10.0.0.{n}", 8080, "node", "") for n in range(backends)),
        affinity_seconds=affinity,
        internal_local=False,
        external_local=False,
    )


@given(st.integers(1, 7), st.integers(0, 50))
def test_round_robin_gives_everyone_the_same_share(backends: int, connections: int) -> None:
    balancer, port = Balancer(), _port(backends)
    counts = Counter(
        balancer.choose(port, port.backends, f"c{n}", 0.0).ip for n in range(connections)
    )
    assert (
        max(counts.values(), default=0) - min((counts[b.ip] for b in port.backends), default=0) <= 1
    )


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 99)), max_size=40))
def test_a_client_with_affinity_stays_until_it_was_away_too_long(
    connections: list[tuple[str, int]],
) -> None:
    balancer, port, now = Balancer(), _port(4, affinity=50), 0.0
    last: dict[str, tuple[str, float]] = {}
    for client, pause in connections:
        now += pause
        chosen = balancer.choose(port, port.backends, client, now).ip
        if client in last and now - last[client][1] < 50:
            assert chosen == last[client][0]
        last[client] = (chosen, now)


def test_a_client_whose_endpoint_went_gets_another() -> None:
    balancer, port = Balancer(), _port(2, affinity=50)
    first = balancer.choose(port, port.backends, "c", 0.0).ip
    left = tuple(b for b in port.backends if b.ip != first)
    assert balancer.choose(port, left, "c", 1.0).ip == left[0].ip


def test_idle_clients_and_lost_services_are_forgotten() -> None:
    balancer, port = Balancer(), _port(2, affinity=50)
    key = (port.service, port.name, port.protocol)
    balancer.choose(port, port.backends, "old", 0.0)
    balancer.choose(port, port.backends, "new", 40.0)
    balancer.forget_idle({key: 50}, 60.0)
    assert balancer.remembered == 1
    balancer.forget_idle({}, 60.0)
    assert balancer.remembered == 0
