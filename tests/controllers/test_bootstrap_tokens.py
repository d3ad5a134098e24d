"""Bootstrap tokens go when they expire, sign what newcomers read, and let them in."""

import base64

import pytest

from orchestrator import Cluster
from orchestrator.api.authentication.v1 import TokenReview, TokenReviewSpec, TokenReviewStatus
from orchestrator.api.core.v1 import ConfigMap, Secret
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.machinery.bootstrap_tokens import TYPE, detached_signature, expires_at
from orchestrator.machinery.times import format_time

_KEY = "0123456789abcdef"


def _token(name: str, **data: str) -> Secret:
    marks = {key.replace("_", "-"): text for key, text in data.items()}
    said = {"token-id": name, "token-secret": _KEY, **marks}
    return Secret(
        metadata=ObjectMeta(name=f"bootstrap-token-{name}", namespace="kube-system"),
        data={key: base64.b64encode(text.encode()).decode() for key, text in said.items()},
        type=TYPE,
    )


async def _left(cluster: Cluster) -> list[str]:
    found = await cluster.client.list(Secret, namespace="kube-system")
    return [each.metadata.name for each in found if each.type == TYPE]


async def _who(cluster: Cluster, token: str) -> TokenReviewStatus:
    review = await cluster.client.create(TokenReview(spec=TokenReviewSpec(token=token)))
    assert review.status is not None
    return review.status


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


async def test_cluster_info_is_signed_for_each_token_that_may_sign(cluster: Cluster) -> None:
    """As long as the token is there; the content's change makes another signature."""
    metadata = ObjectMeta(name="cluster-info", namespace="kube-public")
    info = ConfigMap(metadata=metadata, data={"kubeconfig": "one", "jws-kubeconfig-zzzzzz": "old"})
    await cluster.client.create(info)
    await cluster.client.create(_token("aaaaaa", usage_bootstrap_signing="true"))
    await cluster.client.create(_token("bbbbbb"))
    await cluster.clock.sleep(1)

    async def data() -> dict[str, str]:
        return dict(
            (await cluster.client.get(ConfigMap, "cluster-info", namespace="kube-public")).data
        )

    signed = detached_signature("one", "aaaaaa", _KEY)
    assert await data() == {"kubeconfig": "one", "jws-kubeconfig-aaaaaa": signed}
    await cluster.client.patch(
        ConfigMap, "cluster-info", {"data": {"kubeconfig": "two"}}, namespace="kube-public"
    )
    await cluster.clock.sleep(1)
    assert (await data())["jws-kubeconfig-aaaaaa"] == detached_signature("two", "aaaaaa", _KEY)
    await cluster.client.delete(Secret, "bootstrap-token-aaaaaa", namespace="kube-system")
    await cluster.clock.sleep(1)
    assert await data() == {"kubeconfig": "two"}


def test_a_signature_is_the_one_of_jose() -> None:
    """The value of Kubernetes' own test of it."""
    assert detached_signature(
        "Hello from the other side. I must have called a thousand times.",
        "joshua",
        "my voice is my passcode",
    ) == ("eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8")


async def test_a_token_lets_a_newcomer_in(cluster: Cluster) -> None:
    """In the groups that it names, if it is for that, is right, and has not expired."""
    for_nodes = {"usage_bootstrap_authentication": "true"}
    extra = "system:bootstrappers:workers"
    await cluster.client.create(_token("aaaaaa", auth_extra_groups=extra, **for_nodes))
    await cluster.client.create(_token("bbbbbb"))
    await cluster.client.create(_token("cccccc", auth_extra_groups="system:masters", **for_nodes))
    found = await _who(cluster, f"aaaaaa.{_KEY}")
    assert found.authenticated
    assert found.user is not None
    assert found.user.username == "system:bootstrap:aaaaaa"
    assert found.user.groups == ("system:bootstrappers", extra, "system:authenticated")
    for wrong in (f"aaaaaa.{_KEY[::-1]}", f"bbbbbb.{_KEY}", f"cccccc.{_KEY}", f"dddddd.{_KEY}"):
        assert not (await _who(cluster, wrong)).authenticated, wrong
