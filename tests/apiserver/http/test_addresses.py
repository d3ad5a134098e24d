"""Addresses and networks in objects: what reads as one and should not be written so."""

from typing import Any

import pytest

from tests.apiserver.http.conftest import Caller
from tests.manifests import pod

_SERVICES = "/api/v1/namespaces/default/services"
_NETWORKING = "/apis/networking.k8s.io/v1/namespaces/default"
_ZEROS = "must not have leading 0s"
_ZEROS_IN_RANGE = "must not have leading 0s in IP or prefix length"
_BITS = "must not have bits set beyond the prefix length"


def _service(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}], **spec}}


def _policy(**block: Any) -> dict[str, Any]:
    rule = {"from": [{"ipBlock": block}]}
    return {"metadata": {"name": "a"}, "spec": {"podSelector": {}, "ingress": [rule]}}


def _pod(**spec: Any) -> dict[str, Any]:
    made = pod("a")
    return {**made, "spec": {**made["spec"], **spec}}


@pytest.mark.parametrize(
    ("path", "body", "field", "detail"),
    [
        (
            _SERVICES,
            _service(type="LoadBalancer", loadBalancerSourceRanges=["10.1.2.3/8"]),
            "spec.LoadBalancerSourceRanges[0]",
            _BITS,
        ),
        (_SERVICES, _service(externalIPs=["010.1.2.3"]), "spec.externalIPs[0]", _ZEROS),
        (
            _SERVICES,
            _service(externalIPs=["::ffff:1.2.3.4"]),
            "spec.externalIPs[0]",
            "must not be an IPv4-mapped IPv6 address",
        ),
        (_SERVICES, _service(clusterIP="010.96.1.1"), "spec.clusterIPs[0]", _ZEROS),
        (
            f"{_NETWORKING}/networkpolicies",
            _policy(cidr="010.0.0.0/8"),
            "spec.ingress[0].from[0].ipBlock.cidr",
            _ZEROS_IN_RANGE,
        ),
        (
            f"{_NETWORKING}/networkpolicies",
            _policy(cidr="::ffff:1.2.3.4/120"),
            "spec.ingress[0].from[0].ipBlock.cidr",
            "must not have an IPv4-mapped IPv6 address",
        ),
        (
            f"{_NETWORKING}/networkpolicies",
            _policy(cidr="10.0.0.0/8", **{"except": ["10.1.2.3/16"]}),
            "spec.ingress[0].from[0].ipBlock.except[0]",
            _BITS,
        ),
        (
            "/api/v1/nodes",
            {"metadata": {"name": "a"}, "spec": {"podCIDR": "10.1.2.3/24"}},
            "spec.podCIDRs[0]",
            _BITS,
        ),
        (
            "/api/v1/namespaces/default/pods",
            _pod(hostAliases=[{"ip": "010.1.1.1", "hostnames": ["a"]}]),
            "spec.hostAliases[0].ip",
            _ZEROS,
        ),
        (
            "/api/v1/namespaces/default/endpoints",
            {
                "metadata": {"name": "a"},
                "subsets": [{"addresses": [{"ip": "010.1.1.1"}], "ports": [{"port": 1}]}],
            },
            "subsets[0].addresses[0].ip",
            _ZEROS,
        ),
        (
            "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
            {
                "metadata": {"name": "a"},
                "addressType": "IPv4",
                "endpoints": [{"addresses": ["010.1.1.1"]}],
            },
            "endpoints[0].addresses[0]",
            _ZEROS,
        ),
    ],
)
async def test_what_has_two_readings_is_refused(
    call: Caller, path: str, body: dict[str, Any], field: str, detail: str
) -> None:
    """Zeros that some read as octal, IPv4 inside IPv6, and networks that name a host."""
    code, status = await call("POST", f"{path}?dryRun=All", body)
    [cause] = status["details"]["causes"]
    assert (code, cause["field"]) == (422, field)
    assert cause["message"].endswith(f": {detail}")


async def test_other_forms_than_the_canonical_one_are_taken(call: Caller) -> None:
    """With a warning: there is one way to read them."""
    path = f"{_NETWORKING}/networkpolicies?dryRun=All"
    async with call.send("POST", path, _policy(cidr="2001:db8:0::/64")) as answer:
        assert answer.status == 201
        assert "should be in RFC 5952 canonical format" in answer.headers["Warning"]
