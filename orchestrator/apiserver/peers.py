"""Servers elsewhere that are asked by a document and answer by one: webhooks that a kubeconfig names."""

import ssl
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from orchestrator.machinery.field_errors import quote

_MAX_BYTES: Final = 3 * 1024 * 1024


class PeerFailed(Exception):
    """The server did not answer, or gave no answer; the text says why."""


class Peer(Struct, frozen=True):
    """Where a server is, and by what it knows who asks.

    `authority`: certificates in PEM that its own is verified by; "" is the system's. `certificate` and `key`
    are PEM, too.
    """

    url: str
    authority: str = ""
    certificate: str = ""
    key: str = ""
    token: str = ""
    verified: bool = True


async def ask_peer(peer: Peer, document: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """The document that it answers. Raises PeerFailed."""
    body = await post_to_peer(peer, document, seconds)
    try:
        found = msgspec.json.decode(body or b"{}")
    except msgspec.DecodeError as error:
        raise PeerFailed(f"{peer.url}: {error}") from None
    if not isinstance(found, dict):
        raise PeerFailed(f"{peer.url}: the answer is no object")
    return found


async def post_to_peer(peer: Peer, document: Mapping[str, Any], seconds: float) -> bytes:
    """What it answers, whatever that is. Raises PeerFailed, also for an error's code."""
    from aiohttp import ClientError, ClientSession, ClientTimeout  # late: few clusters have peers

    headers = {"Content-Type": "application/json", "Accept": "application/json, */*"}
    if peer.token:
        headers["Authorization"] = f"Bearer {peer.token}"
    try:
        async with (
            ClientSession(timeout=ClientTimeout(total=seconds)) as session,
            session.post(
                peer.url,
                data=msgspec.json.encode(document),
                headers=headers,
                ssl=_tls(peer) if peer.url.startswith("https:") else False,
                allow_redirects=False,
            ) as answer,
        ):
            body = await answer.content.read(_MAX_BYTES)
            if answer.status >= 500:
                told = quote(body.decode(errors="replace").strip())
                raise PeerFailed(
                    f"an error on the server ({told}) has prevented the request from succeeding"
                )
            if not 200 <= answer.status < 300:
                raise PeerFailed(f"{peer.url}: status {answer.status}")
    except (ClientError, TimeoutError, OSError) as error:
        raise PeerFailed(f"{peer.url}: {str(error) or type(error).__name__}") from error
    return body


@lru_cache(maxsize=64)
def _tls(peer: Peer) -> ssl.SSLContext:
    """Raises PeerFailed."""
    try:
        context = ssl.create_default_context(cadata=peer.authority or None)
        if not peer.verified:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if peer.certificate:
            # Python reads keys from files only; this one lives for a moment.
            with tempfile.TemporaryDirectory() as name:
                pair = Path(name) / "pair.pem"
                pair.touch(mode=0o600)
                pair.write_text(f"{peer.certificate}\n{peer.key}")
                context.load_cert_chain(pair)
    except ssl.SSLError as error:
        raise PeerFailed(f"{peer.url}: certificates cannot be read: {error}") from None
    return context
