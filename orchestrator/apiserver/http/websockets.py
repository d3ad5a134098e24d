"""What a request says that asks for a WebSocket: which protocols it offers, and who asks.

A browser's program cannot give such a request an Authorization, so that its bearer token comes as one of the
protocols, beside the one that is to be spoken.
"""

from base64 import b64decode
from binascii import Error
from typing import Final

from aiohttp.web import BaseRequest

_TOKEN: Final = "base64url.bearer.authorization.k8s.io."


class BadProtocols(ValueError):
    """Tokens that are none, more than one, or one with nothing beside it."""


def wants_websocket(request: BaseRequest) -> bool:
    """Whether the client asks for a WebSocket, where it could have had a plain answer."""
    headers = request.headers
    connection = headers.get("Connection", "").lower()
    return "upgrade" in connection and headers.get("Upgrade", "").lower() == "websocket"


def offered(request: BaseRequest) -> list[str]:
    """The protocols that the client speaks."""
    return [each for each in _said(request) if not each.startswith(_TOKEN)]


def token_of(request: BaseRequest) -> str:
    """The bearer token among the protocols; "" if there is none. Raises BadProtocols."""
    if not wants_websocket(request):
        return ""
    told = [each for each in _said(request) if each.startswith(_TOKEN)]
    if not told:
        return ""
    if len(told) > 1:
        raise BadProtocols("multiple base64.bearer.authorization tokens specified")
    if not offered(request):
        raise BadProtocols("missing additional subprotocol")
    text = told[0].removeprefix(_TOKEN)
    try:
        token = b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True).decode()
    except (Error, ValueError):
        raise BadProtocols("invalid base64.bearer.authorization token encoding") from None
    return token


def _said(request: BaseRequest) -> list[str]:
    said = ",".join(request.headers.getall("Sec-WebSocket-Protocol", ()))
    return [each.strip() for each in said.split(",") if each.strip()]
