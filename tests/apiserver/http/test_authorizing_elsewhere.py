"""Authorizers elsewhere, and the file that says who is asked in which order."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from orchestrator import Cluster
from orchestrator.apiserver.authorization import WebhookAuthorizer, WebhookSettings
from orchestrator.apiserver.authorization.configuration import (
    InvalidAuthorization,
    load_authorization,
)
from orchestrator.apiserver.http import pki
from orchestrator.apiserver.peers import Peer
from tests.apiserver.http.conftest import Caller, caller
from tests.apiserver.http.test_elsewhere import _served


class _Judge:
    """Answers reviews by a table of verbs, and keeps what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[Any] = []

    async def judge(self, request: web.Request) -> web.Response:
        review = await request.json()
        self.asked.append(review["spec"])
        asked = review["spec"].get("resourceAttributes") or review["spec"]["nonResourceAttributes"]
        status = self.answers.get(asked["verb"], {})
        if status is None:
            raise web.HTTPInternalServerError
        return web.json_response({**review, "status": status})


@asynccontextmanager
async def _judged(tmp_path: Path, judge: _Judge, **settings: Any) -> AsyncIterator[Caller]:
    """Whoever calls has no roles; the judge is asked after them."""
    async with Cluster(nodes=0) as clock:
        now = clock.clock.now()
    certificates = pki.generate(now)
    authority = certificates.authority.certificate.decode()
    async with _served(certificates, tmp_path, web.post("/authorize", judge.judge)) as url:
        peer = Peer(f"{url}/authorize", authority)
        webhook = WebhookAuthorizer(WebhookSettings(peer, **settings))
        async with Cluster(nodes=0, authorization=("Node", "RBAC", webhook)) as cluster:
            front = await cluster.serve()
            judge.asked.clear()
            async with caller(front, front.client("jane", ["devs"]), tmp_path) as call:
                yield call


_SETTINGS = "/api/v1/namespaces/default/configmaps"


async def test_an_authorizer_elsewhere_is_asked(tmp_path: Path) -> None:
    """About what nobody before it allows, reads and writes alike; it gives reasons, and may deny."""
    judge = _Judge(
        list={"allowed": True},
        create={"allowed": True, "reason": "she may"},
        delete={"allowed": False, "denied": True, "reason": "never"},
        get={"allowed": False, "reason": "not today"},
    )
    async with _judged(tmp_path, judge) as call:
        assert (await call("GET", _SETTINGS))[0] == 200
        body = {"metadata": {"name": "a"}}
        assert (await call("POST", _SETTINGS, body))[0] == 201
        code, status = await call("DELETE", f"{_SETTINGS}/a")
        assert (code, status["message"]) == (
            403,
            'configmaps "a" is forbidden: User "jane" cannot delete resource "configmaps" in API group '
            '"" in the namespace "default": never',
        )
        assert (await call("GET", f"{_SETTINGS}/a"))[1]["message"].endswith(": not today")
    mine = [each for each in judge.asked if each["user"] == "jane"]
    assert mine[0] == {
        "user": "jane",
        "groups": ["devs", "system:authenticated"],
        "resourceAttributes": {
            "verb": "list",
            "version": "v1",
            "resource": "configmaps",
            "namespace": "default",
        },
    }


async def test_answers_are_remembered_for_a_time(tmp_path: Path) -> None:
    """The same question is asked once while they hold; where they hold for no time, each time."""
    for seconds, times in ((300.0, 1), (0.0, 3)):
        judge = _Judge(list={"allowed": True})
        async with _judged(tmp_path, judge, authorized=seconds) as call:
            for _ in range(3):
                assert (await call("GET", _SETTINGS))[0] == 200
        assert len([each for each in judge.asked if each["user"] == "jane"]) == times


@pytest.mark.parametrize("policy", ["NoOpinion", "Deny"])
async def test_an_authorizer_that_fails_allows_nothing(tmp_path: Path, policy: str) -> None:
    """Whatever its policy says; with Deny, nobody behind it is asked either."""
    async with _judged(tmp_path, _Judge(list=None), on_failure=policy) as call:
        assert (await call("GET", _SETTINGS))[0] == 500
        review = {"spec": {"resourceAttributes": {"verb": "list", "resource": "configmaps"}}}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        found = (await call("POST", path, review))[1]["status"]
        assert found["allowed"] is False
        assert found.get("denied", False) is (policy == "Deny")
        assert found["evaluationError"].startswith('an error on the server ("500')
        async with call.send("GET", _SETTINGS) as answer:
            told = await answer.text()
        assert told.startswith(f'Internal Server Error: "{_SETTINGS}": an error on the server (')


async def test_conditions_say_what_an_authorizer_is_asked(tmp_path: Path) -> None:
    """All of them must hold, about the review's spec."""
    judge = _Judge(list={"allowed": True})
    conditions = (
        "has(request.resourceAttributes)",
        "request.resourceAttributes.namespace == 'default'",
        "'devs' in request.groups",
    )
    async with _judged(tmp_path, judge, conditions=conditions) as call:
        assert (await call("GET", _SETTINGS))[0] == 200
        assert (await call("GET", "/api/v1/namespaces/other/configmaps"))[0] == 403
        assert (await call("GET", "/version/x"))[0] == 403
    assert len([each for each in judge.asked if each["user"] == "jane"]) == 1


async def test_what_an_authorizer_is_asked_is_counted(tmp_path: Path) -> None:
    """Its answers, its failures, and what its conditions spare it."""
    judge = _Judge(list={"allowed": True}, delete=None)
    conditions = (
        "!has(request.nonResourceAttributes) || request.nonResourceAttributes.path != '/x'",
    )
    async with _judged(tmp_path, judge, conditions=conditions, name="judge") as call:
        assert (await call("GET", _SETTINGS))[0] == 200
        assert (await call("DELETE", f"{_SETTINGS}/a"))[0] == 500
        assert (await call("GET", "/x"))[0] == 403
        judge.answers["get"] = {"allowed": True}
        async with call.send("GET", "/metrics") as answer:
            text = await answer.text()
    prefix = "apiserver_authorization_"
    failed = _counted(text, f'{prefix}webhook_evaluations_total{{name="judge",result="error"}}')
    assert failed > 0
    assert (
        _counted(
            text, f'{prefix}webhook_evaluations_fail_open_total{{name="judge",result="error"}}'
        )
        == failed
    )
    assert _counted(text, f'{prefix}webhook_evaluations_total{{name="judge",result="success"}}') > 1
    excluded = f'{prefix}match_condition_exclusions_total{{type="Webhook",name="judge"}}'
    assert _counted(text, excluded) > 0


def _counted(text: str, series: str) -> float:
    """The value of a series; 0 of one that is not there."""
    found = (line for line in text.splitlines() if line.startswith(f"{series} "))
    return float(next(found, "x 0").rpartition(" ")[2])


# --- the file ------------------------------------------------------------------------------


def _peer(_path: Path) -> Peer:
    return Peer("https://127.0.0.1:1")


def _loaded(*authorizers: Mapping[str, Any]) -> Any:
    document = {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthorizationConfiguration",
        "authorizers": list(authorizers),
    }
    return load_authorization(document, _peer)


def _webhook(file: Path, **changes: Any) -> Mapping[str, Any]:
    webhook = {
        "timeout": "3s",
        "authorizedTTL": "1m",
        "unauthorizedTTL": "10s",
        "subjectAccessReviewVersion": "v1",
        "matchConditionSubjectAccessReviewVersion": "v1",
        "failurePolicy": "Deny",
        "connectionInfo": {"type": "KubeConfigFile", "kubeConfigFile": str(file)},
        "matchConditions": [{"expression": "has(request.resourceAttributes)"}],
    }
    return {"type": "Webhook", "name": "judge", "webhook": {**webhook, **changes}}


def test_a_file_lists_authorizers_in_their_order(tmp_path: Path) -> None:
    """Those of the cluster by name, and webhooks with their settings."""
    file = tmp_path / "kubeconfig"
    file.write_text("")
    webhook, node, roles = _loaded(
        _webhook(file), {"type": "Node", "name": "node"}, {"type": "RBAC", "name": "rbac"}
    )
    assert (node, roles) == ("Node", "RBAC")
    assert webhook._settings == WebhookSettings(
        Peer("https://127.0.0.1:1"),
        timeout=3.0,
        authorized=60.0,
        unauthorized=10.0,
        on_failure="Deny",
        conditions=("has(request.resourceAttributes)",),
        name="judge",
    )


@pytest.mark.parametrize(
    ("authorizers", "words"),
    [
        ([], "authorizers: Required value: at least one authorization mode must be defined"),
        ([{"name": "a"}], "authorizers[0].type: Required value"),
        (
            [{"type": "Roles", "name": "a"}],
            'authorizers[0].type: Unsupported value: "Roles": supported values: "ABAC", "AlwaysAllow", '
            '"AlwaysDeny", "Node", "RBAC", "Webhook"',
        ),
        (
            [{"type": "RBAC", "name": "a"}, {"type": "RBAC", "name": "b"}],
            'authorizers[1].type: Duplicate value: "RBAC"',
        ),
        ([{"type": "RBAC"}], "authorizers[0].name: Required value"),
        (
            [{"type": "RBAC", "name": "a", "webhook": {}}],
            'authorizers[0].webhook: Invalid value: "non-null": may only be specified when type=Webhook',
        ),
        (
            [{"type": "Webhook", "name": "a"}],
            "authorizers[0].webhook: Required value: required when type=Webhook",
        ),
        (
            [{"type": "Webhook", "name": "a", "webhook": {"timeout": "31s"}}],
            'authorizers[0].timeout: Invalid value: "31s": must be > 0s and <= 30s\n'
            "authorizers[0].subjectAccessReviewVersion: Required value\n"
            "authorizers[0].failurePolicy: Required value\n"
            "authorizers[0].connectionInfo.type: Required value",
        ),
    ],
)
def test_a_file_that_is_wrong_is_refused(authorizers: Any, words: str) -> None:
    """With what is wrong, and where."""
    with pytest.raises(InvalidAuthorization) as refused:
        _loaded(*authorizers)
    assert str(refused.value) == words


def test_conditions_that_are_no_expressions_are_refused(tmp_path: Path) -> None:
    """When the file is read, and not when somebody asks."""
    file = tmp_path / "kubeconfig"
    file.write_text("")
    with pytest.raises(InvalidAuthorization, match="compilation failed"):
        _loaded(_webhook(file, matchConditions=[{"expression": "request.("}]))
    with pytest.raises(InvalidAuthorization, match="must evaluate to bool"):
        _loaded(_webhook(file, matchConditions=[{"expression": "1 + 1"}]))
