"""What the headers of a request say to all that it passes on its way.

A client says the same in request after request of a connection, so what follows from that is worked out once: a
connection remembers the head of its last request, and the next one that has the very same headers has that head, too.
"""

from typing import Any, Final, TypeAlias

from aiohttp import hdrs
from msgspec import Struct
from multidict import CIMultiDict, CIMultiDictProxy

from orchestrator.apiserver.http.refusals import of_headers, waits_to_send

Raw: TypeAlias = tuple[tuple[bytes, bytes], ...]

_MOST_BYTES: Final = 4096  # that a silent connection holds of what its client has said
_IMPERSONATE: Final = "impersonate-"


class Head(Struct, frozen=True, eq=False):
    """`headers` have what is no UTF-8 replaced. `wording`: what else than its line a route is known by.

    `refusal` is all that is answered, if anything is wrong with them.
    """

    raw: Raw
    headers: CIMultiDictProxy[str]
    is_ascii: bool
    size: int
    authorization: str
    audit_id: str
    wording: tuple[str, str, str]
    impersonates: bool  # whether a header's name begins so
    refusal: bytes | None
    waits_to_send: bool


def head_of(message: Any, last: Head | None) -> Head:
    """The head of a message of the parser's; `last`: that of the connection's request before."""
    if last is not None and last.raw == message.raw_headers:
        return last
    return _read(message.raw_headers, message.headers)


def kept(head: Head) -> Head | None:
    """What a connection remembers of a head."""
    return head if head.size <= _MOST_BYTES else None


def _read(raw: Raw, headers: CIMultiDictProxy[str]) -> Head:
    values = b"".join([value for _, value in raw])
    is_ascii = values.isascii()
    if not is_ascii:
        headers = _readable(headers)
    return Head(
        raw,
        headers,
        is_ascii,
        len(values) + sum(len(name) for name, _ in raw),
        headers.get(hdrs.AUTHORIZATION, ""),
        headers.get("Audit-Id", ""),
        (
            headers.get(hdrs.ACCEPT, ""),
            headers.get(hdrs.USER_AGENT, ""),
            headers.get(hdrs.CONTENT_TYPE, ""),
        ),
        any(name.lower().startswith(_IMPERSONATE) for name in headers),
        of_headers(raw),
        waits_to_send(raw),
    )


def _readable(headers: CIMultiDictProxy[str]) -> CIMultiDictProxy[str]:
    """The headers with what is no UTF-8 in them replaced, as Go's documents replace it."""
    pairs = (
        (name, value.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
        for name, value in headers.items()
    )
    return CIMultiDictProxy(CIMultiDict(pairs))
