"""Issuers of tokens by a file: what is made of their claims, and who need not say who she is."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from orchestrator import Cluster
from orchestrator.apiserver.http import pki
from orchestrator.apiserver.http.jwt_configuration import (
    AuthenticationConfiguration,
    InvalidAuthentication,
    load_authentication,
)
from tests.apiserver.http.conftest import Caller
from tests.apiserver.http.test_elsewhere import _KEY, _served, _signed, _stranger, _who

_URL = "https://issuer.example.com"


def _loaded(*issuers: Mapping[str, Any], **fields: Any) -> AuthenticationConfiguration:
    document = {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "jwt": list(issuers),
        **fields,
    }
    return load_authentication(document)


def _jwt(issuer: Mapping[str, Any] | None = None, **fields: Any) -> Mapping[str, Any]:
    return {
        "issuer": {"url": _URL, "audiences": ["a"], **(issuer or {})},
        "claimMappings": {"username": {"claim": "sub", "prefix": ""}},
        **fields,
    }


@asynccontextmanager
async def _issued(tmp_path: Path, **fields: Any) -> AsyncIterator[tuple[Caller, str, float]]:
    """A stranger at a cluster that knows an issuer by such a file; the issuer's URL, and the time."""

    async def configuration(request: web.Request) -> web.Response:
        url = f"https://{request.host}"
        return web.json_response({"issuer": url, "jwks_uri": f"{url}/keys"})

    async def keys(_request: web.Request) -> web.Response:
        return web.json_response({"keys": [_KEY.as_dict(private=False)]})

    async with Cluster(nodes=0) as clock:
        now = clock.clock.now()
    certificates = pki.generate(now)
    routes = (web.get("/elsewhere/configuration", configuration), web.get("/keys", keys))
    async with _served(certificates, tmp_path, *routes) as url:
        issuer = {
            "url": url,
            "discoveryURL": f"{url}/elsewhere/configuration",
            "certificateAuthority": certificates.authority.certificate.decode(),
            "audiences": ["one", "two"],
            "audienceMatchPolicy": "MatchAny",
        }
        found = _loaded(_jwt(issuer, **fields))
        async with _stranger(tmp_path, oidc=found.issuers) as (call, _):
            yield call, url, now


async def test_users_are_made_of_claims_by_expressions(tmp_path: Path) -> None:
    """Name, groups, uid and what else there is; tokens and users that break a rule are nobody's."""
    mappings = {
        "username": {"expression": "'org:' + claims.person.name"},
        "groups": {"expression": "claims.roles.split(',')"},
        "uid": {"expression": "claims.id"},
        "extra": [
            {"key": "example.com/tenant", "valueExpression": "claims.tenant"},
            {"key": "example.com/none", "valueExpression": "''"},
        ],
    }
    rules = [
        {"expression": "claims.exp - claims.nbf <= 86400", "message": "it holds for too long"},
        {"claim": "tenant", "requiredValue": "acme"},
    ]
    users = [{"expression": "!user.username.startsWith('org:system:')", "message": "reserved"}]
    async with _issued(
        tmp_path, claimMappings=mappings, claimValidationRules=rules, userValidationRules=users
    ) as (call, url, now):
        good = {
            "iss": url,
            "aud": "two",
            "exp": int(now) + 600,
            "nbf": int(now) - 10,
            "person": {"name": "jane"},
            "roles": "devs,ops",
            "id": "7",
            "tenant": "acme",
        }
        assert await _who(call, _signed(good)) == {
            "username": "org:jane",
            "uid": "7",
            "groups": ["devs", "ops", "system:authenticated"],
            "extra": {"example.com/tenant": ["acme"]},
        }
        changes: list[dict[str, Any]] = [
            {"aud": "three"},
            {"nbf": int(now) - 90_000},
            {"tenant": "other"},
            {"person": {}},
            {"person": {"name": "system:admin"}},
            {"roles": 7},
        ]
        for change in changes:
            assert await _who(call, _signed({**good, **change})) == 401, change


async def test_who_shows_nothing_comes_in_at_some_paths(tmp_path: Path) -> None:
    """At those alone that a file lists."""
    paths = [{"path": "/livez"}, {"path": "/readyz"}]
    found = _loaded(anonymous={"enabled": True, "conditions": paths})
    assert found.anonymous is not None
    async with _stranger(tmp_path, anonymous=found.anonymous) as (call, _):
        for path, code in (("/livez", 200), ("/readyz", 200), ("/healthz", 401), ("/version", 401)):
            async with call.send("GET", path) as answer:
                assert answer.status == code
    assert _loaded(anonymous={"enabled": False}).anonymous is False
    assert _loaded().anonymous is None


@pytest.mark.parametrize(
    ("jwt", "words"),
    [
        (_jwt({"url": ""}), "jwt[0].issuer.url: Required value"),
        (
            _jwt({"url": "http://u:p@a?b#c"}),
            'jwt[0].issuer.url: Invalid value: "http://u:p@a?b#c": URL scheme must be https\n'
            'jwt[0].issuer.url: Invalid value: "http://u:p@a?b#c": URL must not contain a username or password\n'
            'jwt[0].issuer.url: Invalid value: "http://u:p@a?b#c": URL must not contain a query\n'
            'jwt[0].issuer.url: Invalid value: "http://u:p@a?b#c": URL must not contain a fragment',
        ),
        (
            _jwt({"audiences": []}),
            "jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required",
        ),
        (
            _jwt({"audiences": ["a", "a"]}),
            'jwt[0].issuer.audiences[1]: Duplicate value: "a"\n'
            'jwt[0].issuer.audienceMatchPolicy: Invalid value: "": '
            "audienceMatchPolicy must be MatchAny for multiple audiences",
        ),
        (
            _jwt(claimMappings={}),
            "jwt[0].claimMappings.username: Required value: claim or expression is required",
        ),
        (
            _jwt(claimMappings={"username": {"claim": "sub"}}),
            "jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. "
            "It can be set to an empty string to disable prefixing",
        ),
        (
            _jwt(claimMappings={"username": {"expression": "claims.email"}}),
            'jwt[0].claimMappings.username.expression: Invalid value: "claims.email": '
            "claims.email_verified must be used in claimMappings.username.expression or "
            "claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when "
            "claims.email is used in claimMappings.username.expression",
        ),
        (
            _jwt(claimValidationRules=[{}]),
            "jwt[0].claimValidationRules[0]: Required value: claim or expression is required",
        ),
        (
            _jwt(userValidationRules=[{"expression": "1 + 1"}]),
            'jwt[0].userValidationRules[0].expression: Invalid value: "1 + 1": must evaluate to bool',
        ),
    ],
)
def test_a_file_that_is_wrong_is_refused(jwt: Any, words: str) -> None:
    """With what is wrong, and where."""
    with pytest.raises(InvalidAuthentication) as refused:
        _loaded(jwt)
    assert str(refused.value) == words
