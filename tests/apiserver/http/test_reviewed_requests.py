"""What webhooks are shown of requests that store nothing under their own name."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from orchestrator import Cluster
from orchestrator.apiserver.admission import Admission
from tests.apiserver.http.conftest import Caller, caller

_URL: Final = "https://127.0.0.1:9443/"
_ACCESS: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_QUESTION: Final = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
_PODS: Final = "/api/v1/namespaces/default/pods"
_TARGET: Final = {"kind": "Node", "name": "nowhere"}


class _Hook:
    """Sees every request of its kind, and refuses those of a resource that it is told."""

    def __init__(self) -> None:
        self.seen: list[Mapping[str, Any]] = []
        self.refuses = ""

    async def __call__(self, review: Mapping[str, Any]) -> Mapping[str, Any]:
        asked = review["request"]
        self.seen.append(asked)
        allowed = asked["resource"]["resource"] != self.refuses
        response = {"uid": asked["uid"], "allowed": allowed}
        return {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response}

    @property
    def last(self) -> tuple[str, str, str]:
        """Resource, subresource and kind of the object of the last request."""
        asked = self.seen[-1]
        part = asked.get("subResource", "")
        return asked["resource"]["resource"], part, asked["object"]["kind"]


_Hooked = tuple[Caller, _Hook, _Hook]


@pytest.fixture
async def hooked(tmp_path: Path) -> AsyncIterator[_Hooked]:
    """A cluster with a mutating and a validating webhook for everything."""
    hooks = {"mutating": _Hook(), "validating": _Hook()}
    webhooks = {_URL + name: hook for name, hook in hooks.items()}
    async with Cluster(nodes=0, admission=Admission(webhooks=webhooks)) as cluster:
        front = await cluster.serve()
        async with caller(front, front.pki.admin, tmp_path) as call:
            for name in hooks:
                rule = {key: ["*"] for key in ("apiGroups", "apiVersions", "operations")}
                hook = {
                    "name": f"{name}.example.com",
                    "clientConfig": {"url": _URL + name},
                    "rules": [{**rule, "resources": ["*/*"]}],
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                }
                path = f"/apis/admissionregistration.k8s.io/v1/{name}webhookconfigurations"
                body = {"metadata": {"name": name}, "webhooks": [hook]}
                assert (await call("POST", path, body))[0] == 201
            yield call, hooks["mutating"], hooks["validating"]


async def test_a_review_that_a_client_posts_is_shown_and_may_be_refused(hooked: _Hooked) -> None:
    """First to who may change it, and once it can be answered to who may refuse it."""
    call, mutating, validating = hooked
    assert (await call("POST", _ACCESS, _QUESTION))[1]["status"] == {"allowed": True}
    shown = ("selfsubjectaccessreviews", "", "SelfSubjectAccessReview")
    assert (mutating.last, validating.last) == (shown, shown)
    validating.seen.clear()
    assert (await call("POST", _ACCESS, {"spec": {}}))[0] == 422
    assert not validating.seen
    validating.refuses = "selfsubjectaccessreviews"
    assert (await call("POST", _ACCESS, _QUESTION))[0] == 400


async def test_what_the_server_asks_itself_is_shown_to_nobody(hooked: _Hooked) -> None:
    """Whether somebody may see a page is its own question, and no webhook can shut it out."""
    call, mutating, _ = hooked
    mutating.seen.clear()
    assert (await call("GET", "/version", Impersonate_User="jane"))[0] == 200
    assert not mutating.seen


@pytest.mark.parametrize(("path", "part"), [("/x/binding", "binding"), ("", "")])
async def test_a_binding_is_shown_by_the_path_at_which_it_was_posted(
    hooked: _Hooked, path: str, part: str
) -> None:
    """Once; the old path is no subresource of pods. The pod is looked for after both were asked."""
    call, mutating, validating = hooked
    pod = {"schedulerName": "none", "containers": [{"name": "c", "image": "i"}]}
    code, said = await call(
        "POST", _PODS, {"metadata": {"name": "x"}, "spec": {**pod, "serviceAccountName": "x"}}
    )
    assert (code, "service account" in str(said) or "serviceaccount" in str(said)) == (403, True)
    account = {"metadata": {"name": "x"}}
    assert (await call("POST", "/api/v1/namespaces/default/serviceaccounts", account))[0] == 201
    body = {"metadata": {"name": "x"}, "spec": {**pod, "serviceAccountName": "x"}}
    assert (await call("POST", _PODS, body))[0] == 201
    mutating.seen.clear()
    where = _PODS + path if path else "/api/v1/namespaces/default/bindings"
    binding = {"metadata": {"name": "x"}, "target": _TARGET}
    code, said = await call("POST", where, binding)
    assert (code, said["status"]) == (201, "Success")
    shown = ("pods" if path else "bindings", part, "Binding")
    assert (mutating.last, validating.last) == (shown, shown)
    assert len(mutating.seen) == 1
    assert mutating.seen[0]["object"]["metadata"]["namespace"] == "default"
    if not path:
        absent = {"metadata": {"name": ""}, "target": _TARGET}
        code, said = await call("POST", where, absent)
        assert (code, said["message"]) == (400, "Name parameter required.")
    assert (await call("GET", f"{_PODS}/x"))[1]["spec"]["nodeName"] == "nowhere"
