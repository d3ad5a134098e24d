"""Why a webhook's server could not be spoken with, as Go says it."""

import asyncio
import os
import re
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.times import format_time

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_RESOLVERS: Final = Path("/etc/resolv.conf")
_NAMESERVER: Final = re.compile(r"^\s*nameserver\s+(\S+)", re.MULTILINE)
# What the parser of answers says of a part whose length it cannot read.
_CHUNK: Final = "chunk size"
# OpenSSL's numbers for why a certificate is not good.
_EXPIRED: Final = (9, 10)
_OTHER_NAME: Final = (62, 64)


def connection_words(error: Exception, posted: str, at: str) -> str:
    """Of a connection that did not come about, or ended; `posted` is what was asked, `at` where it led to."""
    from aiohttp import ClientPayloadError, ClientResponseError

    is_begun = isinstance(error, ClientResponseError) and _CHUNK in error.message
    if is_begun or isinstance(error, ClientPayloadError):
        return body_words(error)
    return f"{posted}: {_words(error, at)}"


def _words(error: Exception, at: str) -> str:
    from aiohttp import (
        ClientConnectorDNSError,
        ClientConnectorError,
        ClientConnectorSSLError,
        ClientResponseError,
        ServerDisconnectedError,
    )

    match error:
        case ClientConnectorDNSError():
            return f"dial tcp: lookup {error.host}{_resolver()}: no such host"
        case ClientConnectorSSLError():
            return _handshake_words(error.os_error)
        case ClientConnectorError() if isinstance(error.os_error, ConnectionResetError):
            return "EOF"  # it is connected, and hung up before the handshake's end
        case ClientConnectorError():
            return f"dial tcp {at}: connect: {_system_words(error.os_error)}"
        case ServerDisconnectedError():
            return "EOF"
        case ClientResponseError():
            return f"net/http: HTTP/1.x transport connection broken: {_malformed(error.message)}"
        case ConnectionRefusedError():
            return str(error.strerror)
    return str(error)


def body_words(error: Exception) -> str:
    """Of an answer that began, and could not be read to its end."""
    words = "unexpected EOF"
    if isinstance(error, TimeoutError):
        words = "context deadline exceeded"
    elif _CHUNK in str(error):
        words = "invalid byte in chunk length"
    return f"unexpected error when reading response body. Please retry. Original error: {words}"


def _resolver() -> str:
    """The server that Go's own resolver would have asked first."""
    try:
        found = _NAMESERVER.search(_RESOLVERS.read_text())
    except OSError:
        return ""
    return f" on {found[1]}:53" if found else ""


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


def _malformed(message: str) -> str:
    """The parser says what it met as a line of bytes below its own sentence."""
    met = re.search(r"b'(.*)'", message)
    return f"malformed HTTP response {quote(met[1])}" if met else message


# --- certificates --------------------------------------------------------------------------


async def certificate_words(
    error: Any, host: str, port: int, name: str, now: Callable[[], float]
) -> str:
    """Why the certificate of a server is not taken, which is asked for it once more; `name` is what it should show."""
    cause = error.certificate_error
    found = await _shown(host, port, name)
    words = _fault(found, name, now()) if found is not None else _openssl_words(cause, name)
    return f"tls: failed to verify certificate: x509: {words}"


async def _shown(host: str, port: int, name: str) -> "Certificate | None":
    from cryptography import x509

    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=name)
    except OSError:
        return None
    try:
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return x509.load_der_x509_certificate(der) if der else None
    except ValueError:
        return None
    finally:
        writer.close()


def _fault(certificate: "Certificate", name: str, now: float) -> str:
    """In Go's order: its time, its names, its authority."""
    moment = datetime.fromtimestamp(now, UTC)
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begin <= moment <= end:
        early = moment < begin
        side = f"before {_time(begin)}" if early else f"after {_time(end)}"
        return (
            f"certificate has expired or is not yet valid: current time {_time(moment)} is {side}"
        )
    return _name_fault(certificate, name) or "certificate signed by unknown authority"


def _time(moment: datetime) -> str:
    return format_time(moment.timestamp())


def _name_fault(certificate: "Certificate", name: str) -> str:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = None
    addresses = [] if names is None else names.get_values_for_type(x509.IPAddress)
    hosts = [] if names is None else names.get_values_for_type(x509.DNSName)
    if _is_address(name):
        if ip_address(name) in addresses:
            return ""
        if not addresses:
            return f"cannot validate certificate for {name} because it doesn't contain any IP SANs"
        return f"certificate is valid for {', '.join(map(str, addresses))}, not {name}"
    if any(_matches(each, name) for each in hosts):
        return ""
    common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    if names is None and any(_matches(str(each.value), name) for each in common):
        return "certificate relies on legacy Common Name field, use SANs instead"
    if not hosts:
        return f"certificate is not valid for any names, but wanted to match {name}"
    return f"certificate is valid for {', '.join(hosts)}, not {name}"


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _matches(pattern: str, name: str) -> bool:
    """A first label of * stands for one label."""
    theirs, ours = pattern.lower().split("."), name.lower().rstrip(".").split(".")
    return len(theirs) == len(ours) and theirs[0] in ("*", ours[0]) and theirs[1:] == ours[1:]


def _openssl_words(cause: Any, name: str) -> str:
    """Where the server does not show it again."""
    code = getattr(cause, "verify_code", 0)
    if code in _EXPIRED:
        return "certificate has expired or is not yet valid"
    if code in _OTHER_NAME:
        return f"certificate is not valid for any names, but wanted to match {name}"
    return "certificate signed by unknown authority"
