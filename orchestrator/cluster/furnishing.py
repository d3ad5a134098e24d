"""What installers put into a new cluster, as it fits the cluster's network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from orchestrator.api.discovery.v1 import Endpoint, EndpointConditions, EndpointPort, EndpointSlice
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.cluster.arguments import objects_of

_FURNITURE: Final = Path(__file__).parent / "furniture"
_DNS: Final = "kube-dns"
_DNS_NAMESPACE: Final = "kube-system"


def furniture(dns: str) -> list[Any]:
    """The manifests for a simulated network: CoreDNS, at `dns`, is a Deployment whose pods are simulated, too."""
    return [_at(each, dns) for each in objects_of(_FURNITURE)]


def _at(document: Any, dns: str) -> Any:
    """The same manifest; of the Service kube-dns one with that address."""
    if document["kind"] != "Service" or document["metadata"]["name"] != _DNS:
        return document
    return {**document, "spec": {**document["spec"], "clusterIP": dns}}


def furniture_with_dns(service_ip: str, address: str, port: int) -> Iterator[Any]:
    """The manifests where names are served: kube-dns at `service_ip` leads to the server at `address` and `port`.

    That server is part of the cluster, and no pod: there is no Deployment, and the Service selects nothing.
    """
    for each in furniture(service_ip):
        name = each["metadata"]["name"]
        if each["kind"] == "Deployment" and name == "coredns":
            continue
        if each["kind"] == "Service" and name == _DNS:
            spec = {k: v for k, v in each["spec"].items() if k != "selector"}
            ports = [p for p in spec["ports"] if p["port"] == 53]
            ports = [{k: v for k, v in p.items() if k != "targetPort"} for p in ports]
            each = {**each, "spec": {**spec, "ports": ports}}
        yield each
    yield EndpointSlice(
        metadata=ObjectMeta(
            name=_DNS, namespace=_DNS_NAMESPACE, labels={"kubernetes.io/service-name": _DNS}
        ),
        address_type="IPv4",
        endpoints=(Endpoint(addresses=(address,), conditions=EndpointConditions(ready=True)),),
        ports=(
            EndpointPort(name="dns", port=port, protocol="UDP"),
            EndpointPort(name="dns-tcp", port=port, protocol="TCP"),
        ),
    )
