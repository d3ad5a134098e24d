"""The audit log: what is written of requests by HTTPS, as its policy says."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, TCPConnector

from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.apiserver.authorization import Attributes
from orchestrator.apiserver.http.audit import (
    Audit,
    AuditLog,
    ComponentAudit,
    InvalidAuditPolicy,
    load_policy,
)
from orchestrator.machinery.times import parse_duration
from orchestrator.protocol import AUTHENTICATED, MASTERS, Identity, NotFound
from tests.apiserver.http.conftest import Caller, caller

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
MADE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}}
POLICY = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy"}


def policy(*rules: Mapping[str, Any], **fields: Any) -> Any:
    """A policy of these rules."""
    return load_policy({**POLICY, "rules": list(rules), **fields})


@asynccontextmanager
async def audited(
    tmp_path: Path, *rules: Mapping[str, Any], **fields: Any
) -> AsyncIterator[tuple[Caller, list[dict[str, Any]]]]:
    """The administrator of a server that writes so, and the events."""
    events: list[dict[str, Any]] = []
    audit = Audit(policy(*rules, **fields), lambda event: events.append(dict(event)))
    async with Cluster(nodes=0) as cluster:
        tokens = {"secret": Identity("anna", (AUTHENTICATED,), "7")}
        front = await cluster.serve(audit=audit, tokens=tokens)
        async with caller(front, front.pki.admin, tmp_path) as call:
            yield call, events


async def test_an_event_says_who_asked_what_and_what_became_of_it(tmp_path: Path) -> None:
    """At its beginning and its end; the answer names it by its id."""
    async with (
        audited(tmp_path, {"level": "RequestResponse"}) as (call, events),
        call.send("POST", CONFIG_MAPS, MADE, User_Agent="me/1") as answer,
    ):
        stored = await answer.json()
        audit_id = answer.headers["Audit-Id"]
    received, complete = events
    assert [each["stage"] for each in events] == ["RequestReceived", "ResponseComplete"]
    assert (received["kind"], received["apiVersion"]) == ("Event", "audit.k8s.io/v1")
    assert received["auditID"] == complete["auditID"] == audit_id
    assert complete["user"]["username"] == "kubernetes-admin"
    assert MASTERS in complete["user"]["groups"]
    assert (complete["verb"], complete["requestURI"]) == ("create", CONFIG_MAPS)
    assert (complete["userAgent"], complete["sourceIPs"]) == ("me/1", ["127.0.0.1"])
    assert received["objectRef"] == {
        "resource": "configmaps",
        "namespace": "default",
        "apiVersion": "v1",
    }
    assert complete["objectRef"]["name"] == "c"
    assert complete["responseStatus"] == {"metadata": {}, "code": 201}
    assert complete["requestObject"]["data"] == {"a": "1"}
    assert complete["responseObject"] == stored
    assert complete["annotations"]["authorization.k8s.io/decision"] == "allow"
    assert "requestObject" not in received


async def test_objects_are_written_as_they_are_read(tmp_path: Path) -> None:
    """What a client has sent has its defaults, and how to delete is said in the original's own version."""
    deployments = "/apis/apps/v1/namespaces/default/deployments"
    container = {"name": "c", "image": "nginx"}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    made = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    async with audited(tmp_path, {"level": "Request"}, omitStages=["RequestReceived"]) as (
        call,
        events,
    ):
        assert (await call("POST", deployments, {**made, "spec": spec}))[0] == 201
        assert (await call("DELETE", f"{deployments}/web", {"gracePeriodSeconds": 1}))[0] == 200
    created, deleted = (event["requestObject"] for event in events)
    assert (created["spec"]["replicas"], created["spec"]["revisionHistoryLimit"]) == (1, 10)
    pod = created["spec"]["template"]["spec"]
    assert (pod["restartPolicy"], pod["containers"][0]["imagePullPolicy"]) == ("Always", "Always")
    assert "uid" not in created["metadata"]
    assert deleted["apiVersion"] == "meta.k8s.io/__internal"


async def test_a_token_is_known_by_its_identifier(tmp_path: Path) -> None:
    """The request that gave a token names it as those do that show it."""
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    async with audited(tmp_path, {"level": "Metadata"}, omitStages=["RequestReceived"]) as (
        call,
        events,
    ):
        assert (await call("POST", accounts, {"metadata": {"name": "robot"}}))[0] == 201
        code, answer = await call("POST", f"{accounts}/robot/token", {"spec": {}})
        assert code == 201
        bearer = f"Bearer {answer['status']['token']}"
        async with ClientSession(connector=TCPConnector(ssl=False)) as anybody:
            headers = {"Authorization": bearer}
            async with anybody.get(f"{call.url}/version", headers=headers) as shown:
                assert shown.status == 200
    issued, used = events[-2:]
    name = issued["annotations"]["authentication.kubernetes.io/issued-credential-id"]
    assert name.startswith("JTI=")
    assert used["user"]["extra"]["authentication.kubernetes.io/credential-id"] == [name]


async def test_refusals_are_written_with_their_reasons(tmp_path: Path) -> None:
    """Those of who may not, of who is not known, and of what is not there."""
    async with audited(tmp_path, {"level": "Metadata"}, omitStages=["RequestReceived"]) as (
        call,
        events,
    ):
        as_other = {"Impersonate_User": "beth"}
        assert (await call("GET", f"{CONFIG_MAPS}/c", **as_other))[0] == 403
        assert (await call("GET", f"{CONFIG_MAPS}/none"))[0] == 404
        async with ClientSession(connector=TCPConnector(ssl=False)) as stranger:
            wrong = {"Authorization": "Bearer wrong"}
            async with stranger.get(call.url + CONFIG_MAPS, headers=wrong) as answer:
                assert answer.status == 401
    forbidden, missing, unknown = events
    assert forbidden["impersonatedUser"]["username"] == "beth"
    assert forbidden["user"]["username"] == "kubernetes-admin"
    assert forbidden["annotations"]["authorization.k8s.io/decision"] == "forbid"
    assert forbidden["responseStatus"]["reason"] == "Forbidden"
    assert missing["responseStatus"]["code"] == 404
    assert 'configmaps "none" not found' in missing["responseStatus"]["message"]
    assert (unknown["user"], unknown["responseStatus"]["code"]) == ({}, 401)
    assert "responseObject" not in missing


async def test_a_watch_is_written_when_it_begins_and_when_it_ends(tmp_path: Path) -> None:
    """And not what it tells; of what takes long the time is told."""
    rules = ({"level": "RequestResponse", "verbs": ["watch"]},)
    async with audited(tmp_path, *rules) as (call, events):
        async with call.send("GET", f"{CONFIG_MAPS}?watch=1&timeoutSeconds=1") as answer:
            assert [each["stage"] for each in events] == ["RequestReceived", "ResponseStarted"]
            await answer.read()
        await call("GET", CONFIG_MAPS)
    assert [each["stage"] for each in events][2:] == ["ResponseComplete"]
    assert "responseObject" not in events[-1]
    took = events[-1]["annotations"]["apiserver.latency.k8s.io/total"]
    assert parse_duration(took) >= 1.0
    assert "apiserver.latency.k8s.io/total" not in events[1].get("annotations", {})


async def test_a_patch_and_a_deletion_are_written(tmp_path: Path) -> None:
    """What was sent, without who owns which field if that is left out."""
    rule = {"level": "RequestResponse", "omitStages": ["RequestReceived"]}
    async with audited(tmp_path, rule, omitManagedFields=True) as (call, events):
        await call("POST", CONFIG_MAPS, MADE)
        patch = json.dumps({"data": {"b": "2"}}).encode()
        await call("PATCH", f"{CONFIG_MAPS}/c", patch, Content_Type="application/merge-patch+json")
        await call("DELETE", f"{CONFIG_MAPS}/c", {"propagationPolicy": "Background"})
    created, patched, deleted = events
    assert patched["requestObject"] == {"data": {"b": "2"}}
    assert patched["responseObject"]["data"] == {"a": "1", "b": "2"}
    assert "managedFields" not in created["responseObject"]["metadata"]
    assert deleted["requestObject"]["propagationPolicy"] == "Background"
    assert deleted["responseStatus"]["status"] == "Success"


async def test_admission_tells_the_log_what_it_found(tmp_path: Path) -> None:
    """A violation that is only audited, and a policy's own annotations."""
    rule = {"level": "Metadata", "omitStages": ["RequestReceived"], "verbs": ["create"]}
    admission = "/apis/admissionregistration.k8s.io/v1"
    constraints = {
        "resourceRules": [
            {
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["configmaps"],
            }
        ]
    }
    judges = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "p"},
        "spec": {
            "matchConstraints": constraints,
            "validations": [{"expression": "object.data.a == '2'"}],
            "auditAnnotations": [{"key": "seen", "valueExpression": "'a is ' + object.data.a"}],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "b"},
        "spec": {"policyName": "p", "validationActions": ["Audit"]},
    }
    async with audited(tmp_path, rule) as (call, events):
        await call("POST", f"{admission}/validatingadmissionpolicies", judges)
        await call("POST", f"{admission}/validatingadmissionpolicybindings", binding)
        assert (await call("POST", CONFIG_MAPS, MADE))[0] == 201
    annotations = events[-1]["annotations"]
    assert annotations["p/seen"] == "a is 1"
    [failure] = json.loads(annotations["validation.policy.admission.k8s.io/validation_failure"])
    assert failure == {
        "message": "failed expression: object.data.a == '2'",
        "policy": "p",
        "binding": "b",
        "expressionIndex": 0,
        "validationActions": ["Audit"],
    }


# --- policies ------------------------------------------------------------------------------

ANNA = Identity("anna", ("team", AUTHENTICATED))
PODS = Attributes("get", "", "pods", "log", "default", "p")


@pytest.mark.parametrize(
    ("rule", "asked", "matches"),
    [
        ({}, PODS, True),
        ({"users": ["beth"]}, PODS, False),
        ({"userGroups": ["team"]}, PODS, True),
        ({"verbs": ["list"]}, PODS, False),
        ({"namespaces": ["kube-system"]}, PODS, False),
        ({"resources": [{"group": "", "resources": ["pods"]}]}, PODS, False),
        ({"resources": [{"group": "", "resources": ["pods/log"]}]}, PODS, True),
        ({"resources": [{"group": "", "resources": ["pods/*"]}]}, PODS, True),
        ({"resources": [{"group": "", "resources": ["*/log"]}]}, PODS, True),
        ({"resources": [{"group": "apps"}]}, PODS, False),
        (
            {"resources": [{"group": "", "resources": ["*"], "resourceNames": ["q"]}]},
            PODS,
            False,
        ),
        ({"nonResourceURLs": ["/healthz*"]}, PODS, False),
        (
            {"nonResourceURLs": ["/healthz*"]},
            Attributes("get", path="/healthz/ping", is_resource=False),
            True,
        ),
        ({"resources": [{}]}, Attributes("get", path="/version", is_resource=False), False),
    ],
)
def test_the_first_rule_that_is_about_a_request_decides(
    rule: dict[str, Any], asked: Attributes, matches: bool
) -> None:
    """By who asks what; what no rule is about is not written."""
    found = policy({"level": "Request", **rule}, {"level": "Metadata", "users": ["nobody"]})
    assert found.decide(ANNA, asked).level == ("Request" if matches else "None")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({**POLICY, "rules": []}, "loaded illegal policy with 0 rules"),
        ({**POLICY, "kind": "Other", "rules": [{"level": "None"}]}, "expected a Policy"),
        ({**POLICY, "rules": [{"level": "All"}]}, "level"),
        ({**POLICY, "rules": [{"level": "None", "user": "x"}]}, "user"),
        (
            {**POLICY, "rules": [{"level": "None", "nonResourceURLs": ["x"]}]},
            r"rules\[0\].nonResourceURLs: 'x' must begin with a '/' character",
        ),
        (
            {**POLICY, "rules": [{"level": "None", "resources": [{"resourceNames": ["a"]}]}]},
            "requires at least one resource",
        ),
    ],
)
def test_a_policy_that_is_none_is_refused(document: dict[str, Any], words: str) -> None:
    """With what is wrong with it."""
    with pytest.raises(InvalidAuditPolicy, match=words):
        load_policy(document)


def test_a_log_is_a_file_of_lines(tmp_path: Path) -> None:
    """Each event is there when it was written; a second log goes on after the first."""
    path = tmp_path / "audit.log"
    for number in (1, 2):
        with AuditLog(path) as log:
            log({"n": number})
            assert json.loads(path.read_text().splitlines()[-1]) == {"n": number}
    assert len(path.read_text().splitlines()) == 2


async def test_events_are_counted(tmp_path: Path) -> None:
    """Among the metrics, by Kubernetes' name."""
    async with audited(tmp_path, {"level": "Metadata"}) as (call, events):
        await call("GET", CONFIG_MAPS)
        async with call.send("GET", "/metrics") as answer:
            text = await answer.text()
        assert "\napiserver_audit_event_total 3\n" in text
        assert len(events) == 4


async def test_what_components_ask_is_written_too(tmp_path: Path) -> None:
    """With their names, paths and objects; each request once, whether it came by HTTPS or not."""
    events: list[dict[str, Any]] = []
    components = ComponentAudit()
    rules = policy(
        {"level": "RequestResponse", "resources": [{"group": "", "resources": ["configmaps"]}]},
        {
            "level": "Metadata",
            "resources": [{"group": "", "resources": ["pods/binding", "pods/status"]}],
        },
    )
    audit = Audit(rules, lambda event: events.append(dict(event)), components)
    async with Cluster(nodes=1, audit=components) as cluster:
        front = await cluster.serve(audit=audit)
        async with caller(front, front.pki.admin, tmp_path) as call:
            assert (await call("POST", CONFIG_MAPS, MADE))[0] == 201
            pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
            assert (await call("POST", "/api/v1/namespaces/default/pods", pod))[0] == 201
        async with asyncio.timeout(120):
            while not any(_is_end(each, "system:node:node-0", "status") for each in events):
                await cluster.clock.sleep(0.05)
        with pytest.raises(NotFound):
            await cluster.client.get(ConfigMap, "none", namespace="default")
    made = [
        each for each in events if _is_end(each, "kubernetes-admin") and "responseObject" in each
    ]
    assert [each["responseObject"]["metadata"]["name"] for each in made] == ["c"]
    (bound,) = (each for each in events if _is_end(each, "system:kube-scheduler", "binding"))
    assert bound["requestURI"] == "/api/v1/namespaces/default/pods/p/binding"
    assert (bound["verb"], bound["responseStatus"]["code"]) == ("create", 201)
    lost = [each for each in events if each["objectRef"].get("name") == "none"]
    assert [each["stage"] for each in lost] == ["RequestReceived", "ResponseComplete"]
    assert lost[1]["responseStatus"]["reason"] == "NotFound"


def _is_end(event: Mapping[str, Any], user: str, part: str = "") -> bool:
    said = event["user"]["username"], event["stage"], event["objectRef"].get("subresource", "")
    return said == (user, "ResponseComplete", part)


async def test_the_level_of_a_pod_is_noted_where_nobody_spoke_of_levels(tmp_path: Path) -> None:
    """Without a namespace with labels as with one; in the metrics, too."""
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    where = "/api/v1/namespaces/default/pods?dryRun=All"
    labels = {"pod-security.kubernetes.io/audit": "restricted"}
    rule = {"level": "Metadata", "omitStages": ["RequestReceived"]}
    async with audited(tmp_path, rule) as (call, events):
        assert (
            await call(
                "POST",
                "/api/v1/namespaces/default/serviceaccounts",
                {"metadata": {"name": "default"}},
            )
        )[0] in (201, 409)
        assert (await call("POST", where, pod))[0] == 201
        merge = {"Content_Type": "application/merge-patch+json"}
        patch = json.dumps({"metadata": {"labels": labels}}).encode()
        assert (await call("PATCH", "/api/v1/namespaces/default", patch, **merge))[0] == 200
        assert (await call("POST", where, pod))[0] == 201
        async with call.send("GET", "/metrics") as answer:
            text = await answer.text()
    silent, _, labelled = (event.get("annotations", {}) for event in events[1:4])
    prefix = "pod-security.kubernetes.io/"
    assert silent[f"{prefix}enforce-policy"] == "privileged:latest"
    assert f"{prefix}audit-violations" not in silent
    assert labelled[f"{prefix}enforce-policy"] == "privileged:latest"
    assert labelled[f"{prefix}audit-violations"].startswith(
        'would violate PodSecurity "restricted:latest"'
    )
    assert (
        'pod_security_evaluations_total{decision="allow",policy_level="privileged",policy_version="latest",'
        'mode="enforce",request_operation="create",resource="pod",subresource=""} 2'
    ) in text


async def test_how_somebody_acts_as_another_is_noted(tmp_path: Path) -> None:
    """In a constrained mode; the old one has no name. A list of one object names it."""
    rule = {"level": "Metadata", "omitStages": ["RequestReceived"]}
    async with audited(tmp_path, rule) as (call, events):
        await call("GET", f"{CONFIG_MAPS}?fieldSelector=metadata.name%3Dc", Impersonate_User="jane")
        masters = {"Impersonate_User": "root", "Impersonate_Group": MASTERS}
        await call("GET", CONFIG_MAPS, **masters)
    as_jane, as_root = events
    assert as_jane["authenticationMetadata"] == {"impersonationConstraint": "impersonate:user-info"}
    assert as_jane["objectRef"]["name"] == "c"
    assert "authenticationMetadata" not in as_root
    assert as_root["impersonatedUser"]["username"] == "root"
