"""What `/metrics` tells, by the names, types and labels of the original."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from orchestrator import Cluster
from orchestrator.apiserver.admission import Admission
from orchestrator.apiserver.http import HttpFront
from tests.apiserver.http.conftest import Caller, caller
from tests.apiserver.http.metric_names import absent, listed, served

_HOOK: Final = "https://127.0.0.1:9443/"


def _hook(kind: str, name: str, policy: str) -> dict[str, object]:
    webhook = {
        "name": f"{name}.example.com",
        "clientConfig": {"url": _HOOK + name},
        "rules": [
            {
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["configmaps"],
            }
        ],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "failurePolicy": policy,
        "matchConditions": [{"name": "named", "expression": "object.metadata.name != 'passed'"}],
    }
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind}
    return {**head, "metadata": {"name": name}, "webhooks": [webhook]}


def _policy() -> list[tuple[str, dict[str, object]]]:
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "short"}}
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["configmaps"],
    }
    spec = {
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "object.metadata.name.size() < 6"}],
    }
    bound = {"policyName": "short", "validationActions": ["Deny"]}
    return [
        (
            "validatingadmissionpolicies",
            {**head, "kind": "ValidatingAdmissionPolicy", "spec": spec},
        ),
        (
            "validatingadmissionpolicybindings",
            {**head, "kind": "ValidatingAdmissionPolicyBinding", "spec": bound},
        ),
    ]


async def _answer(review: object, *, allowed: bool) -> dict[str, object]:
    assert isinstance(review, dict)
    response: dict[str, object] = {"uid": review["request"]["uid"], "allowed": allowed}
    if not allowed:
        response["status"] = {"code": 418, "message": "no"}
    return {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response}


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Caller]:
    """A served cluster, two of whose webhooks answer."""
    webhooks = {
        f"{_HOOK}allows": lambda review: _answer(review, allowed=True),
        f"{_HOOK}refuses": lambda review: _answer(review, allowed=False),
    }
    async with Cluster(nodes=0, admission=Admission(webhooks=webhooks)) as cluster:
        front: HttpFront = await cluster.serve()
        async with caller(front, front.pki.admin, tmp_path) as client:
            yield client


async def _create(call: Caller, name: str) -> int:
    body = {"metadata": {"name": name}}
    return (await call("POST", "/api/v1/namespaces/default/configmaps", body))[0]


async def _metrics(call: Caller) -> str:
    async with call.send("GET", "/metrics") as answer:
        return await answer.text()


async def _registered(call: Caller, resource: str, document: object) -> None:
    path = f"/apis/admissionregistration.k8s.io/v1/{resource}"
    code, said = await call("POST", path, document)
    assert code == 201, said


async def test_admission_is_counted_by_plugin_webhook_and_policy(call: Caller) -> None:
    """With the original's labels: what was allowed, refused, let by, and could not be asked."""
    mutating, validating = "mutatingwebhookconfigurations", "validatingwebhookconfigurations"
    await _registered(call, mutating, _hook("MutatingWebhookConfiguration", "allows", "Fail"))
    lost = _hook("ValidatingWebhookConfiguration", "lost", "Ignore")
    await _registered(call, validating, lost)
    assert await _create(call, "one") == 201
    assert await _create(call, "passed") == 201
    refusing = _hook("ValidatingWebhookConfiguration", "refuses", "Fail")
    await _registered(call, validating, refusing)
    assert await _create(call, "two") == 418
    for resource, document in _policy():
        await _registered(call, resource, document)
    assert await _create(call, "passed-by-hooks") == 422
    text = await _metrics(call)
    prefix = "apiserver_admission_"
    for line in (
        f'{prefix}webhook_request_total{{name="allows.example.com",type="admit",operation="CREATE",code="200",rejected="false"}} 3',
        f'{prefix}webhook_request_total{{name="lost.example.com",type="validating",operation="CREATE",code="503",rejected="false"}} 2',
        f'{prefix}webhook_fail_open_count{{name="lost.example.com",type="validating"}} 2',
        f'{prefix}webhook_rejection_count{{name="refuses.example.com",type="validating",operation="CREATE",error_type="no_error",rejection_code="418"}} 1',
        f'{prefix}match_condition_exclusions_total{{name="lost.example.com",kind="webhook",type="validating",operation="CREATE"}} 1',
        'apiserver_validating_admission_policy_check_total{policy="short",policy_binding="short",error_type="invalid_error",enforcement_action="deny"} 1',
        f'{prefix}controller_admission_duration_seconds_count{{name="ValidatingAdmissionWebhook",type="validate",operation="CREATE",rejected="true"}} 1',
    ):
        assert line in text, [each for each in text.splitlines() if each[:40] == line[:40]]


async def test_names_types_and_labels_are_the_originals(call: Caller) -> None:
    """Of every family that Kubernetes has, too; a dashboard made for it finds what it looks for."""
    assert await _create(call, "one") == 201
    await call("GET", "/api/v1/configmaps")
    text, known = await _metrics(call), listed()
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    wrong: dict[str, object] = {}
    for name, kind in kinds.items():
        if name not in known:
            continue
        wanted_kind, wanted_labels = known[name]
        pattern = rf"^{name}(?:_sum|_count)?(?:\{{(.*)\}})? "
        found = re.search(pattern, text, re.MULTILINE)
        assert found is not None, name
        labels = frozenset(re.findall(r'(\w+)="', found[1] or ""))
        if kind != wanted_kind or (wanted_labels is not None and labels != wanted_labels):
            wrong[name] = (kind, labels, wanted_kind, wanted_labels)
    assert not wrong
    strange = {name for name in kinds if name.startswith(("apiserver_", "kube"))} - set(known)
    assert strange == {
        # What the front's own cache of documents does.
        "apiserver_encodings_bytes",
        "apiserver_encodings_hits_total",
        "apiserver_encodings_misses_total",
    }


@pytest.mark.parametrize(("accepted", "encoding"), [("gzip", "gzip"), ("gzip;q=0", None)])
async def test_measures_are_compressed_for_those_who_take_it(
    call: Caller, accepted: str, encoding: str | None
) -> None:
    """However few they are, as Prometheus' library does it."""
    async with call.send("GET", "/metrics", Accept_Encoding=accepted) as answer:
        assert answer.headers.get("Content-Encoding") == encoding
        assert "version_info{" in await answer.text()


def test_what_is_not_shown_has_a_reason() -> None:
    """Every family of the original is either shown or named as absent, and none both."""
    shown, missing = {each.name for each in served()}, absent()
    assert all(missing.values())
    assert not shown & missing.keys()
    assert set(listed()) - shown - missing.keys() == set()
    assert missing.keys() <= set(listed())


async def test_what_happens_is_counted(call: Caller) -> None:
    """Lists by what they look at, addresses, watches, who acts as another, and a client that speaks no TLS."""
    path = "/api/v1/namespaces/default/configmaps"
    for name in ("a", "b", "c"):
        assert await _create(call, name) == 201
    async with call.send("GET", f"{path}?limit=1&labelSelector=x%3Dy"):
        pass
    async with call.send(
        "GET",
        f"{path}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1",
    ) as answer:
        assert answer.status == 200
        assert await _create(call, "d") == 201
        await answer.read()
    services = "/api/v1/namespaces/default/services"
    for name, address in (("s", ""), ("t", "10.96.5.5")):
        spec = {"ports": [{"port": 80}], **({"clusterIP": address} if address else {})}
        body = {"metadata": {"name": name}, "spec": spec}
        assert (await call("POST", services, body))[0] == 201
    assert (await call("GET", "/version", Impersonate_User="jane"))[0] == 200
    host, port = call.url.removeprefix("https://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await reader.read()
    writer.close()
    text = await _metrics(call)
    where = '{group="",resource="configmaps"}'
    prefix = "apiserver_storage_list_"
    for line in (
        f"{prefix}total{where} 1",
        f"{prefix}evaluated_objects_total{where} 4",
        f"{prefix}returned_objects_total{where} 0",
        f"apiserver_watch_cache_initializations_total{where} 1",
        f"apiserver_watch_cache_events_received_total{where} 1",
        'apiserver_watch_list_duration_seconds_count{group="",version="v1",resource="configmaps",scope="namespace"} 1',
        'kube_apiserver_clusterip_allocator_allocation_total{cidr="10.96.0.0/12",scope="static"} 2',
        'apiserver_impersonation_attempts_total{mode="user-info",decision="allowed"} 1',
        "apiserver_tls_handshake_errors_total 1",
        'kubernetes_feature_enabled{name="GangScheduling",stage="ALPHA"} 0',
    ):
        assert line in text, [each for each in text.splitlines() if each[:30] == line[:30]]
    for name in ("current_r", "dispatch_r", "latest_s"):
        assert f'apiserver_flowcontrol_{name}{{priority_level="global-default"}}' in text
    read = 'apiserver_flowcontrol_read_vs_write_current_requests_count{phase="executing",request_kind="readOnly"}'
    assert read in text
