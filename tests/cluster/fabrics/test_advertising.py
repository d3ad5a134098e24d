"""Where pods find the API server."""

import pytest

from orchestrator.cluster.fabrics.loopback import LoopbackFabric


class _Log:
    def warning(self, event: str, **keys: object) -> None:
        raise AssertionError(f"{event}: {keys}")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("127.0.0.9", "127.0.0.9"),
        ("::1", None),
    ],
)
async def test_a_server_is_found_at_its_ipv4_address(host: str, address: str | None) -> None:
    """Whatever it is called; a server without one is not found."""
    fabric = LoopbackFabric(_Log())
    try:
        assert fabric.advertised(host, 6443) == address
    finally:
        fabric.close()


async def test_two_clusters_have_blocks_of_their_own() -> None:
    """What one gives back another may have."""
    one, other = LoopbackFabric(_Log()), LoopbackFabric(_Log())
    assert not one.service_network.overlaps(other.service_network)
    one.close()
    other.close()
