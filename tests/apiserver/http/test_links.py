"""Links of what is proxied lead through the proxy."""

import gzip
import zlib

import pytest

from orchestrator.apiserver.http.links import Links

LINKS = Links("/api/v1/p/proxy", ("kube.example:6443", "10.0.0.1:80"))


@pytest.mark.parametrize(
    ("link", "through"),
    [
        ("/a?b=c#d", "/api/v1/p/proxy/a?b=c#d"),
        ("/api/v1/p/proxy/a", "/api/v1/p/proxy/a"),
        ("http://10.0.0.1:80/a", "/api/v1/p/proxy/a"),
        ("https://kube.example:6443/a", "/api/v1/p/proxy/a"),
        ("https://other.example/a", "https://other.example/a"),
        ("a/b", "a/b"),
        ("#top", "#top"),
        ("//[", "//["),
    ],
)
def test_absolute_paths_of_the_same_server_change(link: str, through: str) -> None:
    """Whatever it is called; all others stay as they are."""
    assert LINKS.through(link) == through


PAGE = b"""<!DOCTYPE html>
<p title="/p">&amp;\xff <a class=x href='/a?x=1&amp;y=2'>/a</a>
<img src="b.png"/><IMG SRC="/c.png" alt="&lt;">
<script>"<a href='/d'>"</script>
"""
CHANGED = (
    PAGE.replace(
        b"<a class=x href='/a?x=1&amp;y=2'>",
        b'<a class="x" href="/api/v1/p/proxy/a?x=1&amp;y=2">',
    )
).replace(b'<IMG SRC="/c.png" alt="&lt;">', b'<img src="/api/v1/p/proxy/c.png" alt="&lt;">')


def test_tags_with_links_are_written_anew() -> None:
    """And nothing else of a page: no other tag, no script, no byte that is no text."""
    assert LINKS.in_page(PAGE, "") == CHANGED


def test_packed_pages_are_packed_again() -> None:
    """With gzip or deflate; what nobody here can unpack is left alone."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = packer.compress(PAGE) + packer.flush()
    assert gzip.decompress(LINKS.in_page(gzip.compress(PAGE), "gzip")) == CHANGED
    assert zlib.decompress(LINKS.in_page(deflated, "deflate"), wbits=-zlib.MAX_WBITS) == CHANGED
    assert LINKS.in_page(PAGE, "br") == PAGE
