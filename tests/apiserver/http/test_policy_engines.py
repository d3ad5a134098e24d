"""Configurations as cert-manager, gatekeeper and kyverno register them, and what comes of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from orchestrator import Cluster
from orchestrator.apiserver.http.pki import generate
from tests.apiserver.http.certificate_webhook import certificate_webhook
from tests.apiserver.http.conftest import Caller, caller

_HOOKS: Final = "/apis/admissionregistration.k8s.io/v1"
_REVIEWS: Final = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_RBAC: Final = "/apis/rbac.authorization.k8s.io/v1"
_GROUP: Final = "cert-manager.io"
_REQUESTS: Final = f"/apis/{_GROUP}/v1/namespaces/default/certificaterequests"
_SERVICE: Final = "cert-manager-webhook"
_MERGE: Final = {"Content_Type": "application/merge-patch+json"}
_OPEN: Final = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _definition(plural: str, kind: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"spec": _OPEN, "status": _OPEN}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    }
    return {
        "metadata": {"name": f"{plural}.{_GROUP}"},
        "spec": {
            "group": _GROUP,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [version],
        },
    }


def _configuration(kind: str, *hooks: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "w"}, "webhooks": list(hooks)}


async def _made(call: Caller, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    code, answer = await call("POST", path, body, **headers)
    assert code == 201, answer
    made: dict[str, Any] = answer
    return made


# --- cert-manager --------------------------------------------------------------------------


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[Caller]:
    """The administrator of a cluster in which the stand-in of cert-manager's webhook is registered."""
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve()
        pki = generate(cluster.clock.now(), hosts=(f"{_SERVICE}.default.svc",))
        async with caller(front, front.pki.admin, tmp_path) as call:

            async def allowed(spec: dict[str, Any]) -> bool:
                review = await _made(call, _REVIEWS, {"spec": spec})
                return bool(review["status"]["allowed"])

            async with certificate_webhook(pki, allowed) as hook:
                await _registered(call, int(hook.url.rpartition(":")[2]), hook.authority)
                yield call


async def _registered(call: Caller, port: int, authority: str) -> None:
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    for plural, kind in (
        ("certificaterequests", "CertificateRequest"),
        ("certificates", "Certificate"),
    ):
        await _made(call, definitions, _definition(plural, kind))
    spec = {"type": "ExternalName", "externalName": "localhost"}
    service = {"metadata": {"name": _SERVICE}, "spec": spec}
    await _made(call, "/api/v1/namespaces/default/services", service)
    for kind, path, operations, resources in (
        ("Mutating", "/mutate", ["CREATE"], ["certificaterequests"]),
        ("Validating", "/validate", ["CREATE", "UPDATE"], ["*/*"]),
    ):
        where = {"name": _SERVICE, "namespace": "default", "path": path, "port": port}
        hook = {
            "name": "webhook.cert-manager.io",
            "clientConfig": {"service": where, "caBundle": authority},
            "rules": [
                {
                    "apiGroups": [_GROUP, f"acme.{_GROUP}"],
                    "apiVersions": ["v1"],
                    "operations": operations,
                    "resources": resources,
                }
            ],
            "admissionReviewVersions": ["v1"],
            "matchPolicy": "Equivalent",
            "timeoutSeconds": 30,
            "failurePolicy": "Fail",
            "sideEffects": "None",
        }
        made = _configuration(f"{kind}WebhookConfiguration", hook)
        await _made(call, f"{_HOOKS}/{kind.lower()}webhookconfigurations", made)


def _request(**spec: Any) -> dict[str, Any]:
    about = {"issuerRef": {"name": "ca"}, **spec}
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "CertificateRequest",
        "metadata": {"name": "r"},
        "spec": about,
    }


async def test_a_request_says_who_asks_for_it_whatever_she_says(manager: Caller) -> None:
    """And nobody changes that later."""
    made = await _made(
        manager,
        _REQUESTS,
        _request(username="root"),
        Impersonate_User="jane",
        Impersonate_Group="system:masters",
    )
    assert made["spec"]["username"] == "jane"
    assert made["spec"]["groups"] == ["system:masters", "system:authenticated"]
    patch = {"spec": {"username": "root"}}
    code, answer = await manager("PATCH", f"{_REQUESTS}/r", patch, **_MERGE)
    assert (code, answer["reason"]) == (406, "NotAcceptable")
    assert answer["message"] == (
        'admission webhook "webhook.cert-manager.io" denied the request: '
        "spec.username: Forbidden: cannot be changed"
    )


async def test_a_certificate_names_something(manager: Caller) -> None:
    """The webhook's words are the client's."""
    path = f"/apis/{_GROUP}/v1/namespaces/default/certificates"
    body: dict[str, Any] = {"metadata": {"name": "c"}, "spec": {"secretName": "s"}}
    head = {"apiVersion": f"{_GROUP}/v1", "kind": "Certificate"}
    code, answer = await manager("POST", path, {**head, **body})
    assert code == 406
    assert "at least one of commonName, dnsNames" in answer["message"]
    body["spec"]["dnsNames"] = ["a.example.com"]
    await _made(manager, path, {**head, **body})


async def test_who_approves_has_the_right_to(manager: Caller) -> None:
    """The webhook asks the server for it while the server waits for the webhook."""
    await _made(manager, _REQUESTS, _request())
    rules = [{"apiGroups": [_GROUP], "resources": ["*"], "verbs": ["patch"]}]
    await _made(manager, f"{_RBAC}/clusterroles", {"metadata": {"name": "a"}, "rules": rules})
    await _bound(manager, "a")
    status = {"status": {"conditions": [{"type": "Approved", "status": "True"}]}}
    as_jane = {**_MERGE, "Impersonate_User": "jane"}
    code, answer = await manager("PATCH", f"{_REQUESTS}/r/status", status, **as_jane)
    assert code == 406
    assert 'user "jane" does not have permissions' in answer["message"]
    right = [
        {
            "apiGroups": [_GROUP],
            "resources": ["signers"],
            "resourceNames": ["issuers.default.ca"],
            "verbs": ["approve"],
        }
    ]
    await _made(manager, f"{_RBAC}/clusterroles", {"metadata": {"name": "b"}, "rules": right})
    await _bound(manager, "b")
    code, answer = await manager("PATCH", f"{_REQUESTS}/r/status", status, **as_jane)
    assert code == 200, answer


async def _bound(call: Caller, role: str) -> None:
    binding = {
        "metadata": {"name": role},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}],
    }
    await _made(call, f"{_RBAC}/clusterrolebindings", binding)


# --- gatekeeper and kyverno ----------------------------------------------------------------


def _unserved(name: str, failure: str, **fields: Any) -> dict[str, Any]:
    """A webhook of everything whose service is not there."""
    rule = {
        "apiGroups": ["*"],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["*", "pods/ephemeralcontainers", "pods/eviction", "deployments/scale"],
    }
    return {
        "name": name,
        "clientConfig": {"service": {"name": "s", "namespace": "policies", "path": "/v1/admit"}},
        "rules": [rule],
        "admissionReviewVersions": ["v1", "v1beta1"],
        "sideEffects": "None",
        "timeoutSeconds": 3,
        "failurePolicy": failure,
        **fields,
    }


@asynccontextmanager
async def _judged(tmp_path: Path, hook: dict[str, Any]) -> AsyncIterator[Caller]:
    async with Cluster(nodes=0) as cluster:
        front = await cluster.serve()
        async with caller(front, front.pki.admin, tmp_path) as call:
            made = _configuration("ValidatingWebhookConfiguration", hook)
            await _made(call, f"{_HOOKS}/validatingwebhookconfigurations", made)
            yield call


async def _config_map(call: Caller, namespace: str, **metadata: Any) -> tuple[int, Any]:
    body = {"metadata": {"generateName": "c-", **metadata}}
    return await call("POST", f"/api/v1/namespaces/{namespace}/configmaps", body)


async def test_an_engine_that_is_away_holds_up_what_it_says_it_judges(tmp_path: Path) -> None:
    """Gatekeeper's shape: all kinds, but not in the namespaces that are its own or opted out."""
    ignored = "admission.gatekeeper.sh/ignore"
    selector = {
        "matchExpressions": [
            {"key": ignored, "operator": "DoesNotExist"},
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["policies"]},
        ]
    }
    hook = _unserved("validation.gatekeeper.sh", "Fail", namespaceSelector=selector)
    async with _judged(tmp_path, hook) as call:
        for name, labels in (("policies", {}), ("free", {ignored: "yes"})):
            body = {"metadata": {"name": name, "labels": labels}}
            # A namespace is selected by the labels that it is to have, its own name among them.
            await _made(call, "/api/v1/namespaces", body)
            assert (await _config_map(call, name))[0] == 201
        code, answer = await _config_map(call, "default")
        assert code == 500
        assert answer["message"] == (
            'Internal error occurred: failed calling webhook "validation.gatekeeper.sh": failed to '
            'call webhook: Post "https://s.policies.svc:443/v1/admit?timeout=3s": service "s" not found'
        )
        role = {"metadata": {"name": "x"}}
        assert (await call("POST", f"{_RBAC}/clusterroles", role))[0] == 500


async def test_an_engine_that_may_be_away_holds_up_nothing(tmp_path: Path) -> None:
    """Gatekeeper's failure policy as it comes."""
    async with _judged(tmp_path, _unserved("validation.gatekeeper.sh", "Ignore")) as call:
        assert (await _config_map(call, "default"))[0] == 201


async def test_an_engine_looks_away_from_whom_its_conditions_name(tmp_path: Path) -> None:
    """Kyverno's shape: conditions exclude users and kinds, an object's labels exclude it."""
    selector = {"matchExpressions": [{"key": "skip", "operator": "NotIn", "values": ["yes"]}]}
    conditions = [
        {"name": "not-robots", "expression": "!('robots' in request.userInfo.groups)"},
        {"name": "not-events", "expression": "request.kind.kind != 'Event'"},
        {"name": "not-leases", "expression": "!(request.resource.group == 'coordination.k8s.io')"},
    ]
    hook = _unserved(
        "validate.kyverno.svc-fail", "Fail", matchConditions=conditions, objectSelector=selector
    )
    async with _judged(tmp_path, hook) as call:
        assert (await _config_map(call, "default"))[0] == 500
        assert (await _config_map(call, "default", labels={"skip": "yes"}))[0] == 201
        body = {"metadata": {"name": "robot"}}
        robot = {"Impersonate_User": "r2"}
        code, _ = await call(
            "POST",
            "/api/v1/namespaces/default/configmaps",
            body,
            **robot,
            Impersonate_Group="robots",
        )
        assert code == 403  # the webhook is not what refuses it
        lease = {"metadata": {"name": "l"}, "spec": {"holderIdentity": "a"}}
        path = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
        assert (await call("POST", path, lease))[0] == 201
