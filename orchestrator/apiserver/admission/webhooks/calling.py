"""How a webhook is reached: by HTTPS, or as a function of the embedding program.

A call is an effect: it begins when the server has turned to other requests, and whatever comes of it
is a value, an answer's document or a `CallFailed`. Kubernetes' words for failures are Go's.
"""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from yarl import URL

from orchestrator.api.admissionregistration.v1 import ServiceReference, WebhookClientConfig
from orchestrator.api.core.v1 import Service
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.apiserver.admission.interface import Reader
from orchestrator.apiserver.admission.webhooks.answers import CallFailed, document_of
from orchestrator.apiserver.admission.webhooks.failures import (
    body_words,
    certificate_words,
    connection_words,
)
from orchestrator.apiserver.pod_ports import Endpoint, FindKubelet, reached, ready_endpoints
from orchestrator.machinery.field_errors import quote

if TYPE_CHECKING:
    from aiohttp import ClientResponse

Handler: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""A webhook of the embedding program: gets the AdmissionReview that asks, gives the one that answers."""

_HTTPS: Final = 443
_MAX_BYTES: Final = 16 * 1024 * 1024
# How often a server is asked again that says when to.
_MAX_RETRIES: Final = 10
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500
_SERVICE_LABEL: Final = "kubernetes.io/service-name"
_HEADERS: Final = {
    "Content-Type": "application/json",
    "Accept": "application/json, */*",
    "Accept-Encoding": "gzip",
    "User-Agent": "kube-apiserver-admission",
}


def _no_kubelet(_node: str) -> None:
    """A URL of the user's own leads to no pod."""


class Destination(Struct, frozen=True):
    """Where a webhook is. `url` is how it is spoken of; `address` where it is instead of the URL's host.

    `authority` is PEM, "" for the system's; `now` is seconds since the epoch, for certificates that have ended.
    """

    url: str
    now: Callable[[], float]
    authority: str = ""
    address: Endpoint | None = None
    kubelet_of: FindKubelet = _no_kubelet


# --- where ---------------------------------------------------------------------------------


def destination_of(config: WebhookClientConfig, reader: Reader, seconds: float) -> Destination:
    """Where a configuration's webhook is, as the cluster's services are now. Raises CallFailed.

    `seconds` is how long it may take, which its URL says.
    """
    authority = _pem(config.ca_bundle)
    service = config.service
    if service is None:
        if not config.url:
            raise CallFailed("webhook configuration must have either service or URL")
        return Destination(config.url, reader.now, authority)
    host = f"{service.name}.{service.namespace}.svc"
    path = "/" + (service.path or "").lstrip("/")
    url = f"https://{host}:{service.port or _HTTPS}{path}"
    address = _address(service, _posted(url, seconds), reader)
    return Destination(url, reader.now, authority, address, reader.kubelet_of)


def url_of(config: WebhookClientConfig) -> str:
    """The name by which an embedding program registers a handler for the webhook."""
    service = config.service
    if service is None:
        return normal_url(config.url or "")
    host = f"{service.name}.{service.namespace}.svc:{service.port or _HTTPS}"
    return normal_url(f"https://{host}/{(service.path or '').lstrip('/')}")


def normal_url(url: str) -> str:
    """A URL with its port, and at least the root's path."""
    parts = urlsplit(url)
    port = parts.netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2]
    return f"{parts.scheme}://{parts.hostname}:{port or _HTTPS}{parts.path or '/'}"


def _pem(bundle: str | None) -> str:
    try:
        return base64.b64decode(bundle or "").decode()
    except ValueError:
        raise CallFailed("could not get REST client: unable to load root certificates") from None


def _address(ref: ServiceReference, posted: str, reader: Reader) -> Endpoint:
    """One of a service's ready endpoints; what it is called outside if it is an ExternalName."""
    name, namespace, number = ref.name, ref.namespace, ref.port or _HTTPS
    failed = f"failed to call webhook: {posted}: "
    service = reader.get(Service, name, namespace)
    if service is None or service.spec is None:
        raise CallFailed(f"{failed}service {quote(name)} not found")
    if service.spec.type == "ExternalName":
        return Endpoint(service.spec.external_name or "", number)
    port = next((each for each in service.spec.ports if each.port == number), None)
    if port is None:
        raise CallFailed(f"{failed}no service port {number} found for service {quote(name)}")
    slices = [
        part
        for part in reader.list(EndpointSlice, namespace)
        if part.metadata.labels.get(_SERVICE_LABEL) == name
    ]
    found = ready_endpoints(slices, port.name or "")
    if not found:
        raise CallFailed(f"{failed}no endpoints available for service {quote(name)}")
    return reader.random.choice(found)


# --- asking --------------------------------------------------------------------------------


async def ask_handler(handler: Handler, review: Mapping[str, Any], seconds: float) -> Any:
    """The answer of an embedder's function, or a CallFailed."""
    try:
        async with asyncio.timeout(seconds):
            return await handler(review)
    except TimeoutError:
        return CallFailed("failed to call webhook: context deadline exceeded")
    except Exception as error:
        return CallFailed(f"failed to call webhook: {type(error).__name__}: {error}")


async def ask_server(where: Destination, review: Mapping[str, Any], seconds: float) -> Any:
    """The decoded answer of an HTTPS server, or a CallFailed."""
    answering = asyncio.Event()
    try:
        async with asyncio.timeout(seconds):
            return await _post(where, review, seconds, answering)
    except CallFailed as error:
        return CallFailed(f"failed to call webhook: {error}")
    except TimeoutError as error:
        late = f"{_posted(where.url, seconds)}: context deadline exceeded"
        words = body_words(error) if answering.is_set() else late
        return CallFailed(f"failed to call webhook: {words}")


def _posted(url: str, seconds: float) -> str:
    return f"Post {quote(f'{url}?timeout={seconds:g}s')}"


async def _post(
    where: Destination, review: Mapping[str, Any], seconds: float, answering: asyncio.Event
) -> Mapping[str, Any]:
    """Ask, and again when the server says when to. `answering` is set when an answer has begun."""
    # Late: most clusters have no webhooks.
    from aiohttp import ClientConnectorCertificateError, ClientError, ClientSession

    parts = urlsplit(where.url)
    host, name = parts.netloc, parts.hostname or ""
    spoken = host if where.address is None else _joined(where.address.host, where.address.port)
    posted = _posted(where.url, seconds)
    try:
        async with _connectable(where, host) as at, ClientSession() as session:
            url = _url(f"https://{at}{parts.path or '/'}", posted, seconds)
            asking = partial(
                session.post,
                url,
                data=msgspec.json.encode(review) + b"\n",
                headers={**_HEADERS, "Host": host},
                ssl=_tls(where.authority),
                server_hostname=name,
                allow_redirects=False,
            )
            try:
                for left in reversed(range(_MAX_RETRIES + 1)):
                    async with asking() as response:
                        pause = _pause(response)
                        if pause is None or not left:
                            answering.set()
                            return await _document(response)
                    await asyncio.sleep(pause)  # noqa: TID251 - as its timeout, of real servers alone
            except ClientConnectorCertificateError as error:
                port = url.port or _HTTPS
                words = await certificate_words(error, url.host or "", port, name, where.now)
                raise CallFailed(f"{posted}: {words}") from None
            raise AssertionError("the last answer counts")
    except (ClientError, OSError) as error:
        if isinstance(error, TimeoutError):
            raise
        raise CallFailed(connection_words(error, posted, spoken)) from None


def _url(text: str, posted: str, seconds: float) -> URL:
    try:
        return URL(text).with_query(timeout=f"{seconds:g}s")
    except ValueError:  # its host was looked at when the configuration was written
        port = urlsplit(text).netloc.rpartition(":")[2]
        raise CallFailed(f"{posted}: dial tcp: address {port}: invalid port") from None


def _pause(response: "ClientResponse") -> int | None:
    """After how many seconds a server that cannot answer now wants to be asked again, if it says so."""
    if response.status != _TOO_MANY and response.status < _SERVER_FAULT:
        return None
    try:
        return max(int(response.headers["Retry-After"]), 0)
    except (KeyError, ValueError):
        return None


@asynccontextmanager
async def _connectable(where: Destination, host: str) -> AsyncIterator[str]:
    """The host and port to connect to."""
    if where.address is None:
        yield host
        return
    async with reached(where.address, where.kubelet_of) as (address, port):
        yield _joined(address, port)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@lru_cache(maxsize=64)
def _tls(authority: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=authority or None)
    except ssl.SSLError:
        raise CallFailed("unable to load root certificates: no valid certificate found") from None
    context.hostname_checks_common_name = False
    return context


async def _document(response: "ClientResponse") -> Mapping[str, Any]:
    """Raises CallFailed for what is not the answer of a webhook."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _MAX_BYTES:
            raise CallFailed(f"the answer is longer than {_MAX_BYTES} bytes")
    content_type = response.headers.get("Content-Type", "")
    return document_of(response.status, content_type, bytes(body))
