"""What a cluster says of the server that it is served by: where it is, and whom it trusts.

Nobody but those who come by HTTPS has a use for it, so an embedded cluster does not have it.
"""

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import (
    ConfigMap,
    EndpointAddress,
    EndpointPort,
    Endpoints,
    EndpointSubset,
    Service,
    ServicePort,
)
from orchestrator.api.discovery.v1 import Endpoint, EndpointConditions, EndpointSlice
from orchestrator.api.discovery.v1 import EndpointPort as SlicePort
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.client import Client
from orchestrator.controllers.service_account import AUTHENTICATION, OWN_AUTHORITY
from orchestrator.protocol import AlreadyExists

if TYPE_CHECKING:
    from orchestrator.apiserver.http import HttpFront

# The machine of the control plane in the network of the nodes, whose first has the next address.
CONTROL_PLANE_ADDRESS: Final = "172.16.0.1"
# How other servers know who asks, when the front proxy asks for somebody.
_FRONT_PROXY: Final = {
    "requestheader-allowed-names": '["front-proxy-client"]',
    "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
    "requestheader-group-headers": '["X-Remote-Group"]',
    "requestheader-username-headers": '["X-Remote-User"]',
}
_SERVICE: Final = "kubernetes"
_PORT_NAME: Final = "https"
_SERVICE_PORT: Final = 443


async def publish(
    client: Client, front: "HttpFront", host: str, real: str | None, lowest_port: int
) -> None:
    """Write the endpoints of the Service `kubernetes`, and the authority of clients' certificates.

    `real` is where pods reach the server. Where no packets travel it is None, and a server at a loopback address is
    told to be at the control plane's in the nodes' network: Kubernetes refuses endpoints at loopback addresses, which
    would be another machine's everywhere. Where nobody may listen at the Service's own port, since that is below
    `lowest_port`, it is moved to the server's: pods find it in their environment.
    """
    client = Client(
        client.api,
        clock=client.clock,
        identity=client.identity,
        scheme=client.scheme,
        field_manager="kube-apiserver",
    )
    address = _advertised(host) if real is None else real
    authority = front.pki.authority.certificate.decode()
    for each in (
        ConfigMap(
            metadata=ObjectMeta(name=AUTHENTICATION, namespace="kube-system"),
            data={
                "client-ca-file": front.client_authorities,
                OWN_AUTHORITY: authority,
                **_FRONT_PROXY,
            },
        ),
        _endpoints(address, front.port),
        _slice(address, front.port),
    ):
        await _put(client, each)
    if lowest_port > _SERVICE_PORT:
        await _move(client, front.port)


async def _move(client: Client, port: int) -> None:
    """Have the Service `kubernetes` at another port."""
    service = await client.get(Service, _SERVICE, namespace="default")
    ports = (ServicePort(name=_PORT_NAME, port=port, target_port=port, protocol="TCP"),)
    assert service.spec is not None
    await client.update(replace(service, spec=replace(service.spec, ports=ports)))


def _advertised(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return CONTROL_PLANE_ADDRESS
    unfit = address.is_loopback or address.is_unspecified or address.version != 4
    return CONTROL_PLANE_ADDRESS if unfit else host


async def _put(client: Client, wanted: Any) -> None:
    """Create the object, or write over the one of another server of this cluster."""
    try:
        await client.create(wanted)
    except AlreadyExists:
        await client.update(wanted)


def _endpoints(address: str, port: int) -> Endpoints:
    return Endpoints(
        metadata=ObjectMeta(
            name=_SERVICE,
            namespace="default",
            labels={"endpointslice.kubernetes.io/skip-mirror": "true"},
        ),
        subsets=(
            EndpointSubset(
                addresses=(EndpointAddress(ip=address),),
                ports=(EndpointPort(name=_PORT_NAME, port=port, protocol="TCP"),),
            ),
        ),
    )


def _slice(address: str, port: int) -> EndpointSlice:
    return EndpointSlice(
        metadata=ObjectMeta(
            name=_SERVICE,
            namespace="default",
            labels={"kubernetes.io/service-name": _SERVICE},
        ),
        address_type="IPv4",
        endpoints=(Endpoint(addresses=(address,), conditions=EndpointConditions(ready=True)),),
        ports=(SlicePort(name=_PORT_NAME, port=port, protocol="TCP"),),
    )
