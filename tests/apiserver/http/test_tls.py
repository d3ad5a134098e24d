"""A session reads what has come, however it was cut, and tells an end from a pause."""

import ssl
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.apiserver.http.pki import generate
from orchestrator.apiserver.http.tls import context_of

_PKI = generate(1_700_000_000.0)
_SERVER = context_of(_PKI, _PKI.authority.certificate.decode(), lambda: _FAILED.append(1))
_CLIENT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_CLIENT.check_hostname, _CLIENT.verify_mode = False, ssl.CERT_NONE
_FAILED: list[int] = []


class _Pair:
    """Both ends of a connection; what the client sends is kept until `deliver`."""

    def __init__(self) -> None:
        self.incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        back, self.sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = _SERVER.wrap_bio(self.incoming, outgoing, server_side=True)
        self.client = _CLIENT.wrap_bio(back, self.sent)
        for _ in range(3):
            for end in (self.client, self.server):
                with suppress(ssl.SSLWantReadError):
                    end.do_handshake()
                self.incoming.write(self.sent.read())
                back.write(outgoing.read())

    def read(self, most: int) -> tuple[bytes, bool]:
        """What the server reads until it is told to wait, in pieces of `most` bytes, and whether that is the end."""
        found = b""
        try:
            while piece := self.server.read(most):
                found += piece
        except ssl.SSLWantReadError:
            return found, False
        return found, True


@given(
    st.lists(st.binary(min_size=1, max_size=20_000), max_size=4),
    st.lists(st.integers(1, 20_000), max_size=6),
    st.integers(1, 20_000),
)
@settings(max_examples=30)
def test_what_comes_is_read_whatever_the_pieces(
    texts: list[bytes], cuts: list[int], most: int
) -> None:
    pair = _Pair()
    for text in texts:
        pair.client.write(text)
    wire, found = pair.sent.read(), b""
    for cut in (*cuts, len(wire)):
        pair.incoming.write(wire[:cut])
        wire = wire[cut:]
        read, ended = pair.read(most)
        assert not ended
        found += read
    assert found == b"".join(texts)


def test_an_end_that_comes_with_the_last_bytes_is_heard() -> None:
    pair = _Pair()
    pair.client.write(b"the last")
    with pytest.raises(ssl.SSLWantReadError):
        pair.client.unwrap()
    pair.incoming.write(pair.sent.read())
    assert pair.read(4) == (b"the last", True)


def test_a_handshake_that_fails_is_told() -> None:
    incoming = ssl.MemoryBIO()
    session = _SERVER.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True)
    incoming.write(b"GET / HTTP/1.1\r\n\r\n")
    told = len(_FAILED)
    with pytest.raises(ssl.SSLError):
        session.do_handshake()
    assert len(_FAILED) == told + 1
