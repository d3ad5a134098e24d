"""What pods let in and out, by NetworkPolicies."""

from typing import Any

import pytest

from orchestrator.api import codec
from orchestrator.api.core.v1 import Namespace, Pod
from orchestrator.api.networking.v1 import NetworkPolicy
from orchestrator.proxy.policies.decisions import Allowed, Isolation, Ports, isolations

WEB, DB, OTHER = "10.1.0.1", "10.1.0.2", "10.1.0.3"


def _pod(namespace: str, name: str, ip: str, **labels: str) -> Pod:
    port = {"name": "main", "containerPort": 8080 if name == "web" else 5432}
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name, **labels}},
        "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i", "ports": [port]}]},
        "status": {"podIP": ip, "phase": "Running"},
    }
    return codec.from_dict(document, Pod)


PODS = [_pod("a", "web", WEB), _pod("a", "db", DB), _pod("b", "web", OTHER)]
NAMESPACES = [
    codec.from_dict(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": n, "labels": {"team": n}}},
        Namespace,
    )
    for n in "ab"
]


def _policy(**spec: Any) -> NetworkPolicy:
    spec.setdefault("podSelector", {"matchLabels": {"app": "web"}})
    spec.setdefault("policyTypes", ["Ingress"])
    document = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "a"},
        "spec": spec,
    }
    return codec.from_dict(document, NetworkPolicy)


def _ingress(*policies: NetworkPolicy) -> set[Allowed]:
    found = isolations(policies, PODS, NAMESPACES)
    (only,) = found["n"]
    assert only.address == WEB
    assert only.egress is None
    return set(only.ingress or ())


def test_only_selected_pods_are_isolated_and_only_as_the_policy_says() -> None:
    """A policy without rules lets nothing pass; all pods of its namespace are meant by an empty selector."""
    assert isolations([], PODS, NAMESPACES) == {}
    assert _ingress(_policy()) == set()
    both = _policy(podSelector={}, policyTypes=["Ingress", "Egress"])
    assert isolations([both], PODS, NAMESPACES) == {
        "n": (Isolation(WEB, (), ()), Isolation(DB, (), ()))
    }


@pytest.mark.parametrize(
    ("peer", "addresses"),
    [
        ({"podSelector": {}}, (WEB, DB)),
        ({"podSelector": {"matchLabels": {"app": "db"}}}, (DB,)),
        ({"namespaceSelector": {}}, (WEB, DB, OTHER)),
        ({"namespaceSelector": {"matchLabels": {"team": "b"}}}, (OTHER,)),
        (
            {
                "namespaceSelector": {},
                "podSelector": {
                    "matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]
                },
            },
            (WEB, OTHER),
        ),
    ],
)
def test_peers_are_pods(peer: dict[str, Any], addresses: tuple[str, ...]) -> None:
    """Of the policy's namespace, unless it selects others."""
    assert _ingress(_policy(ingress=[{"from": [peer]}])) == {Allowed(addresses=addresses)}


def test_who_matches_nobody_lets_nobody_in_and_an_empty_rule_everybody() -> None:
    """The difference between an empty list and one without matches."""
    nobody = {"podSelector": {"matchLabels": {"app": "none"}}}
    assert _ingress(_policy(ingress=[{"from": [nobody]}])) == set()
    assert _ingress(_policy(ingress=[{}])) == {Allowed()}


def test_blocks_ports_and_ranges() -> None:
    """A named port is the isolated pod's own; one that it has not lets nothing pass."""
    block = {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.2.0.0/16"]}}
    ports = [
        {"port": "main"},
        {"port": "none"},
        {"port": 53, "protocol": "UDP"},
        {"port": 90, "endPort": 99},
        {"protocol": "SCTP"},
    ]
    wanted = [Ports("TCP", 8080, 8080), Ports("UDP", 53, 53), Ports("TCP", 90, 99), Ports("SCTP")]
    assert _ingress(_policy(ingress=[{"from": [block], "ports": ports}])) == {
        Allowed(block="10.0.0.0/8", but_for=("10.2.0.0/16",), ports=each) for each in wanted
    }


def test_a_named_port_on_the_way_out_is_each_peer_s() -> None:
    """For they give it different numbers."""
    rule = {"to": [{"podSelector": {}}], "ports": [{"port": "main"}]}
    found = isolations([_policy(policyTypes=["Egress"], egress=[rule])], PODS, NAMESPACES)
    (only,) = found["n"]
    assert only.ingress is None
    assert set(only.egress or ()) == {
        Allowed(addresses=(WEB,), ports=Ports("TCP", 8080, 8080)),
        Allowed(addresses=(DB,), ports=Ports("TCP", 5432, 5432)),
    }


def test_policies_add_up() -> None:
    """What one allows no other takes away."""
    one = _policy(ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "db"}}}]}])
    assert _ingress(one, _policy()) == {Allowed(addresses=(DB,))}
