"""The servers behind APIServices: where they are, and connections by which they know the front proxy.

A server of the kind trusts headers that say who asks, if the client's certificate is that of the front
proxy; ConfigMap `extension-apiserver-authentication` tells it which.
"""

import base64
import ssl
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from orchestrator.api.apiregistration.v1 import APIService
from orchestrator.api.core.v1 import Service
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.http.connections import OWN_HEADERS
from orchestrator.apiserver.pod_ports import Endpoint, ready_endpoints
from orchestrator.machinery.certificates import KeyPair
from orchestrator.protocol import Get, Identity, List, NotFound

if TYPE_CHECKING:
    from aiohttp import ClientSession

FRONT_PROXY: Final = "front-proxy-client"
_HTTPS: Final = 443
_SERVICE_LABEL: Final = "kubernetes.io/service-name"
Ask = Callable[[Any], Any]


class Unreachable(Exception):
    """The service of an APIService leads nowhere: `reason` and the text are its condition's."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Backend(Struct, frozen=True):
    """Where a server is, by which name its certificate must know it, and who vouches for that."""

    endpoint: Endpoint
    name: str
    authority: str
    verified: bool


async def backend_of(service: APIService, ask: Ask, random: Random) -> Backend:
    """The server behind an APIService, as the cluster's services are now. Raises Unreachable."""
    spec = service.spec
    assert spec is not None
    assert spec.service is not None
    name, namespace = spec.service.name or "", spec.service.namespace or ""
    number = spec.service.port or _HTTPS
    endpoint = await _endpoint(name, namespace, number, ask, random)
    authority = base64.b64decode(spec.ca_bundle or "").decode()
    verified = not spec.insecure_skip_tls_verify
    return Backend(endpoint, f"{name}.{namespace}.svc", authority, verified)


async def _endpoint(name: str, namespace: str, number: int, ask: Ask, random: Random) -> Endpoint:
    here = f"service/{name} in {_quoted(namespace)}"
    try:
        service = await ask(Get(resource=resource_of(Service), name=name, namespace=namespace))
    except NotFound:
        raise Unreachable("ServiceNotFound", f"{here} is not present") from None
    spec = service.spec
    if spec.type == "ExternalName":
        return Endpoint(spec.external_name or "", number)
    port = next((each for each in spec.ports if each.port == number), None)
    if port is None:
        raise Unreachable("ServicePortError", f"{here} is not listening on port {number}")
    page = await ask(
        List(
            resource=resource_of(EndpointSlice),
            namespace=namespace,
            label_selector=f"{_SERVICE_LABEL}={name}",
        )
    )
    if not page.items:
        raise Unreachable("EndpointsNotFound", f"cannot find endpointslices for {here}")
    found = ready_endpoints(page.items, port.name or "")
    if not found:
        raise Unreachable(
            "MissingEndpoints",
            f"endpointslices for {here} have no addresses with port name {_quoted(port.name or '')}",
        )
    return random.choice(found)


def _quoted(text: str) -> str:
    return f'"{text}"'


def session() -> "ClientSession":
    """What speaks to backends; bodies pass as they are."""
    from aiohttp import ClientSession  # late: most clusters have no other servers

    return ClientSession(auto_decompress=False, skip_auto_headers=OWN_HEADERS)


def headers_of(identity: Identity) -> list[tuple[str, str]]:
    """Who asks, as the front proxy says it."""
    found = [("X-Remote-User", identity.name)]
    found += [("X-Remote-Group", group) for group in identity.groups]
    extra: Mapping[str, Sequence[str]] = getattr(identity, "extra", None) or {}
    found += [(f"X-Remote-Extra-{key}", each) for key, values in extra.items() for each in values]
    return found


@lru_cache(maxsize=64)
def tls_of(authority: str, verified: bool, pair: KeyPair) -> ssl.SSLContext:
    """How a server is trusted, and the front proxy's certificate."""
    context = ssl.create_default_context(cadata=authority or None)
    if not verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(pair.certificate + pair.key)
        file.flush()
        context.load_cert_chain(Path(file.name))
    return context
