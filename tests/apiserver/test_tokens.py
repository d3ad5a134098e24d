"""Tokens of service accounts: what they say, and how long that is so."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from orchestrator.api.authentication.v1 import (
    BoundObjectReference,
    TokenRequest,
    TokenRequestSpec,
    TokenReview,
    TokenReviewSpec,
)
from orchestrator.api.core.v1 import Node, Pod, Secret, ServiceAccount
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.authentication import ISSUER, Tokens
from orchestrator.protocol import BadRequest, Conflict, Create, Forbidden, Invalid, NotFound
from tests.apiserver.harness import SOMEBODY, Api, meta, pod, refused

_TOKENS = Tokens()  # a key for all tests of this file: it takes its time to make


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """A server with an account, a pod of it on a node, and a secret."""
    async with Api(admission=(), tokens=_TOKENS) as server:
        await server.create(ServiceAccount(metadata=meta("sa")))
        await server.create(Node(metadata=ObjectMeta(name="n1")))
        await server.create(pod("p", service_account_name="sa", node_name="n1"))
        await server.create(pod("other", service_account_name="default"))
        await server.create(Secret(metadata=meta("s")))
        yield server


async def _request(api: Api, *, metadata: ObjectMeta | None = None, **spec: Any) -> TokenRequest:
    asked = TokenRequest(metadata=metadata or ObjectMeta(), spec=TokenRequestSpec(**spec))
    answer: TokenRequest = await api.ref.ask(
        Create(
            resource=api.resource(ServiceAccount),
            object=asked,
            namespace="default",
            name="sa",
            subresource="token",
        )
    )
    return answer


async def _token(api: Api, **spec: Any) -> str:
    answer = await _request(api, **spec)
    assert answer.status is not None
    return answer.status.token


async def _review(api: Api, token: str, *audiences: str) -> Any:
    spec = TokenReviewSpec(token=token, audiences=audiences)
    return (await api.create(TokenReview(spec=spec))).status


def _claims(token: str) -> Any:
    return _said(token.split(".")[1])


def _said(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


async def test_a_token_says_who_its_account_is(api: Api) -> None:
    """To a review, as user, groups and uid; and the request is answered with what it left out."""
    answer = await _request(api)
    assert answer.spec is not None
    assert answer.spec.audiences == (ISSUER,)
    assert answer.spec.expiration_seconds == 3600
    assert answer.metadata.name == "sa"
    assert answer.status is not None
    account = await api.get(ServiceAccount, "sa")
    assert list(_said(answer.status.token.split(".")[0])) == ["alg", "kid"]
    claims = _claims(answer.status.token)
    assert (claims["sub"], claims["iss"]) == ("system:serviceaccount:default:sa", ISSUER)
    assert claims["exp"] - claims["iat"] == 3600
    status = await _review(api, answer.status.token)
    assert status.authenticated
    assert status.user.username == "system:serviceaccount:default:sa"
    assert status.user.uid == account.metadata.uid
    assert status.user.groups == (
        "system:serviceaccounts",
        "system:serviceaccounts:default",
        "system:authenticated",
    )
    assert status.audiences == (ISSUER,)


async def test_a_token_ends_with_its_time(api: Api) -> None:
    """A minute of grace is for clocks that differ."""
    token = await _token(api, expiration_seconds=600)
    await api.settle(655)
    assert (await _review(api, token)).authenticated
    await api.settle(10)
    status = await _review(api, token)
    assert not status.authenticated
    assert status.error == "[invalid bearer token, service account token has expired]"


async def test_a_token_ends_with_its_account(api: Api) -> None:
    """Another account of that name does not bring it back."""
    token = await _token(api)
    await api.delete(ServiceAccount, "sa")
    status = await _review(api, token)
    assert status.error == '[invalid bearer token, serviceaccounts "sa" not found]'
    await api.create(ServiceAccount(metadata=meta("sa")))
    assert "does not match claim" in (await _review(api, token)).error


@pytest.mark.parametrize(("kind", "name"), [(Pod, "p"), (Node, "n1"), (Secret, "s")])
async def test_a_bound_token_ends_with_what_it_is_bound_to(
    api: Api, kind: type[Any], name: str
) -> None:
    """And says what that is."""
    bound = BoundObjectReference(api_version="v1", kind=kind.kind, name=name)
    token = await _token(api, bound_object_ref=bound)
    said = _claims(token)["kubernetes.io"]
    assert said[kind.kind.lower()]["name"] == name
    status = await _review(api, token)
    assert status.authenticated
    if kind is Pod:
        assert status.user.extra["authentication.kubernetes.io/pod-name"] == ("p",)
        assert status.user.extra["authentication.kubernetes.io/node-name"] == ("n1",)
    options = {"grace_period_seconds": 0} if kind is Pod else {}
    await api.delete(kind, name, **options)
    status = await _review(api, token)
    assert status.error == "[invalid bearer token, service account token has been invalidated]"


@pytest.mark.parametrize(
    ("error", "spec"),
    [
        (Invalid, {"expiration_seconds": 599}),
        (Invalid, {"expiration_seconds": 2**32 + 1}),
        (NotFound, {"bound_object_ref": BoundObjectReference(kind="Pod", name="none")}),
        (BadRequest, {"bound_object_ref": BoundObjectReference(kind="Pod", name="other")}),
        (BadRequest, {"bound_object_ref": BoundObjectReference(kind="ConfigMap", name="c")}),
        (Conflict, {"bound_object_ref": BoundObjectReference(kind="Pod", name="p", uid="7")}),
    ],
)
async def test_what_cannot_be_is_refused(
    api: Api, error: type[BadRequest], spec: dict[str, Any]
) -> None:
    """Too short and too long a time; a pod of another account; what is not there."""
    await refused(error, _request(api, **spec))


async def test_a_request_may_say_whose_token_it_wants(api: Api) -> None:
    """Another name is a fault of the request, another uid a conflict."""
    await refused(Invalid, _request(api, metadata=ObjectMeta(name="other")))
    await refused(Conflict, _request(api, metadata=ObjectMeta(uid="7")))


async def test_a_token_is_for_its_audiences(api: Api) -> None:
    """A review says for which of those it asked about."""
    token = await _token(api, audiences=("vault", "registry"))
    status = await _review(api, token)
    assert status.error == (
        '[invalid bearer token, token audiences ["vault" "registry"] is invalid for the target '
        f'audiences ["{ISSUER}"]]'
    )
    assert (await _review(api, token, "registry", "x")).audiences == ("registry",)


async def test_a_pods_token_holds_longer_than_it_says(api: Api) -> None:
    """For clients that do not read it again: a year, with a warning due after an hour."""
    bound = BoundObjectReference(kind="Pod", name="p")
    token = await _token(api, bound_object_ref=bound, expiration_seconds=3607)
    claims = _claims(token)
    assert claims["exp"] - claims["iat"] == 365 * 24 * 3600
    assert claims["kubernetes.io"]["warnafter"] - claims["iat"] == 3607


@pytest.mark.parametrize("change", ["signature", "claims", "words", "issuer"])
async def test_nobody_makes_tokens_but_the_server(api: Api, change: str) -> None:
    """Whoever changes one has none."""
    head, body, signature = (await _token(api)).split(".")
    claims = {**_claims(f"{head}.{body}.{signature}"), "sub": "system:admin"}
    if change == "issuer":
        claims["iss"] = "https://elsewhere.test"
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for token in {
        "signature": [f"{head}.{body}.{signature[:-8]}AAAAAAAA", f"{head}.{body}."],
        "claims": [f"{head}.{forged}.{signature}", f"{none}.{body}.", f"{none}.{forged}.x"],
        "words": ["nonsense", "a.b.c", "..", "\u00fc.\u00fc.\u00fc"],
        "issuer": [f"{head}.{forged}.{signature}"],
    }[change]:
        status = await _review(api, token)
        assert not status.authenticated
        assert "invalid bearer token" in status.error


async def test_tokens_outlive_the_servers_crash(api: Api) -> None:
    """The key is not the actor's."""
    token = await _token(api)
    await api.crash()
    assert (await _review(api, token)).authenticated


async def test_a_right_is_needed_for_both(api: Api) -> None:
    """To ask for a token, and to ask whose one is."""
    creation = Create(
        resource=api.resource(ServiceAccount),
        object=TokenRequest(),
        namespace="default",
        name="sa",
        subresource="token",
        identity=SOMEBODY,
    )
    await refused(Forbidden, api.ref.ask(creation))
    review = TokenReview(spec=TokenReviewSpec(token="x"))
    await refused(Forbidden, api.create(review, identity=SOMEBODY))
    await refused(BadRequest, api.create(TokenReview()))


async def test_a_client_sees_who_has_said_what_of_its_request(api: Api) -> None:
    """The answer owns what the client said and the default of how long, and not the audiences that it left out."""
    warnings: list[str] = []
    creation = Create(
        resource=api.resource(ServiceAccount),
        object=TokenRequest(),
        namespace="default",
        name="sa",
        subresource="token",
        field_manager="me",
        warn=warnings.append,
    )
    (entry,) = (await api.ref.ask(creation)).metadata.managed_fields
    assert (entry.manager, entry.operation, entry.subresource) == ("me", "Update", "token")
    assert entry.fields_v1 == {"f:spec": {"f:expirationSeconds": {}}}
