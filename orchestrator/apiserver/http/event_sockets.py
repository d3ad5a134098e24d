"""A watch by a WebSocket: each event is a message of its own."""

from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from aiohttp.web import BaseRequest, HTTPException, Response, WebSocketResponse

from orchestrator.apiserver.http.replies import text_reply
from orchestrator.apiserver.http.websockets import offered

_PARTING_SECONDS: Final = 1.0
_MOST_BYTES: Final = 4096  # of what a client says, who has nothing to say
_PREFIX_BYTES: Final = 4  # the length of a frame of protobuf, which a message has of itself


class EventSocket(WebSocketResponse):
    """Takes lines, or frames of protobuf, as a stream does."""

    def __init__(self, request: BaseRequest, *, is_text: bool) -> None:
        protocols = offered(request)
        super().__init__(
            protocols=protocols, timeout=_PARTING_SECONDS, max_msg_size=_MOST_BYTES, compress=False
        )
        self._is_text = is_text

    async def tell(self, event: bytes) -> None:
        """Send an event. Raises ConnectionError when the client has gone."""
        if self._is_text:
            await self.send_str(event.decode())
        else:
            await self.send_bytes(event[_PREFIX_BYTES:])

    async def until_closed(self) -> None:
        """Wait until the client closes it."""
        with suppress(ConnectionError):
            async for _ in self:
                pass  # nobody asks for what the client says


def fault_of(request: BaseRequest) -> Response | None:
    """What Go's library answers who does not ask well for a WebSocket: it wants to hear where the page is from."""
    if len(offered(request)) > 1:
        return _refused(400)
    try:
        origin = urlsplit(request.headers.get("Origin", ""))
    except ValueError:
        return _refused(403)
    return None if origin.scheme else _refused(403)


def refused_by(error: HTTPException) -> Response:
    """The answer to a request whose handshake is none."""
    return _refused(error.status, error.text or "")


def _refused(status: int, text: str = "") -> Response:
    response = text_reply(text, status=status)
    response.force_close()
    return response
