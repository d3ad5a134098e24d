"""Links of what is proxied: those to the same server lead through the proxy, too.

Redirects, and what links there are in pages of HTML (packed with gzip or deflate as well), as Kubernetes' proxy does it.
Pages of another encoding are left alone.
"""

import gzip
import zlib
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

_HREF: Final = frozenset(("href",))
_SRC: Final = frozenset(("src",))
_CITE: Final = frozenset(("cite",))
_FRAME: Final = frozenset(("longdesc", "src"))
# The attributes of each element that are links.
_LINKS: Final = {
    "a": _HREF,
    "applet": frozenset(("codebase",)),
    "area": _HREF,
    "audio": _SRC,
    "base": _HREF,
    "blockquote": _CITE,
    "body": frozenset(("background",)),
    "button": frozenset(("formaction",)),
    "command": frozenset(("icon",)),
    "del": _CITE,
    "embed": _SRC,
    "form": frozenset(("action",)),
    "frame": _FRAME,
    "head": frozenset(("profile",)),
    "html": frozenset(("manifest",)),
    "iframe": _FRAME,
    "img": frozenset(("longdesc", "src", "usemap")),
    "input": frozenset(("src", "formaction", "usemap")),
    "ins": _CITE,
    "link": _HREF,
    "object": frozenset(("classid", "codebase", "data", "usemap")),
    "q": _CITE,
    "script": _SRC,
    "source": _SRC,
    "track": _SRC,
    "video": frozenset(("poster", "src")),
}


class Links(Struct, frozen=True):
    """How links change on their way through a proxy at `prefix`.

    `hosts` are the names by which the server is known: as the client calls it, and its address.
    """

    prefix: str
    hosts: tuple[str, ...]

    def through(self, link: str) -> str:
        """The link, through the proxy if it is an absolute path of the same server."""
        try:
            parts = urlsplit(link)
        except ValueError:
            return link
        if parts.netloc not in ("", *self.hosts) or not parts.path.startswith("/"):
            return link
        path = parts.path if parts.path.startswith(self.prefix) else self.prefix + parts.path
        return urlunsplit(("", "", path, parts.query, parts.fragment))

    def in_page(self, page: bytes, encoding: str) -> bytes:
        """A page of HTML with its links changed. Raises OSError or zlib.error for one that is not of its encoding."""
        if encoding == "gzip":
            return gzip.compress(self._in_text(gzip.decompress(page)), mtime=0)
        if encoding == "deflate":
            packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
            changed = self._in_text(zlib.decompress(page, wbits=-zlib.MAX_WBITS))
            return packer.compress(changed) + packer.flush()
        return page if encoding else self._in_text(page)

    def _in_text(self, page: bytes) -> bytes:
        text = page.decode(errors="surrogateescape")
        return "".join(_changed(text, self)).encode(errors="surrogateescape")


def _changed(text: str, links: Links) -> Iterator[str]:
    """The pieces of a page: tags with links are written anew, all else stays as it is."""
    finder = _Tags(links)
    finder.feed(text)
    finder.close()
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    done = 0
    for (line_number, column), raw, tag in finder.found:
        at = starts[line_number - 1] + column
        yield text[done:at]
        yield tag
        done = at + len(raw)
    yield text[done:]


class _Tags(HTMLParser):
    """Finds the tags whose links change: where they are, how they are written, and how they are to be."""

    def __init__(self, links: Links) -> None:
        super().__init__(convert_charrefs=False)
        self._links = links
        self.found: list[tuple[tuple[int, int], str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An opening tag."""
        self._note(tag, attrs, "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One that closes itself."""
        self._note(tag, attrs, "/")

    def _note(self, tag: str, attrs: list[tuple[str, str | None]], end: str) -> None:
        names = _LINKS.get(tag, frozenset())
        changed = [
            (name, self._links.through(value) if value and name in names else value or "")
            for name, value in attrs
        ]
        if changed != [(name, value or "") for name, value in attrs]:
            written = "".join(f' {name}="{escape(value)}"' for name, value in changed)
            self.found.append(
                (self.getpos(), self.get_starttag_text() or "", f"<{tag}{written}{end}>")
            )
