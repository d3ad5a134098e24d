"""Bootstrap tokens go when they expire."""

import base64

import pytest

from orchestrator import Cluster
from orchestrator.api.core.v1 import Secret
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.controllers.bootstrap_tokens import TYPE, expires_at
from orchestrator.machinery.times import format_time


def _token(name: str, **data: str) -> Secret:
    said = {"token-id": name, "token-secret": "0123456789abcdef", **data}
    return Secret(
        metadata=ObjectMeta(name=f"bootstrap-token-{name}", namespace="kube-system"),
        data={key: base64.b64encode(text.encode()).decode() for key, text in said.items()},
        type=TYPE,
    )


async def _left(cluster: Cluster) -> list[str]:
    found = await cluster.client.list(Secret, namespace="kube-system")
    return [each.metadata.name for each in found if each.type == TYPE]


async def test_a_token_goes_when_it_expires(cluster: Cluster) -> None:
    """Not before, and one without an end stays."""
    soon = format_time(cluster.clock.now() + 3600)
    await cluster.client.create(_token("aaaaaa", expiration=soon))
    await cluster.client.create(_token("bbbbbb"))
    await cluster.clock.sleep(3500)
    assert await _left(cluster) == ["bootstrap-token-aaaaaa", "bootstrap-token-bbbbbb"]
    await cluster.clock.sleep(200)
    assert await _left(cluster) == ["bootstrap-token-bbbbbb"]


async def test_a_longer_life_counts_from_when_it_is_given(cluster: Cluster) -> None:
    """The Secret is looked at again when it changes."""
    soon = format_time(cluster.clock.now() + 60)
    await cluster.client.create(_token("aaaaaa", expiration=soon))
    later = format_time(cluster.clock.now() + 600)
    await cluster.client.update(_token("aaaaaa", expiration=later))
    await cluster.clock.sleep(300)
    assert await _left(cluster) == ["bootstrap-token-aaaaaa"]
    await cluster.clock.sleep(400)
    assert await _left(cluster) == []


@pytest.mark.parametrize(
    ("text", "expected"), [("2024-01-01T00:00:00Z", 1704067200.0), ("soon", 0.0)]
)
def test_what_cannot_be_read_has_expired(text: str, expected: float) -> None:
    """Rather than to stay for good."""
    assert expires_at(_token("aaaaaa", expiration=text)) == expected
