"""Both ends of SPDY, one against the other."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery.spdy import Spdy, Stream

_HEADERS = st.dictionaries(
    st.text("abcdefghij-", min_size=1), st.text(st.characters(max_codepoint=255)), max_size=3
)


class _Ends:
    """A client and a server, what they have sent one another, and what streams the server was opened."""

    def __init__(self) -> None:
        self.to_server, self.to_client = bytearray(), bytearray()
        self.opened: list[Stream] = []
        self.client = Spdy(self._send_to_server)
        self.server = Spdy(self._send_to_client, self._note)

    async def _send_to_server(self, data: bytes) -> None:
        self.to_server.extend(data)

    async def _send_to_client(self, data: bytes) -> None:
        self.to_client.extend(data)

    async def _note(self, stream: Stream) -> None:
        self.opened.append(stream)


@given(st.lists(st.tuples(_HEADERS, st.binary(max_size=40_000)), max_size=4), st.integers(1, 9999))
def test_what_a_client_opens_and_writes_arrives_in_pieces_of_any_size(
    streams: list[tuple[dict[str, str], bytes]], piece: int
) -> None:
    """Headers and bytes are those that were sent, and a stream's end is its end."""

    async def play() -> None:
        ends = _Ends()
        client, server = ends.client, ends.server
        for headers, data in streams:
            stream = await client.open(headers)
            await client.write(stream, data, fin=True)
        for at in range(0, len(ends.to_server), piece):
            await server.received(bytes(ends.to_server[at : at + piece]))
        assert [stream.headers for stream in ends.opened] == [headers for headers, _ in streams]
        for stream, (_, data) in zip(ends.opened, streams, strict=True):
            found = bytearray()
            while (more := await stream.received.get()) is not None:
                found += more
            assert found == data
            await server.write(stream, data, fin=True)
        await client.received(bytes(ends.to_client))

    asyncio.run(play())


def test_a_server_answers_into_the_streams_of_its_client() -> None:
    """Headers that answer keep both in step."""

    async def play() -> None:
        ends = _Ends()
        client, server = ends.client, ends.server
        mine = [await client.open({"streamtype": kind}) for kind in ("stdout", "error")]
        await server.received(bytes(ends.to_server))
        await server.write(ends.opened[1], b"last", fin=True)
        await server.write(ends.opened[0], b"first")
        await client.received(bytes(ends.to_client))
        assert await mine[0].received.get() == b"first"
        assert await mine[1].received.get() == b"last"
        assert await mine[1].received.get() is None

    asyncio.run(play())
