"""Secrets that hold tokens."""

import base64

import pytest

from orchestrator import Cluster
from orchestrator.api.authentication.v1 import TokenReview, TokenReviewSpec
from orchestrator.api.core.v1 import Secret, ServiceAccount
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.machinery.legacy_tokens import TYPE
from orchestrator.protocol import NotFound


async def _make(cluster: Cluster, account: str) -> None:
    annotations = {"kubernetes.io/service-account.name": account}
    metadata = ObjectMeta(name="t", namespace="default", annotations=annotations)
    await cluster.client.create(Secret(metadata=metadata, type=TYPE))
    await cluster.clock.sleep(1)


async def test_such_a_secret_gets_a_token_of_its_account(cluster: Cluster) -> None:
    """By which one is the account, until the Secret is gone."""
    account = ServiceAccount(metadata=ObjectMeta(name="sa", namespace="default"))
    account = await cluster.client.create(account)
    await _make(cluster, "sa")
    secret = await cluster.client.get(Secret, "t")
    uid = secret.metadata.annotations["kubernetes.io/service-account.uid"]
    assert uid == account.metadata.uid
    assert base64.b64decode(secret.data["namespace"]) == b"default"
    token = base64.b64decode(secret.data["token"]).decode()
    review = TokenReview(spec=TokenReviewSpec(token=token))
    found = (await cluster.client.create(review)).status
    assert found is not None
    assert found.user is not None
    assert found.user.username == "system:serviceaccount:default:sa"
    await cluster.client.delete(Secret, "t")
    again = (await cluster.client.create(review)).status
    assert again is not None
    assert not again.authenticated


async def test_such_a_secret_goes_with_its_account(cluster: Cluster) -> None:
    """And does not stay where there is none."""
    await _make(cluster, "none")
    with pytest.raises(NotFound):
        await cluster.client.get(Secret, "t")
    await cluster.client.create(ServiceAccount(metadata=ObjectMeta(name="sa", namespace="default")))
    await _make(cluster, "sa")
    await cluster.client.delete(ServiceAccount, "sa")
    await cluster.clock.sleep(1)
    with pytest.raises(NotFound):
        await cluster.client.get(Secret, "t")
