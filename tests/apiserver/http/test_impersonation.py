"""Acting as somebody else: who may, in which groups she is then, and what the refusal says."""

from pathlib import Path
from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.rbac.v1 import (
    ClusterRole,
    ClusterRoleBinding,
    PolicyRule,
    RoleBinding,
    RoleRef,
    Subject,
)
from orchestrator.apiserver.http import HttpFront
from tests.apiserver.http.conftest import Caller, caller

_GROUP = "rbac.authorization.k8s.io"
_WHOAMI = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_NEW = "authentication.k8s.io"


async def _grant(cluster: Cluster, *rules: PolicyRule) -> None:
    """Jane may do what the rules say."""
    metadata = ObjectMeta(name="jane")
    await cluster.client.create(ClusterRole(metadata=metadata, rules=rules))
    ref = RoleRef(api_group=_GROUP, kind="ClusterRole", name="jane")
    jane = Subject(kind="User", name="jane", api_group=_GROUP)
    await cluster.client.create(
        ClusterRoleBinding(metadata=metadata, role_ref=ref, subjects=(jane,))
    )


def _rule(verb: str, resource: str, *names: str, group: str = "") -> PolicyRule:
    return PolicyRule(
        verbs=(verb,), api_groups=(group,), resources=(resource,), resource_names=names
    )


async def _whoami(call: Caller, **headers: str) -> Any:
    code, answer = await call("POST", _WHOAMI, {}, **headers)
    return answer["status"]["userInfo"] if code == 201 else answer["message"]


@pytest.mark.parametrize(
    ("headers", "groups"),
    [
        ({"Impersonate_User": "bob"}, ["system:authenticated"]),
        (
            {"Impersonate_User": "bob", "Impersonate_Group": "devs"},
            ["devs", "system:authenticated"],
        ),
        (
            {"Impersonate_User": "system:serviceaccount:kube-system:x"},
            [
                "system:serviceaccounts",
                "system:serviceaccounts:kube-system",
                "system:authenticated",
            ],
        ),
        ({"Impersonate_User": "system:node:n1"}, ["system:nodes", "system:authenticated"]),
    ],
)
async def test_masters_act_as_everybody(
    call: Caller, headers: dict[str, str], groups: list[str]
) -> None:
    """With the groups that are asked for, or those that such a user is known to be in."""
    found = await _whoami(call, **headers)
    assert (found["username"], found["groups"]) == (headers["Impersonate_User"], groups)


async def test_the_right_is_asked_for_each_thing(
    running: tuple[Cluster, HttpFront], tmp_path: Path
) -> None:
    """User, group, uid and extras; whoever lacks one is told of what the mode lacked that allowed her last."""
    cluster, front = running
    await _grant(
        cluster,
        _rule("impersonate", "users", "bob"),
        _rule("impersonate", "groups", "devs"),
        _rule("impersonate", "userextras/scopes", "view", group=_NEW),
        _rule("impersonate", "uids", "7", group=_NEW),
    )
    async with caller(front, front.client("jane"), tmp_path) as call:
        said = {"Impersonate_User": "bob", "Impersonate_Group": "devs", "Impersonate_Uid": "7"}
        message = await _whoami(call, Impersonate_User="alice")
        assert 'User "jane" cannot impersonate-on:user-info:create resource' in message
        found = await _whoami(call, **said, Impersonate_Extra_Scopes="view")
        assert found == {
            "username": "bob",
            "uid": "7",
            "groups": ["devs", "system:authenticated"],
            "extra": {"scopes": ["view"]},
        }
        for refused, resource in (
            ({**said, "Impersonate_Group": "system:masters"}, "groups"),
            ({**said, "Impersonate_Uid": "8"}, "uids"),
            ({**said, "Impersonate_Extra_Scopes": "edit"}, "userextras/scopes"),
            ({"Impersonate_User": "alice"}, "users"),
        ):
            message = await _whoami(call, **refused)
            assert f'User "jane" cannot impersonate resource "{resource}"' in message


async def test_a_constrained_right_is_for_one_deed(
    running: tuple[Cluster, HttpFront], tmp_path: Path
) -> None:
    """To be somebody, and to do this as her; each is asked for, and never for masters."""
    cluster, front = running
    await _grant(
        cluster,
        _rule("impersonate:user-info", "users", "bob", group=_NEW),
        _rule("impersonate:user-info", "groups", group=_NEW),
        _rule("impersonate-on:user-info:list", "configmaps"),
    )
    async with caller(front, front.client("jane"), tmp_path) as call:
        code, status = await call("GET", "/api/v1/configmaps", Impersonate_User="bob")
        assert (code, status["message"]) == (
            403,
            'configmaps is forbidden: User "bob" cannot list resource "configmaps" in API group '
            '"" at the cluster scope',
        )
        code, status = await call("GET", "/api/v1/pods", Impersonate_User="bob")
        assert (
            'User "jane" cannot impersonate-on:user-info:list resource "pods"' in status["message"]
        )
        code, status = await call(
            "GET",
            "/api/v1/configmaps",
            Impersonate_User="bob",
            Impersonate_Group="system:masters",
        )
        assert status["message"].endswith("impersonating the system:masters group is not allowed")


async def test_who_may_not_look_does_not_hear_what_is_there(
    running: tuple[Cluster, HttpFront], tmp_path: Path
) -> None:
    """A path that is no resource, a resource that is none, a body that is wrong: forbidden, all."""
    _, front = running
    async with caller(front, front.client("jane"), tmp_path) as call:
        for method, path, body in (
            ("GET", "/metrics", None),
            ("GET", "/nonsense", None),
            ("GET", "/api/v1/nonsense", None),
            ("POST", "/api/v1/namespaces/default/configmaps", b"{"),
            ("GET", "/api/v1/namespaces/default/pods/none/log", None),
            ("GET", "/.well-known/openid-configuration", None),
        ):
            code, status = await call(method, path, body)
            assert (code, status["reason"]) == (403, "Forbidden"), path
        assert (await call("GET", "/apis"))[0] == 200


async def test_a_role_of_a_namespace_opens_nothing_of_the_cluster(
    running: tuple[Cluster, HttpFront], call: Caller, tmp_path: Path
) -> None:
    """Whoever may do all in a namespace asks there for what is the cluster's (CVE-2019-11247)."""
    cluster, front = running
    group = "example.test"
    names = {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"}
    schema = {"openAPIV3Schema": {"type": "object"}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    definition = {
        "metadata": {"name": f"things.{group}"},
        "spec": {"group": group, "scope": "Cluster", "names": names, "versions": [version]},
    }
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert (await call("POST", path, definition))[0] == 201
    thing = {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "a"}}
    assert (await call("POST", f"/apis/{group}/v1/things", thing))[0] == 201
    ref = RoleRef(api_group=_GROUP, kind="ClusterRole", name="cluster-admin")
    jane = Subject(kind="User", name="jane", api_group=_GROUP)
    metadata = ObjectMeta(name="jane", namespace="default")
    await cluster.client.create(RoleBinding(metadata=metadata, role_ref=ref, subjects=(jane,)))
    async with caller(front, front.client("jane"), tmp_path) as user:
        assert (await user("GET", f"/apis/{group}/v1/things/a"))[0] == 403
        for method in ("GET", "DELETE"):
            inside = f"/apis/{group}/v1/namespaces/default/things/a"
            assert (await user(method, inside))[0] == 404
        assert (await user("GET", "/api/v1/namespaces/default/configmaps"))[0] == 200
    assert (await call("GET", f"/apis/{group}/v1/things/a"))[0] == 200


async def test_an_account_shows_its_token(
    running: tuple[Cluster, HttpFront], call: Caller, tmp_path: Path
) -> None:
    """And is who it says; with the rights that it has, and no more, until the account is gone."""
    _, front = running
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    await call("POST", accounts, {"metadata": {"name": "sa"}})
    code, answer = await call("POST", f"{accounts}/sa/token", {"kind": "TokenRequest"})
    assert code == 201
    bearer = f"Bearer {answer['status']['token']}"
    async with caller(front, None, tmp_path) as stranger:
        found = await _whoami(stranger, Authorization=bearer)
        assert found["username"] == "system:serviceaccount:default:sa"
        path = "/.well-known/openid-configuration"
        code, document = await stranger("GET", path, Authorization=bearer)
        assert (code, document["jwks_uri"]) == (200, f"{front.url}/openid/v1/jwks")
        async with stranger.send("GET", "/openid/v1/jwks", Authorization=bearer) as keys:
            key = (await keys.json(content_type=None))["keys"][0]
            assert (key["alg"], list(key)) == ("RS256", ["use", "kty", "kid", "alg", "n", "e"])
        code, _ = await stranger("GET", "/api/v1/pods", Authorization=bearer)
        assert code == 403
        await call("DELETE", f"{accounts}/sa")
        for token in (bearer, "Bearer nonsense"):
            assert (await stranger("GET", "/api/v1/pods", Authorization=token))[0] == 401
