"""One question to a server of the gRPC health protocol (`grpc.health.v1.Health/Check`), over HTTP/2 without TLS.

Both messages of the protocol have one field, so they are written and read here by hand: 1 is the service's name in
the question, and the status in the answer.
"""

import asyncio
from typing import Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import ProtocolError

_PATH: Final = "/grpc.health.v1.Health/Check"
_STATUSES: Final = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
_MOST: Final = 1 << 16
_NAME_FIELD, _STATUS_FIELD = b"\x0a", 0x08  # field 1: of bytes, and as a number
_FRAME: Final = 5  # bytes before a message: whether it is compressed, and its length


async def check(host: str, port: int, service: str) -> str:
    """The status of a service, as the protocol names it. Raises OSError, and EOFError with what went wrong."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        connection = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        connection.initiate_connection()
        stream = connection.get_next_available_stream_id()
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", _PATH),
            (":authority", f"{host}:{port}"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("user-agent", "kube-probe/1.36"),
        ]
        connection.send_headers(stream, headers)
        connection.send_data(stream, _question(service), end_stream=True)
        writer.write(connection.data_to_send())
        answer, fault = bytearray(), ""
        while data := await reader.read(_MOST):
            try:
                events = connection.receive_data(data)
            except ProtocolError as error:
                raise EOFError(f"it does not speak gRPC: {error}") from None
            for event in events:
                if isinstance(event, DataReceived):
                    answer += event.data
                    connection.acknowledge_received_data(event.flow_controlled_length, stream)
                elif isinstance(event, ResponseReceived | TrailersReceived):
                    fault = _fault(event) or fault
                if isinstance(event, StreamEnded | StreamReset):
                    if fault or isinstance(event, StreamReset):
                        raise EOFError(fault or "the stream was reset")
                    return _status(bytes(answer))
            writer.write(connection.data_to_send())
        raise EOFError("connection closed before server preface received")
    finally:
        writer.close()


def _question(service: str) -> bytes:
    name = service.encode()
    message = _NAME_FIELD + bytes((len(name),)) + name if name else b""
    return b"\0" + len(message).to_bytes(4, "big") + message


def _status(answer: bytes) -> str:
    message = answer[_FRAME:]
    number = message[1] if len(message) > 1 and message[0] == _STATUS_FIELD else 0
    return _STATUSES[number] if number < len(_STATUSES) else str(number)


def _fault(event: Event) -> str:
    """What the headers tell that went wrong."""
    if not isinstance(event, ResponseReceived | TrailersReceived):
        return ""
    told = {str(name): str(value) for name, value in event.headers or ()}
    if told.get("grpc-status", "0") == "0":
        return ""
    return f"rpc error: code = {told['grpc-status']} desc = {told.get('grpc-message', '')}"
