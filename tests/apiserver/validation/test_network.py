"""Services, endpoints, ingresses and network policies."""

from typing import Any

import pytest

from orchestrator.api.core.v1 import Endpoints, Service
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.api.networking.v1 import Ingress, IngressClass, NetworkPolicy
from orchestrator.apiserver.validation.formats import address_errors, endpoint_address_errors
from tests.apiserver.validation.support import GONE, edit, faults, update_faults

META: dict[str, Any] = {"name": "web", "namespace": "default"}
SERVICE: dict[str, Any] = {
    "metadata": META,
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
}
RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"spec.ports": []}, ["spec.ports: Required value"]),
        ({"spec.ports": [], "spec.clusterIP": "None", "spec.clusterIPs": ["None"]}, []),
        (
            {"spec.ports.1": {"port": 81}},
            ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"],
        ),
        (
            {"spec.ports": [{"name": "a", "port": 80}, {"name": "b", "port": 80}]},
            [
                'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,'
                '"Port":80,"TargetPort":0,"NodePort":0}'
            ],
        ),
        (
            {"spec.ports.0.port": 70000},
            [
                "spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive",
                "spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, "
                "inclusive",
            ],
        ),
        (
            {"spec.ports.0.targetPort": "a--b"},
            [
                'spec.ports[0].targetPort: Invalid value: "a--b": must not contain consecutive '
                "hyphens"
            ],
        ),
        (
            {"spec.ports.0.nodePort": 30000},
            ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
        ),
        (
            {"spec.type": "Internal"},
            [
                'spec.type: Unsupported value: "Internal": supported values: "ClusterIP", '
                '"ExternalName", "LoadBalancer", "NodePort"'
            ],
        ),
        ({"spec.type": "ExternalName"}, ["spec.externalName: Required value"]),
        ({"spec.type": "ExternalName", "spec.externalName": "example.com."}, []),
        (
            {
                "spec.sessionAffinity": "ClientIP",
                "spec.sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}},
            },
            [
                "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be "
                "greater than 0 and less than 86400"
            ],
        ),
        (
            {"spec.clusterIP": "10.0.0.1", "spec.clusterIPs": ["10.0.0.2"]},
            ['spec.clusterIPs: Invalid value: ["10.0.0.2"]: first value must match `clusterIP`'],
        ),
        (
            {"spec.externalIPs": ["127.0.0.1"]},
            [
                'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range '
                "(127.0.0.0/8, ::1/128)"
            ],
        ),
        (
            {"metadata.annotations": {RANGES: "10.0.0.0/8, x"}},
            [
                f"metadata.annotations[{RANGES}]: Forbidden: may only be used when `type` is "
                "'LoadBalancer'",
                f'metadata.annotations[{RANGES}]: Invalid value: "x": must be a valid CIDR value, '
                "(e.g. 10.9.8.0/24 or 2001:db8::/64)",
            ],
        ),
        (
            {"spec.externalTrafficPolicy": "Local"},
            [
                'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for '
                "externally-accessible services"
            ],
        ),
    ],
)
def test_services(changes: dict[str, Any], expected: list[str]) -> None:
    """Ports, types, addresses and policies."""
    assert faults(Service, edit(SERVICE, changes)) == expected


def test_cluster_addresses_stay() -> None:
    """An address that was given is kept."""
    old = edit(SERVICE, {"spec.clusterIP": "10.0.0.1", "spec.clusterIPs": ["10.0.0.1"]})
    new = edit(old, {"spec.clusterIP": "10.0.0.2", "spec.clusterIPs": ["10.0.0.2"]})
    assert update_faults(Service, new, old) == [
        'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set'
    ]
    external = edit(
        old, {"spec.type": "ExternalName", "spec.externalName": "a.b", "spec.clusterIPs": GONE}
    )
    assert update_faults(Service, external, old) == []


def test_endpoints() -> None:
    """Addresses that traffic can be sent to, with named ports where there are several."""
    subset: dict[str, Any] = {"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}
    assert faults(Endpoints, {"metadata": META, "subsets": [subset]}) == []
    wrong = edit(subset, {"addresses.0.ip": "169.254.0.1", "ports.1": {"port": 81, "name": "b"}})
    assert faults(Endpoints, {"metadata": META, "subsets": [wrong]}) == [
        'subsets[0].addresses[0].ip: Invalid value: "169.254.0.1": may not be in the link-local '
        "range (169.254.0.0/16, fe80::/10)",
        "subsets[0].ports[0].name: Required value",
    ]


SLICE: dict[str, Any] = {
    "metadata": META,
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["10.0.0.1"]}],
    "ports": [{"port": 80}],
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        (
            {"addressType": "Any"},
            ['addressType: Unsupported value: "Any": supported values: "FQDN", "IPv4", "IPv6"'],
        ),
        (
            {"endpoints.0.addresses": []},
            ["endpoints[0].addresses: Required value: must contain at least 1 address"],
        ),
        (
            {"endpoints.0.addresses": ["fd00::1"]},
            ['endpoints[0].addresses: Invalid value: "fd00::1": must be an IPv4 address'],
        ),
        ({"ports.1": {"port": 81}}, ['ports[1].name: Duplicate value: ""']),
        (
            {"endpoints": [{"addresses": ["10.0.0.1"]}] * 1001},
            ["endpoints: Too many: 1001: must have at most 1000 items"],
        ),
    ],
)
def test_endpoint_slices(changes: dict[str, Any], expected: list[str]) -> None:
    """Addresses of the slice's family, up to a thousand endpoints."""
    assert faults(EndpointSlice, edit(SLICE, changes)) == expected


def test_address_types_stay() -> None:
    """A slice keeps its kind of addresses."""
    new = edit(SLICE, {"addressType": "IPv6", "endpoints.0.addresses": ["fd00::1"]})
    assert update_faults(EndpointSlice, new, SLICE) == [
        'addressType: Invalid value: "IPv6": field is immutable'
    ]


BACKEND = {"service": {"name": "web", "port": {"number": 80}}}
INGRESS: dict[str, Any] = {
    "metadata": META,
    "spec": {
        "rules": [
            {
                "host": "example.com",
                "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": BACKEND}]},
            }
        ]
    },
}
PATH = "spec.rules[0].http.paths[0]"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        (
            {"spec": {}},
            ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"],
        ),
        ({"spec.rules.0.host": "*.example.com"}, []),
        (
            {"spec.rules.0.host": "10.0.0.1"},
            [
                'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP '
                "address"
            ],
        ),
        (
            {"spec.rules.0.http.paths.0.pathType": GONE},
            [f"{PATH}.pathType: Required value: pathType must be specified"],
        ),
        (
            {"spec.rules.0.http.paths.0.path": "a//b"},
            [
                f'{PATH}.path: Invalid value: "a//b": must be an absolute path',
                f"{PATH}.path: Invalid value: \"a//b\": must not contain '//'",
            ],
        ),
        (
            {"spec.rules.0.http.paths.0.backend": {}},
            [f'{PATH}.backend: Invalid value: "": resource or service backend is required'],
        ),
        (
            {"spec.rules.0.http.paths.0.backend.service.port": {}},
            [f"{PATH}.backend: Required value: port name or number is required"],
        ),
    ],
)
def test_ingresses(changes: dict[str, Any], expected: list[str]) -> None:
    """Hosts, paths and backends."""
    assert faults(Ingress, edit(INGRESS, changes)) == expected


def test_ingress_classes() -> None:
    """The controller has a domain, and stays."""
    old = {"metadata": {"name": "a"}, "spec": {"controller": "example.com/a"}}
    assert faults(IngressClass, old) == []
    assert faults(IngressClass, edit(old, {"spec.controller": "a"})) == [
        'spec.controller: Invalid value: "a": must be a domain-prefixed path (such as '
        '"acme.io/foo")'
    ]
    assert update_faults(IngressClass, edit(old, {"spec.controller": "example.com/b"}), old) == [
        'spec.controller: Invalid value: "example.com/b": field is immutable'
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"from": [{"podSelector": {}}], "ports": [{"port": 80, "endPort": 90}]}, []),
        ({"from": [{}]}, ["spec.ingress[0].from[0]: Required value: must specify a peer"]),
        (
            {"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}}]},
            [
                'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be '
                "a strict subset of `cidr`"
            ],
        ),
        (
            {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]},
            ["spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"],
        ),
        (
            {"ports": [{"port": "http", "endPort": 90}]},
            [
                "spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when "
                "`port` is non-numeric"
            ],
        ),
        (
            {"ports": [{"port": 90, "endPort": 80}]},
            [
                "spec.ingress[0].ports[0].endPort: Invalid value: 90: must be greater than or "
                "equal to `port`"
            ],
        ),
    ],
)
def test_network_policies(rule: dict[str, Any], expected: list[str]) -> None:
    """Peers and ports."""
    policy = {"metadata": META, "spec": {"podSelector": {}, "ingress": [rule]}}
    assert faults(NetworkPolicy, policy) == expected


@pytest.mark.parametrize(
    ("text", "usable"),
    [
        ("10.128.0.2", True),
        ("255.255.255.255", True),
        ("0.0.0.0", False),
        ("127.0.0.1", False),
        ("169.254.1.1", False),
        ("224.0.0.1", False),
        ("224.0.1.1", True),
        ("256.0.0.1", False),
        ("10.0.0", False),
        ("10.0.0.1\n", False),
        ("::1", False),
        ("2001:db8::1", True),
    ],
)
def test_addresses_that_traffic_may_be_sent_to(text: str, usable: bool) -> None:
    """The short way for plain IPv4 addresses says what the long one says."""
    assert (not endpoint_address_errors(text)) is usable
    if usable:
        assert not address_errors(text)
