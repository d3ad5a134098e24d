"""Both ends of SPDY, one against the other."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery.spdy import Spdy, Stream

_HEADERS = st.dictionaries(
    st.text("abcdefghij-", min_size=1), st.text(st.characters(max_codepoint=255)), max_size=3
)


@given(st.lists(st.tuples(_HEADERS, st.binary(max_size=40_000)), max_size=4), st.integers(1, 9999))
def test_what_a_client_opens_and_writes_arrives_in_pieces_of_any_size(
    streams: list[tuple[dict[str, str], bytes]], piece: int
) -> None:
    """Headers and bytes are those that were sent, and a stream's end is its end."""

    async def play() -> None:
        to_server, to_client = bytearray(), bytearray()
        opened: list[Stream] = []

        async def send_to_server(data: bytes) -> None:
            to_server.extend(data)

        async def send_to_client(data: bytes) -> None:
            to_client.extend(data)

        async def note(stream: Stream) -> None:
            opened.append(stream)

        client, server = Spdy(send_to_server), Spdy(send_to_client, note)
        for headers, data in streams:
            stream = await client.open(headers)
            await client.write(stream, data, fin=True)
        for at in range(0, len(to_server), piece):
            await server.received(bytes(to_server[at : at + piece]))
        assert [stream.headers for stream in opened] == [headers for headers, _ in streams]
        for stream, (_, data) in zip(opened, streams, strict=True):
            found = bytearray()
            while (more := await stream.received.get()) is not None:
                found += more
            assert found == data
            await server.write(stream, data, fin=True)
        await client.received(bytes(to_client))

    asyncio.run(play())


def test_a_server_answers_into_the_streams_of_its_client() -> None:
    """Headers that answer keep both in step."""

    async def play() -> None:
        to_server, to_client = bytearray(), bytearray()
        opened: list[Stream] = []

        async def send_to_server(data: bytes) -> None:
            to_server.extend(data)

        async def send_to_client(data: bytes) -> None:
            to_client.extend(data)

        async def note(stream: Stream) -> None:
            opened.append(stream)

        client, server = Spdy(send_to_server), Spdy(send_to_client, note)
        mine = [await client.open({"streamtype": kind}) for kind in ("stdout", "error")]
        await server.received(bytes(to_server))
        await server.write(opened[1], b"last", fin=True)
        await server.write(opened[0], b"first")
        await client.received(bytes(to_client))
        assert await mine[0].received.get() == b"first"
        assert await mine[1].received.get() == b"last"
        assert await mine[1].received.get() is None

    asyncio.run(play())
