"""Admission of custom resources in another version than that of the request, when a webhook converts."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from orchestrator import Cluster
from orchestrator.apiserver.admission import Admission
from tests.apiserver.http.conftest import Caller, caller
from tests.apiserver.http.test_conversions import (
    _DEFINITIONS,
    _NEW,
    _OLD,
    Converter,
    definition,
    host,
    serving,
)
from tests.conformance.webhook import authority_of

_HOOKS: Final = "/apis/admissionregistration.k8s.io/v1/{}webhookconfigurations"
_POLICIES: Final = "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies"
_FAILED: Final = "conversion webhook for example.com/v2, Kind=Host failed: no way"


class Hook:
    """A webhook that keeps what it is shown, and patches what it has been told to."""

    def __init__(self) -> None:
        self.shown: list[dict[str, Any]] = []
        self.patch: list[dict[str, Any]] = []

    async def answer(self, review: Mapping[str, Any]) -> dict[str, Any]:
        """The review that answers."""
        request = review["request"]
        self.shown.append(request["object"])
        response = {"uid": request["uid"], "allowed": True}
        if self.patch:
            patch = base64.b64encode(json.dumps(self.patch).encode()).decode()
            response |= {"patch": patch, "patchType": "JSONPatch"}
        return {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "response": response,
        }


def configuration(sort: str, api_version: str) -> dict[str, Any]:
    """A webhook for hosts in that version."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{sort.capitalize()}WebhookConfiguration",
        "metadata": {"name": "hosts"},
        "webhooks": [
            {
                "name": "hosts.example.com",
                "clientConfig": {"url": "https://hook.example.com/hosts"},
                "rules": [
                    {
                        "apiGroups": ["example.com"],
                        "apiVersions": [api_version],
                        "operations": ["CREATE"],
                        "resources": ["hosts"],
                    }
                ],
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[tuple[Caller, Converter, Hook]]:
    """A cluster's administrator, the webhook that converts hosts, and one that is asked about them."""
    hook = Hook()
    admission = Admission(webhooks={"https://hook.example.com/hosts": hook.answer})
    async with Cluster(nodes=0, admission=admission) as cluster:
        front = await cluster.serve()
        async with (
            serving(front.pki) as converter,
            caller(front, front.pki.admin, tmp_path) as call,
        ):
            await call("POST", _DEFINITIONS, definition(converter.url, authority_of(front.pki)))
            yield call, converter, hook


@pytest.mark.parametrize("sort", ["mutating", "validating"])
async def test_a_webhook_sees_the_version_of_its_rules(
    asked: tuple[Caller, Converter, Hook], sort: str
) -> None:
    """Converted, whichever version is written."""
    call, _, hook = asked
    await call("POST", _HOOKS.format(sort), configuration(sort, "v1"))
    code, _ = await call("POST", _NEW, host("a", "v2", host="x", port="1"))
    assert code == 201
    [seen] = hook.shown
    assert (seen["apiVersion"], seen["spec"]) == ("example.com/v1", {"address": "x:1"})


@pytest.mark.parametrize(
    ("api_version", "field", "value"), [("v1", "address", "y:2"), ("v2", "host", "y")]
)
async def test_what_a_webhook_changes_is_converted_back(
    asked: tuple[Caller, Converter, Hook], api_version: str, field: str, value: str
) -> None:
    """And then stored as all that is written in the version of the request."""
    call, _, hook = asked
    hook.patch = [{"op": "replace", "path": f"/spec/{field}", "value": value}]
    await call("POST", _HOOKS.format("mutating"), configuration("mutating", api_version))
    code, made = await call("POST", _NEW, host("a", "v2", host="x", port="2"))
    assert (code, made["spec"]) == (201, {"host": "y", "port": "2"})
    _, stored = await call("GET", f"{_OLD}/a")
    assert stored["spec"] == {"address": "y:2"}


async def test_what_a_policy_changes_is_converted_back(
    asked: tuple[Caller, Converter, Hook],
) -> None:
    """As what a webhook changes."""
    call, _, _ = asked
    rule = configuration("mutating", "v1")["webhooks"][0]["rules"][0]
    expression = 'Object{spec: Object.spec{address: "y:2"}}'
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": "hosts"},
        "spec": {
            "matchConstraints": {"resourceRules": [rule]},
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "mutations": [
                {
                    "patchType": "ApplyConfiguration",
                    "applyConfiguration": {"expression": expression},
                }
            ],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": "hosts"},
        "spec": {"policyName": "hosts"},
    }
    code, _ = await call("POST", _POLICIES, policy)
    assert code == 201
    code, _ = await call("POST", f"{_POLICIES[:-3]}ybindings", binding)
    assert code == 201
    code, made = await call("POST", _NEW, host("a", "v2", host="x", port="1"))
    assert (code, made["spec"]) == (201, {"host": "y", "port": "2"})


@pytest.mark.parametrize(
    ("sort", "prefix"),
    [
        ("mutating", "Internal error occurred: Internal error occurred: "),
        ("validating", "Internal error occurred: "),
    ],
)
async def test_a_conversion_that_fails_is_told_before_a_webhook_is_asked(
    asked: tuple[Caller, Converter, Hook], sort: str, prefix: str
) -> None:
    """In the original's words, in which the mutating side repeats itself."""
    call, converter, hook = asked
    await call("POST", _HOOKS.format(sort), configuration(sort, "v1"))
    converter.refusal = "no way"
    code, status = await call("POST", _NEW, host("a", "v2", host="x", port="1"))
    assert (code, status["reason"], status["message"]) == (500, "InternalError", prefix + _FAILED)
    assert hook.shown == []
