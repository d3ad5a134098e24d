"""What a request may name by Go's `net/url`: an absolute URI, or an absolute path; nothing is a fragment there."""

import re
from typing import Final
from urllib.parse import unquote

from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.strict_addresses import address_fault

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL)
_USER: Final = re.compile(r"[\w.:~!$&'()*+,;=%@-]*", re.ASCII)
_PORT: Final = re.compile(r"(?::[0-9]*)?", re.ASCII)
_IN_HOSTS: Final = r"""\w\-.~!$&'()*+,;=:\[\]<>"\x80-\U0010ffff"""
# Escapes in a host, and what cannot stand there.
_MARKS: Final = re.compile(rf"%.{{0,2}}|[^%{_IN_HOSTS}]", re.DOTALL | re.ASCII)
_BARE: Final = re.compile(rf"[{_IN_HOSTS}% ]", re.ASCII)
_STRICT: Final = frozenset({"http", "https"})
_ASCII: Final = 0x80


def uri_fault(text: str) -> str:
    """Why a text is none; "" if it is one."""
    if _CONTROL.search(text):
        return "net/url: invalid control character in URL"
    if not text:
        return "empty url"
    if text == "*":
        return ""
    if text.startswith(":"):
        return "missing protocol scheme"
    found = _SCHEME.match(text)
    path = (text[found.end() :] if found else text).partition("?")[0]
    if not path.startswith("/"):
        return "" if found else "invalid URI for request"
    if found and path.startswith("//"):
        authority, slash, path = path[2:].partition("/")
        if fault := _authority_fault(found[1].lower(), authority):
            return fault
        path = slash + path
    return _escape_fault(path)


def _escape_fault(text: str) -> str:
    bad = _BAD_ESCAPE.search(text)
    return f"invalid URL escape {quote(bad[0])}" if bad else ""


def _authority_fault(scheme: str, text: str) -> str:
    user, _, host = text.rpartition("@")
    if fault := _host_fault(scheme, host):
        return fault
    if not _USER.fullmatch(user):
        return "net/url: invalid userinfo"
    name, _, password = user.partition(":")
    return _escape_fault(name) or _escape_fault(password)


def _host_fault(scheme: str, host: str) -> str:
    opened = host.rfind("[")
    if opened > 0:
        return "invalid IP-literal"
    if opened == 0:
        return _literal_fault(host[1:])
    _, colon, port = host.partition(":") if scheme in _STRICT else host.rpartition(":")
    if colon and not _PORT.fullmatch(colon + port):
        return f"invalid port {quote(colon + port)} after host"
    return _part_fault(host)


def _literal_fault(text: str) -> str:
    """Of an IPv6 address, perhaps with a zone behind `%25`, before its bracket, and a port."""
    inside, bracket, port = text.rpartition("]")
    if not bracket:
        return "missing ']' in host"
    if not _PORT.fullmatch(port):
        return f"invalid port {quote(port)} after host"
    address, percent, zone = inside.partition("%25")
    if fault := _part_fault(address) or _part_fault(percent + zone, is_zone=True):
        return fault
    read = unquote(inside)
    if fault := address_fault(read):
        return f"invalid host: {fault}"
    return "" if ":" in read else "invalid IP-literal"


def _part_fault(text: str, *, is_zone: bool = False) -> str:
    """Of a part of a host. There only what is no ASCII is escaped; in a zone what may stand bare, and spaces."""
    for found in _MARKS.finditer(text):
        mark = found[0]
        if mark[0] != "%":
            return f"invalid character {quote(mark)} in host name"
        if fault := _escape_fault(mark):
            return fault
        byte = int(mark[1:], 16)
        fits = byte < _ASCII and _BARE.match(chr(byte)) if is_zone else byte >= _ASCII
        if not fits and mark != "%25":
            return f"invalid URL escape {quote(mark)}"
    return ""
