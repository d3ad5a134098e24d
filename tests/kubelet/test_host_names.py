"""What hosts of pods are called."""

from typing import Any

import pytest
from msgspec import convert

from orchestrator import Cluster
from orchestrator.api.core.v1 import Container, Pod, PodSpec, PodStatus
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.kubelet.host_names import HostNames, host_name_fault, host_names
from orchestrator.kubelet.own_files import own_files
from tests.kubelet.stories import events_of
from tests.manifests import pod

_WHOLE = "web.sub.space.svc.cluster.local"


def _pod(name: str = "web", **spec: Any) -> Pod:
    metadata = ObjectMeta(name=name, namespace="space")
    return Pod(metadata=metadata, spec=convert(spec, PodSpec), status=PodStatus(pod_ip="10.0.0.1"))


@pytest.mark.parametrize(
    ("spec", "host", "domain", "kernel"),
    [
        ({}, "web", "", "web"),
        ({"hostname": "own"}, "own", "", "own"),
        ({"subdomain": "sub"}, "web", "sub.space.svc.cluster.local", "web"),
        ({"setHostnameAsFQDN": True}, "web", "", "web"),
        (
            {"subdomain": "sub", "setHostnameAsFQDN": True},
            "web",
            "sub.space.svc.cluster.local",
            _WHOLE,
        ),
        ({"hostnameOverride": "a.b.example", "subdomain": "sub"}, "a.b.example", "", "a.b.example"),
        ({"hostnameOverride": "over", "hostname": "own"}, "over", "", "over"),
    ],
)
def test_names_follow_the_spec(spec: dict[str, Any], host: str, domain: str, kernel: str) -> None:
    """An override has no domain, and the kernel has the whole name only where that is wanted and there is one."""
    assert host_names(_pod(**spec)) == HostNames(host, domain, kernel)


def test_a_long_name_is_cut() -> None:
    """At 63 characters, and not in the middle of what would end with a dash."""
    assert host_names(_pod("a" * 70)).host == "a" * 63
    assert host_names(_pod("a" * 62 + "-" + "b" * 9)).host == "a" * 62


def test_others_find_the_host_by_its_whole_name() -> None:
    """In /etc/hosts, before the short one; in /etc/hostname is what the kernel has."""
    found = _pod(subdomain="sub", setHostnameAsFQDN=True)
    files = dict(own_files(found, Container(name="c"), host_names(found)))
    assert files["/etc/hostname"] == f"{_WHOLE}\n".encode()
    assert files["/etc/hosts"].decode().splitlines()[-1] == f"10.0.0.1\t{_WHOLE}\tweb"


async def test_a_pod_whose_name_the_kernel_does_not_take_gets_no_sandbox(cluster: Cluster) -> None:
    """It waits, and an event says why, in the kubelet's words."""
    name = "x" * 40
    whole = f"{name}.sub.default.svc.cluster.local"
    assert host_name_fault(_pod(name, subdomain="sub")) == ""
    manifest = pod(name)
    manifest["spec"] |= {"subdomain": "sub", "setHostnameAsFQDN": True}
    await cluster.apply([manifest])
    await cluster.clock.sleep(5)
    said = (
        "Failed to create pod sandbox: failed to construct FQDN from pod hostname and cluster domain, "
        f"FQDN {whole} is too long (64 characters is the max, {len(whole)} characters requested)"
    )
    assert ("FailedCreatePodSandBox", said) in await events_of(cluster, name)
    found = await cluster.client.get(Pod, name, namespace="default")
    assert found.status is not None
    assert found.status.phase == "Pending"
