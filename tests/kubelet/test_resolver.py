"""What a pod's resolver is told."""

from typing import Any

import pytest

from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.resolver import Resolver, parse, resolver_of

NODE = parse("# a comment\nsearch corp.example\nnameserver 192.0.2.53\noptions rotate timeout:1\n")
CLUSTER = "nameserver 10.96.0.10\noptions ndots:5\n"
SEARCH = "search apps.svc.cluster.local svc.cluster.local cluster.local corp.example\n"
DEFAULT = "search corp.example\nnameserver 192.0.2.53\noptions rotate timeout:1\n"


def _pod(**spec: Any) -> Pod:
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "apps"},
        "spec": spec,
    }
    return codec.from_dict(document, Pod)


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({}, SEARCH + CLUSTER),
        ({"dnsPolicy": "ClusterFirst"}, SEARCH + CLUSTER),
        ({"dnsPolicy": "ClusterFirst", "hostNetwork": True}, DEFAULT),
        ({"dnsPolicy": "ClusterFirstWithHostNet", "hostNetwork": True}, SEARCH + CLUSTER),
        ({"dnsPolicy": "Default"}, DEFAULT),
        ({"dnsPolicy": "None"}, ""),
    ],
)
def test_a_policy_says_whom_the_pod_asks(spec: dict[str, Any], text: str) -> None:
    """The node's search domains come behind the cluster's; its options do not."""
    assert resolver_of(_pod(**spec), "10.96.0.10", NODE).text() == text


def test_a_pod_s_own_configuration_is_added() -> None:
    """What is there twice is there once, an option has its last value, and there are three servers at most."""
    config = {
        "nameservers": ["1.1.1.1", "10.96.0.10", "1.1.1.2", "1.1.1.3"],
        "searches": ["svc.cluster.local", "mine.example"],
        "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}],
    }
    made = resolver_of(_pod(dnsConfig=config), "10.96.0.10", Resolver())
    assert made.servers == ("10.96.0.10", "1.1.1.1", "1.1.1.2")
    assert made.searches[-2:] == ("cluster.local", "mine.example")
    assert made.text().endswith("options ndots:2 edns0\n")
    alone = resolver_of(_pod(dnsPolicy="None", dnsConfig=config), "10.96.0.10", NODE)
    assert alone.servers == ("1.1.1.1", "10.96.0.10", "1.1.1.2")
