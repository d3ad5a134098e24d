"""How a webhook is reached: by HTTPS, or as a function of the embedding program.

A call is an effect: it begins when the server has turned to other requests, and whatever comes of it
is a value, an answer's document or a `CallFailed`. Kubernetes' words for failures are Go's.
"""

import asyncio
import base64
import json
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from orchestrator.api import codec
from orchestrator.api.admissionregistration.v1 import ServiceReference, WebhookClientConfig
from orchestrator.api.core.v1 import Service
from orchestrator.api.discovery.v1 import EndpointSlice
from orchestrator.api.errors import DecodeError
from orchestrator.apiserver.admission.interface import Reader
from orchestrator.apiserver.pod_ports import Endpoint, FindKubelet, reached, ready_endpoints
from orchestrator.machinery.field_errors import quote

if TYPE_CHECKING:
    from aiohttp import ClientResponse

Handler: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""A webhook of the embedding program: gets the AdmissionReview that asks, gives the one that answers."""

_HTTPS: Final = 443
_MAX_BYTES: Final = 3 * 1024 * 1024
_SERVICE_LABEL: Final = "kubernetes.io/service-name"
_HEADERS: Final = {
    "Content-Type": "application/json",
    "Accept": "application/json, */*",
    "User-Agent": "kube-apiserver-admission",
}
_NO_KIND: Final = (
    "couldn't get version/kind; json parse error: json: cannot unmarshal {kind} into Go value of type "
    'struct {{ APIVersion string "json:\\"apiVersion,omitempty\\""; '
    'Kind string "json:\\"kind,omitempty\\"" }}'
)


class CallFailed(Exception):
    """A webhook could not be asked, or its answer is none; the text says why."""


def _no_kubelet(_node: str) -> None:
    """A URL of the user's own leads to no pod."""


class Destination(Struct, frozen=True):
    """Where a webhook is. `url` is how it is spoken of; `address` where it is instead of the URL's host.

    `authority` is PEM, "" for the system's.
    """

    url: str
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
        return Destination(config.url, authority)
    host = f"{service.name}.{service.namespace}.svc"
    path = "/" + (service.path or "").lstrip("/")
    url = f"https://{host}:{service.port or _HTTPS}{path}"
    address = _address(service, _posted(url, seconds), reader)
    return Destination(url, authority, address, reader.kubelet_of)


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
    return f"{parts.scheme}://{parts.hostname}:{parts.port or _HTTPS}{parts.path or '/'}"


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
    try:
        async with asyncio.timeout(seconds):
            return await _post(where, review, seconds)
    except CallFailed as error:
        return CallFailed(f"failed to call webhook: {error}")
    except TimeoutError:
        return CallFailed(
            f"failed to call webhook: {_posted(where.url, seconds)}: context deadline exceeded"
        )


def _posted(url: str, seconds: float) -> str:
    return f"Post {quote(f'{url}?timeout={seconds:g}s')}"


async def _post(where: Destination, review: Mapping[str, Any], seconds: float) -> Any:
    from aiohttp import ClientError, ClientSession  # late: most clusters have no webhooks

    parts = urlsplit(where.url)
    host, path = parts.netloc, parts.path or "/"
    spoken = host if where.address is None else _joined(where.address.host, where.address.port)
    try:
        async with (
            _connectable(where, host) as at,
            ClientSession(auto_decompress=True) as session,
            session.post(
                f"https://{at}{path}",
                params={"timeout": f"{seconds:g}s"},
                data=msgspec.json.encode(review),
                headers={**_HEADERS, "Host": host},
                ssl=_tls(where.authority),
                server_hostname=parts.hostname,
                allow_redirects=False,
            ) as response,
        ):
            return await _document(response)
    except (ClientError, OSError) as error:
        raise CallFailed(
            f"{_posted(where.url, seconds)}: {_words(error, spoken, parts.hostname or '')}"
        ) from None


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
        return ssl.create_default_context(cadata=authority or None)
    except ssl.SSLError:
        raise CallFailed("unable to load root certificates: no valid certificate found") from None


async def _document(response: "ClientResponse") -> Any:
    """Raises CallFailed for what is not the answer of a webhook."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _MAX_BYTES:
            raise CallFailed(f"the answer is longer than {_MAX_BYTES} bytes")
    if not 200 <= response.status < 300:
        raise CallFailed(_refusal(response.status, response.content_type, bytes(body)))
    return _decoded(bytes(body))


def _decoded(body: bytes) -> Any:
    """As Kubernetes' decoder: what does not begin as an object is taken for YAML, mostly a string."""
    try:
        document = codec.loads(body)
    except DecodeError as error:
        if body.lstrip().startswith(b"{"):
            words = error.message
            raise CallFailed(f"couldn't get version/kind; json parse error: {words}") from None
        document = body.decode(errors="replace")
    if isinstance(document, dict):
        return document
    kind = {list: "array", str: "string", bool: "bool"}.get(type(document), "number")
    raise CallFailed(_NO_KIND.format(kind=kind))


# --- words ---------------------------------------------------------------------------------

_STATUS_WORDS: Final[Mapping[int, str]] = {
    400: "the server rejected our request for an unknown reason",
    401: "the server has asked for the client to provide credentials",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    409: "the server reported a conflict",
    422: "the server rejected our request due to an error in our request",
    429: "the server has received too many requests and has asked us to try again later",
    503: "the server is currently unable to handle the request",
    504: "the server was unable to return a response in the time allotted, "
    "but may still be processing the request",
}
_NOT_ACCEPTABLE: Final = (
    "the server was unable to respond with a content type that the client supports"
)
_SERVER_FAULT: Final = 500


def _refusal(code: int, content_type: str, body: bytes) -> str:
    """What an answer with an error's code says: its Status's message, or what is said of the code."""
    try:
        status = json.loads(body)
    except ValueError:
        status = None
    if isinstance(status, dict) and status.get("kind") == "Status":
        return str(status.get("message") or "unknown")
    said = "unknown"
    if content_type.startswith("text/"):
        said = body.decode(errors="replace").strip()
    if code in (403, 415):
        return said
    if code == 406:
        return _NOT_ACCEPTABLE if said in ("", "unknown") else said
    if code in _STATUS_WORDS:
        return _STATUS_WORDS[code]
    if code >= _SERVER_FAULT:
        return f"an error on the server ({quote(said)}) has prevented the request from succeeding"
    return f"the server responded with the status code {code} but did not return more information"


# OpenSSL's numbers for why a certificate is not good.
_EXPIRED: Final = (9, 10)
_OTHER_NAME: Final = (62, 64)


def _words(error: Exception, at: str, name: str) -> str:
    """A failure to connect, as Go says it."""
    from aiohttp import (
        ClientConnectorCertificateError,
        ClientConnectorDNSError,
        ClientConnectorError,
        ClientConnectorSSLError,
        ServerDisconnectedError,
    )

    match error:
        case ClientConnectorCertificateError():
            return f"tls: failed to verify certificate: x509: {_certificate_words(error, name)}"
        case ClientConnectorDNSError():
            return f"dial tcp: lookup {error.host}: no such host"
        case ClientConnectorSSLError():
            return _handshake_words(error.os_error)
        case ClientConnectorError() if isinstance(error.os_error, ConnectionResetError):
            return "EOF"  # it is connected, and hung up before the handshake's end
        case ClientConnectorError():
            return f"dial tcp {at}: connect: {_system_words(error.os_error)}"
        case ServerDisconnectedError():
            return "EOF"
        case ConnectionRefusedError():
            return str(error.strerror)
    return str(error)


def _system_words(error: OSError) -> str:
    """asyncio puts sentences of its own into errors; the number is the system's."""
    return os.strerror(error.errno).lower() if error.errno else str(error)


def _handshake_words(error: OSError) -> str:
    """OpenSSL sees that a record is none; what answers so is mostly a server that speaks plain HTTP."""
    reason = getattr(error, "reason", None) or ""
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"):
        return "http: server gave HTTP response to HTTPS client"
    if isinstance(error, ssl.SSLEOFError) or "EOF" in reason:
        return "EOF"
    return f"remote error: tls: {reason.replace('_', ' ').lower() or error}"


def _certificate_words(error: Any, name: str) -> str:
    cause = error.certificate_error
    code = getattr(cause, "verify_code", 0)
    if code in _EXPIRED:
        return "certificate has expired or is not yet valid"
    if code in _OTHER_NAME:
        return f"certificate is not valid for any names, but wanted to match {name}"
    return "certificate signed by unknown authority"
