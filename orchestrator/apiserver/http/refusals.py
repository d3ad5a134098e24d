"""What Go's server, in front of which Kubernetes stands, refuses before anybody looks at a request, in its words.

It answers by a few lines of text, and ends the connection.
"""

import re
from collections.abc import Iterable
from typing import Final

from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import HttpVersion, HttpVersion10, HttpVersion11
from aiohttp.http_exceptions import LineTooLong

_BAD: Final = "400 Bad Request"
TOO_LARGE: Final = "431 Request Header Fields Too Large"
_VERSION: Final = "505 HTTP Version Not Supported: unsupported protocol version"
_ENCODING: Final = "501 Not Implemented"
_ENCODING_WORDS: Final = "Unsupported transfer encoding"
_EXPECTATION: Final = (
    "HTTP/1.1 417 Expectation Failed\r\nConnection: close\r\nContent-Length: 0\r\nDate: {}\r\n\r\n"
)
_NO_HOST: Final = f"{_BAD}: missing required Host header"
_STRANGE_HOST: Final = f"{_BAD}: malformed Host header"
_HOST: Final = re.compile(rb"[A-Za-z0-9!$%&'()*+,\-.:;=@\[\]_~]*")
_EXPECTED: Final = re.compile(rb"(?:^|[ ,\t])100-continue(?:$|[ ,\t])", re.IGNORECASE)

# What the parser says of a chunk begins so, and Go says it so.
_CHUNKS: Final = (
    ("Invalid character in chunk size", "invalid byte in chunk length"),
    ("Chunk size overflow", "http chunk length too large"),
    ("Missing expected CR after chunk size", "chunked line ends with bare LF"),
    ("Missing expected CR after chunk ext", "chunked line ends with bare LF"),
)


def refusal(status: str, words: str = "") -> bytes:
    """The whole answer; its text is its status, unless it says something else."""
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
        f"{words or status}"
    ).encode()


def of_nonsense(error: BaseException | None = None) -> bytes:
    """What is said of bytes that the parser, which says why, does not take for a request."""
    if isinstance(error, LineTooLong):
        return refusal(TOO_LARGE)
    if error is not None and "Missing 'Host' header" in str(error):
        return refusal(_NO_HOST)
    return refusal(_BAD)


def of_version(version: HttpVersion) -> bytes | None:
    """What is said of a request in this version of HTTP; None: it is served."""
    if version in (HttpVersion11, HttpVersion10):
        return None
    return refusal(_BAD if version.major == 0 else _VERSION)


def of_headers(raw: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """What is said of a request with these headers; None: it is served."""
    for name, value in raw:
        lower = name.lower()
        if lower == b"host" and not _HOST.fullmatch(value):
            return refusal(_STRANGE_HOST)
        if lower == b"transfer-encoding" and value.lower() != b"chunked":
            return refusal(_ENCODING, _ENCODING_WORDS)
        if lower == b"expect" and value and not _EXPECTED.search(value):
            return _EXPECTATION.format(rfc822_formatted_time()).encode()
    return None


def waits_to_send(raw: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a client with these headers sends its body when it hears that it may."""
    return any(name.lower() == b"expect" and _EXPECTED.search(value) for name, value in raw)


def of_chunks(error: BaseException) -> str:
    """What is said of a body whose next chunk is none."""
    said = str(error.args[0] if error.args else error)
    return next(
        (words for begun, words in _CHUNKS if said.startswith(begun)), "malformed chunked encoding"
    )
