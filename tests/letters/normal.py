"""What differs between two servers that answer alike: ids, moments, revisions, addresses, ages."""

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

Answer: TypeAlias = tuple[int, list[list[str]], str]

_ALIKE: Final = (
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"), "TIME"),
    (re.compile(r'("resourceVersion": ?)"\d+"'), r'\1"REVISION"'),
    (re.compile(r'(\bresourceVersion: )"\d+"'), r'\1"REVISION"'),
    (re.compile(r'(resourceVersion\\+":\\+")\d+'), r"\1REVISION"),
    (re.compile(r"kube-api-access-\w{5}"), "kube-api-access-RANDOM"),
    (re.compile(r'"\d+[smhdy](?:\d+[smhd])?"'), '"AGE"'),
)
# The others say when, by which library, or what this request is called.
_TOLD: Final = frozenset(
    (
        "Allow",
        "Cache-Control",
        "Content-Encoding",
        "Content-Type",
        "Retry-After",
        "Transfer-Encoding",
        "Vary",
        "Warning",
        "X-Content-Type-Options",
    )
)


def normal(status: int, headers: Iterable[tuple[str, str]], body: bytes, server: str) -> Answer:
    """An answer of the server at an address, `host:port`, without what is its own."""
    text = body.decode("latin-1").replace(server, "SERVER")
    for pattern, word in _ALIKE:
        text = pattern.sub(word, text)
    told = sorted([name, value] for name, value in headers if name in _TOLD)
    return status, told, text
