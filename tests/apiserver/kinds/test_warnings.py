"""What is accepted, and told to its writer in Kubernetes' words."""

from typing import Any

import pytest

from orchestrator.api import codec
from orchestrator.api.scheme import DEFAULT
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.validation.warnings import address_warnings, range_warnings

_POD = {"containers": [{"name": "c", "image": "i"}]}


def told(api_version: str, kind: str, document: dict[str, Any]) -> list[str]:
    """The warnings about a new object."""
    resource = DEFAULT.by_kind(api_version, kind)
    new = codec.decode({"metadata": {"name": "one"}, **document}, resource.type)
    warnings = kind_of(resource).warnings
    assert warnings is not None
    return list(warnings(new, None))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, []),
        (
            {"nodeSelector": {"beta.kubernetes.io/os": "linux"}},
            [
                'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" '
                "instead"
            ],
        ),
        (
            {"imagePullSecrets": [{}, {"name": "a"}, {"name": "a"}]},
            [
                'spec.imagePullSecrets[2].name: duplicate name "a"',
                'spec.imagePullSecrets[0].name: invalid empty name ""',
            ],
        ),
        (
            {"terminationGracePeriodSeconds": -1},
            [
                "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and "
                "will be treated as 1"
            ],
        ),
        (
            {"hostAliases": [{"ip": "010.0.0.1"}]},
            [
                'spec.hostAliases[0].ip: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"'
            ],
        ),
        (
            {
                "volumes": [
                    {"name": "g", "gitRepo": {"repository": "r"}},
                    {
                        "name": "v",
                        "configMap": {
                            "name": "m",
                            "items": [{"key": "a", "path": "x"}, {"key": "b", "path": "x/y"}],
                        },
                    },
                ]
            },
            [
                "spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+",
                'volume "v" (ConfigMap "m"): overlapping paths: "x/y" with "x"',
            ],
        ),
    ],
)
def test_pods(spec: dict[str, Any], expected: list[str]) -> None:
    """Placement, secrets, grace, hosts and volumes."""
    assert told("v1", "Pod", {"spec": {**_POD, **spec}}) == expected


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (
            {"resources": {"requests": {"memory": "500m"}}},
            'resources.requests[memory]: fractional byte value "500m" is invalid, must be an integer',
        ),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
            'env[1]: hides previous definition of "A", which may be dropped when using apply',
        ),
        (
            {"ports": [{"containerPort": 80}, {"containerPort": 80}]},
            "ports[1]: duplicate port definition with spec.template.spec.containers[0].ports[0]",
        ),
        (
            {"ports": [{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}]},
            'ports[1]: duplicate port name "a" with spec.template.spec.containers[0].ports[0], services '
            "and probes that select ports by name will use spec.template.spec.containers[0].ports[0]",
        ),
    ],
)
def test_templates(container: dict[str, Any], expected: str) -> None:
    """Of a kind that makes pods, by the path of its template."""
    template = {"spec": {"containers": [{"name": "c", "image": "i", **container}]}}
    found = told("apps/v1", "Deployment", {"spec": {"template": template}})
    assert found == [f"spec.template.spec.containers[0].{expected}"]


def test_a_name_that_makes_no_host_names() -> None:
    """Of kinds whose pods are named after them."""
    document = {"metadata": {"name": "a.b"}, "spec": {"template": {"spec": _POD}}}
    (found,) = told("apps/v1", "Deployment", document)
    assert found.startswith("metadata.name: this is used in Pod names and hostnames, which can")
    assert told("apps/v1", "DaemonSet", document) == []


def test_services() -> None:
    """Fields that are of no use with others."""
    spec = {"type": "ClusterIP", "externalIPs": ["1.2.3.4"], "externalName": "a.b"}
    assert told("v1", "Service", {"spec": spec}) == [
        "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
        'spec.externalName is ignored when spec.type is not "ExternalName"',
    ]


def test_addresses_and_ranges() -> None:
    """Odd forms are told, with the form that is meant."""
    assert list(address_warnings("ip", "10.0.0.1")) == []
    assert list(address_warnings("ip", "FE80::1")) == [
        'ip: IPv6 address "FE80::1" should be in RFC 5952 canonical format ("fe80::1")'
    ]
    assert list(address_warnings("ip", "::ffff:1.2.3.4")) == [
        'ip: non-standard IP address "::ffff:1.2.3.4" is invalid: use "1.2.3.4"'
    ]
    assert list(range_warnings("cidr", "10.0.0.1/8")) == [
        'cidr: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or '
        '"10.0.0.1/32"?)'
    ]


@pytest.mark.parametrize(
    ("api_version", "kind", "status", "path"),
    [
        ("v1", "Pod", {"podIPs": [{"ip": "10.0.0.01"}]}, "podIPs[0].ip"),
        ("v1", "Pod", {"hostIPs": [{"ip": "10.0.0.01"}]}, "hostIPs[0].ip"),
        (
            "v1",
            "Service",
            {"loadBalancer": {"ingress": [{"ip": "10.0.0.01"}]}},
            "loadBalancer.ingress[0]",
        ),
        (
            "networking.k8s.io/v1",
            "Ingress",
            {"loadBalancer": {"ingress": [{"hostname": "a.b"}, {"ip": "10.0.0.01"}]}},
            "loadBalancer.ingress[1]",
        ),
    ],
)
def test_statuses(api_version: str, kind: str, status: dict[str, Any], path: str) -> None:
    """Whoever writes a status hears of addresses that are written oddly."""
    resource = DEFAULT.by_kind(api_version, kind)
    new = codec.decode({"metadata": {"name": "one"}, "status": status}, resource.type)
    warnings = kind_of(resource).status_warnings
    assert warnings is not None
    assert list(warnings(new)) == [
        f'status.{path}: non-standard IP address "10.0.0.01" is invalid: use "10.0.0.1"'
    ]


def test_a_quota_that_allows_more_requests_than_limits() -> None:
    """The bare names of CPU and memory are requests, too."""
    hard = {"cpu": "4", "limits.cpu": "1500m", "requests.memory": "1Gi", "limits.memory": "2Gi"}
    assert told("v1", "ResourceQuota", {"spec": {"hard": hard}}) == [
        "ResourceQuota cpu (4) should be less than limits.cpu (1500m)"
    ]
