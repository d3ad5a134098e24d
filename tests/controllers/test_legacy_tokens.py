"""Tokens in Secrets that nobody uses: noted down, marked, refused, and deleted."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import Cluster
from orchestrator.api.authentication.v1 import TokenReview, TokenReviewSpec, TokenReviewStatus
from orchestrator.api.core.v1 import (
    ConfigMap,
    Container,
    ObjectReference,
    Pod,
    PodSpec,
    Secret,
    SecretVolumeSource,
    ServiceAccount,
    Volume,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.controllers import legacy_tokens
from orchestrator.machinery.legacy_tokens import (
    ACCOUNT_NAME,
    INVALID_SINCE,
    LAST_USED,
    TRACKING,
    TYPE,
    day_after,
    day_of,
    start_of,
)
from orchestrator.protocol import NotFound

_DAY = 86_400.0
_YEAR = 10 * _DAY


pytestmark = pytest.mark.cluster(
    nodes=0,
    heartbeats="computed",
    controllers=["*", "legacy-token-tracking", "legacy-serviceaccount-token-cleaner"],
)


@pytest.fixture(autouse=True)
def _short_years(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten days."""
    monkeypatch.setattr(legacy_tokens, "PERIOD_SECONDS", _YEAR)


async def _make(cluster: Cluster) -> None:
    """An account that lists one Secret of two."""
    reference = ObjectReference(name="listed")
    metadata = ObjectMeta(name="sa", namespace="default")
    await cluster.client.create(ServiceAccount(metadata=metadata, secrets=(reference,)))
    for name in ("listed", "made"):
        metadata = ObjectMeta(name=name, namespace="default", annotations={ACCOUNT_NAME: "sa"})
        await cluster.client.create(Secret(metadata=metadata, type=TYPE))
    await cluster.clock.sleep(1)


async def _secret(cluster: Cluster, name: str = "listed") -> Secret:
    return await cluster.client.get(Secret, name)


async def _review(cluster: Cluster, name: str = "listed") -> TokenReviewStatus:
    token = base64.b64decode((await _secret(cluster, name)).data["token"]).decode()
    review = await cluster.client.create(TokenReview(spec=TokenReviewSpec(token=token)))
    assert review.status is not None
    return review.status


async def test_an_unused_one_is_marked_and_a_year_later_deleted(cluster: Cluster) -> None:
    """Only that which its account lists: the other was made by somebody."""
    await _make(cluster)
    await cluster.clock.sleep(_YEAR)
    assert INVALID_SINCE not in (await _secret(cluster)).metadata.labels
    await cluster.clock.sleep(3 * _DAY)
    assert start_of((await _secret(cluster)).metadata.labels[INVALID_SINCE]) is not None
    await cluster.clock.sleep(_YEAR - 2 * _DAY)
    await _secret(cluster)
    await cluster.clock.sleep(4 * _DAY)
    with pytest.raises(NotFound):
        await _secret(cluster)
    assert INVALID_SINCE not in (await _secret(cluster, "made")).metadata.labels


async def test_the_day_of_its_use_is_noted_and_keeps_it(cluster: Cluster) -> None:
    """Once a day, and a marked one is refused in Kubernetes' words until the mark is taken away."""
    await _make(cluster)
    assert (await _review(cluster)).authenticated
    await cluster.clock.sleep(1)
    used = await _secret(cluster)
    assert used.metadata.labels == {LAST_USED: day_of(cluster.clock.now())}
    assert (await _review(cluster)).authenticated
    await cluster.clock.sleep(1)
    assert (await _secret(cluster)).metadata.resource_version == used.metadata.resource_version
    await cluster.clock.sleep(6 * _DAY)
    await _review(cluster)
    await cluster.clock.sleep(6 * _DAY)
    assert INVALID_SINCE not in (await _secret(cluster)).metadata.labels
    mark = {"metadata": {"labels": {INVALID_SINCE: "2026-01-01"}}}
    await cluster.client.patch(Secret, "listed", mark)
    status = await _review(cluster)
    assert not status.authenticated
    assert status.error == (
        "[invalid bearer token, the token in secret default/listed for service account default/sa has been "
        "marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove "
        "the 'kubernetes.io/legacy-token-invalid-since' label from the secret to temporarily allow use of this token]"
    )
    await cluster.client.patch(Secret, "listed", {"metadata": {"labels": {INVALID_SINCE: None}}})
    assert (await _review(cluster)).authenticated


async def test_one_that_a_pod_mounts_stays(cluster: Cluster) -> None:
    """Its containers read it as a file, of which the server hears nothing."""
    await _make(cluster)
    source = SecretVolumeSource(secret_name="listed")
    spec = PodSpec(
        containers=(Container(name="c", image="i"),), volumes=(Volume(name="v", secret=source),)
    )
    await cluster.client.create(Pod(metadata=ObjectMeta(name="p", namespace="default"), spec=spec))
    await cluster.clock.sleep(_YEAR + 4 * _DAY)
    assert INVALID_SINCE not in (await _secret(cluster)).metadata.labels


async def test_since_when_is_kept(cluster: Cluster) -> None:
    """Made again half an hour after it was made at the earliest, and a text that is no day is put right."""
    client = cluster.client

    async def since() -> str:
        return (await client.get(ConfigMap, TRACKING, namespace="kube-system")).data["since"]

    today = day_of(cluster.clock.now())
    assert await since() == today
    await client.patch(ConfigMap, TRACKING, {"data": {"since": "?"}}, namespace="kube-system")
    await cluster.clock.sleep(1)
    assert await since() == today
    await client.delete(ConfigMap, TRACKING, namespace="kube-system")
    await cluster.clock.sleep(600)
    with pytest.raises(NotFound):
        await since()
    await cluster.clock.sleep(1300)
    assert start_of(await since()) is not None


@given(st.floats(min_value=0, max_value=4e9))
def test_days_are_in_order(now: float) -> None:
    """A day begins at the latest now, the next one after now."""
    begins, ends = start_of(day_of(now)), start_of(day_after(now))
    assert begins is not None
    assert ends is not None
    assert begins <= now < ends == begins + _DAY
    assert day_of(now) < day_after(now)


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13-01", "2026-1-1", "20261128", "2026-11-28T00"]
)
def test_what_is_no_day(text: str) -> None:
    """Is none, whatever Python would read."""
    assert start_of(text) is None
