"""Users whom others know: an issuer of OpenID Connect, a service that reviews tokens, a file."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

from orchestrator import Cluster
from orchestrator.apiserver.authentication import ISSUER
from orchestrator.apiserver.http import pki
from orchestrator.apiserver.http.oidc import OidcAuthenticator, OidcSettings
from orchestrator.apiserver.http.token_file import TokenFileError, read_token_file
from orchestrator.apiserver.peers import Peer
from orchestrator.protocol import MASTERS, Identity
from tests.apiserver.http.conftest import Caller, caller

_WHOAMI = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
_KEY = RSAKey.generate_key(2048, private=True)
_KEY.ensure_kid()


@asynccontextmanager
async def _served(
    certificates: pki.Pki, tmp_path: Path, *routes: web.RouteDef
) -> AsyncIterator[str]:
    """An HTTPS server of these routes; answers its URL."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = tmp_path / "elsewhere.pem"
    file.write_bytes(certificates.server.certificate + certificates.server.key)
    context.load_cert_chain(file)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _stranger(tmp_path: Path, **options: Any) -> AsyncIterator[tuple[Caller, Cluster]]:
    """Somebody without a certificate, at a cluster whose front has these options."""
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve(**options)
        async with caller(front, None, tmp_path) as call:
            yield call, cluster


async def _who(call: Caller, token: str) -> Any:
    code, answer = await call("POST", _WHOAMI, {}, Authorization=f"Bearer {token}")
    return answer["status"]["userInfo"] if code == 201 else code


def _signed(claims: Mapping[str, Any], key: RSAKey = _KEY) -> str:
    return jwt.encode({"alg": "RS256", "kid": _KEY.kid}, dict(claims), key)


async def test_an_issuer_elsewhere_says_who_its_users_are(tmp_path: Path) -> None:
    """By the claims that are named, with prefixes; for this client, in time, signed by its keys."""
    asked: list[str] = []

    async def configuration(request: web.Request) -> web.Response:
        url = f"https://{request.host}"
        return web.json_response({"issuer": url, "jwks_uri": f"{url}/keys"})

    async def keys(_request: web.Request) -> web.Response:
        asked.append("keys")
        return web.json_response({"keys": [_KEY.as_dict(private=False)]})

    async with Cluster(nodes=0) as clock:
        now = clock.clock.now()
    certificates = pki.generate(now)
    routes = (
        web.get("/.well-known/openid-configuration", configuration),
        web.get("/keys", keys),
    )
    async with _served(certificates, tmp_path, *routes) as url:
        settings = OidcSettings(
            issuer=url,
            client="kubernetes",
            username_claim="email",
            username_prefix="oidc:",
            groups_claim="teams",
            groups_prefix="oidc:",
            required={"tenant": "a"},
            authority=certificates.authority.certificate.decode(),
        )
        good = {
            "iss": url,
            "aud": ["kubernetes", "other"],
            "exp": int(now) + 600,
            "email": "jane@example.test",
            "teams": ["devs"],
            "tenant": "a",
        }
        async with _stranger(tmp_path, oidc=(settings,)) as (call, _):
            assert await _who(call, _signed(good)) == {
                "username": "oidc:jane@example.test",
                "groups": ["oidc:devs", "system:authenticated"],
            }
            for change in (
                {"aud": "other"},
                {"exp": int(now) - 1},
                {"nbf": int(now) + 600},
                {"tenant": "b"},
                {"email": ""},
                {"email_verified": False},
                {"iss": f"{url}/other"},
            ):
                assert await _who(call, _signed({**good, **change})) == 401, change
            foreign = RSAKey.generate_key(2048, private=True)
            assert await _who(call, _signed(good, foreign)) == 401
            assert asked == ["keys"]
        boss = {"boss": Identity("boss", (MASTERS,))}
        async with _stranger(tmp_path, oidc=(settings,), tokens=boss) as (call, _):
            spec = {"spec": {"token": _signed(good)}}
            _, review = await call("POST", _REVIEWS, spec, Authorization="Bearer boss")
            assert review["status"]["user"]["username"] == "oidc:jane@example.test"


@pytest.mark.parametrize(
    ("claim", "prefix", "name"),
    [("sub", "", "ISSUER#7"), ("sub", "-", "7"), ("email", "", "7"), ("sub", "x:", "x:7")],
)
async def test_names_of_an_issuer_do_not_meet_those_of_others(
    claim: str, prefix: str, name: str
) -> None:
    """Unless that is asked for."""
    settings = OidcSettings("https://i.test", "c", username_claim=claim, username_prefix=prefix)
    found = OidcAuthenticator(settings, lambda: 0.0)._identity({claim: "7"})
    assert found is not None
    assert found.name == name.replace("ISSUER", "https://i.test")


async def test_a_service_reviews_the_tokens_that_nobody_knows(tmp_path: Path) -> None:
    """Once in two minutes for each; what it does not know is unauthorized, and so is all while it fails."""
    asked: list[str] = []

    async def review(request: web.Request) -> web.Response:
        document = await request.json()
        assert document["kind"] == "TokenReview"
        token = document["spec"]["token"]
        asked.append(token)
        if token == "broken":
            return web.Response(status=500)
        user = {"username": "jane", "uid": "7", "groups": ["devs"]}
        status = {"authenticated": True, "user": user} if token == "good" else {}
        return web.json_response({**document, "status": status})

    async with Cluster(nodes=0) as clock:
        certificates = pki.generate(clock.clock.now())
    async with _served(certificates, tmp_path, web.post("/review", review)) as url:
        settings = Peer(f"{url}/review", certificates.authority.certificate.decode())
        async with _stranger(tmp_path, token_webhook=settings) as (call, _):
            for _ in range(2):
                assert await _who(call, "good") == {
                    "username": "jane",
                    "uid": "7",
                    "groups": ["devs", "system:authenticated"],
                }
            assert await _who(call, "bad") == 401
            assert await _who(call, "broken") == 401
            assert asked == ["good", "bad", "broken"]


async def test_a_token_of_a_file_is_reviewed(tmp_path: Path) -> None:
    """For the server itself, whoever asks; for others it is no token."""
    options = {"tokens": {"t": Identity("jane", (MASTERS,), "7")}}
    async with _stranger(tmp_path, **options) as (call, _):

        async def review(token: str, *audiences: str) -> Any:
            spec = {"token": token, "audiences": list(audiences)}
            _, answer = await call("POST", _REVIEWS, {"spec": spec}, Authorization="Bearer t")
            return answer["status"]

        user = {"username": "jane", "uid": "7", "groups": [MASTERS, "system:authenticated"]}
        known = {"authenticated": True, "user": user, "audiences": [ISSUER]}
        unknown = {"user": {}, "error": "invalid bearer token"}
        assert await review("t") == known
        assert await review("t", "other", ISSUER) == known
        assert await review("t", "other") == unknown
        assert await review("u") == unknown


async def test_who_has_to_show_something_does(tmp_path: Path) -> None:
    """Without anonymous users even the server's health is for those with a name."""
    async with _stranger(tmp_path, anonymous=False, tokens={"t": Identity("jane")}) as (call, _):
        assert (await call("GET", "/api/v1/pods"))[0] == 401
        async with call.send("GET", "/healthz") as answer:
            assert answer.status == 401
        async with call.send("GET", "/healthz", Authorization="Bearer t") as answer:
            assert answer.status == 200


def test_a_file_of_tokens_says_whose_each_is(tmp_path: Path) -> None:
    """With groups in quotes."""
    path = tmp_path / "tokens"
    path.write_text('t1,jane,7,"devs, ops"\n\nt2, bob, 8\n')
    assert read_token_file(path) == {
        "t1": Identity("jane", ("devs", "ops"), "7"),
        "t2": Identity("bob", (), "8"),
    }


@pytest.mark.parametrize(
    ("text", "words"), [("t,jane\n", ":1: token"), (",a,1\n", ":1: the token")]
)
def test_a_file_that_is_none_says_where(tmp_path: Path, text: str, words: str) -> None:
    """In a line."""
    path = tmp_path / "tokens"
    path.write_text(text)
    with pytest.raises(TokenFileError, match=words):
        read_token_file(path)
