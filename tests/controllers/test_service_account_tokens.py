"""Secrets with tokens of service accounts."""

import base64

from orchestrator import Cluster
from orchestrator.api.authentication.v1 import TokenReview, TokenReviewSpec
from orchestrator.api.core.v1 import Secret, ServiceAccount
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.controllers.service_account_tokens import NAME, TYPE, UID


async def _account(cluster: Cluster, name: str) -> ServiceAccount:
    metadata = ObjectMeta(name=name, namespace="default")
    return await cluster.client.create(ServiceAccount(metadata=metadata))


async def _secret(cluster: Cluster, name: str, account: str) -> None:
    metadata = ObjectMeta(name=name, namespace="default", annotations={NAME: account})
    await cluster.client.create(Secret(metadata=metadata, type=TYPE))


async def _tokens(cluster: Cluster) -> dict[str, Secret]:
    found = await cluster.client.list(Secret, namespace="default")
    return {each.metadata.name: each for each in found}


async def _user(cluster: Cluster, token: str) -> str:
    """Whose token it is, as the API server says; empty: nobody's."""
    review = await cluster.client.create(TokenReview(spec=TokenReviewSpec(token=token)))
    user = review.status.user if review.status is not None else None
    return (user.username or "") if user is not None else ""


async def test_a_secret_gets_a_token_of_the_account_that_it_names(cluster: Cluster) -> None:
    """Which is worth something as long as the Secret is there."""
    account = await _account(cluster, "robot")
    await _secret(cluster, "robot-token", "robot")
    await cluster.clock.sleep(2)
    secret = (await _tokens(cluster))["robot-token"]
    assert secret.metadata.annotations == {NAME: "robot", UID: account.metadata.uid}
    assert base64.b64decode(secret.data["namespace"]) == b"default"
    token = base64.b64decode(secret.data["token"]).decode()
    assert await _user(cluster, token) == "system:serviceaccount:default:robot"
    await cluster.client.delete(Secret, "robot-token", namespace="default")
    assert await _user(cluster, token) == ""


async def test_tokens_go_with_their_account(cluster: Cluster) -> None:
    """And one of an account that never was goes at once."""
    await _account(cluster, "robot")
    await _secret(cluster, "robot-token", "robot")
    await _secret(cluster, "nobody", "none")
    await cluster.clock.sleep(2)
    assert list(await _tokens(cluster)) == ["robot-token"]
    await cluster.client.delete(ServiceAccount, "robot", namespace="default")
    await cluster.clock.sleep(2)
    assert await _tokens(cluster) == {}


async def test_a_token_that_somebody_takes_out_comes_again(cluster: Cluster) -> None:
    """As a new one."""
    await _account(cluster, "robot")
    await _secret(cluster, "robot-token", "robot")
    await cluster.clock.sleep(2)
    before = (await _tokens(cluster))["robot-token"].data["token"]
    body = {"data": {"token": None}}
    await cluster.client.patch(Secret, "robot-token", body, namespace="default")
    await cluster.clock.sleep(2)
    after = (await _tokens(cluster))["robot-token"].data["token"]
    assert after not in ("", before)
