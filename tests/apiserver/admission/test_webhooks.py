"""Webhooks, with functions in the place of their servers: whom they are asked about, and what becomes of it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace

from actors import Clock
from orchestrator.api.admissionregistration.v1 import (
    MatchCondition,
    MutatingWebhook,
    MutatingWebhookConfiguration,
    RuleWithOperations,
    ServiceReference,
    ValidatingWebhook,
    ValidatingWebhookConfiguration,
    WebhookClientConfig,
)
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.autoscaling.v1 import Scale, ScaleSpec
from orchestrator.api.autoscaling.v2 import HorizontalPodAutoscaler
from orchestrator.api.codec import from_dict
from orchestrator.api.core.v1 import ConfigMap, Event, Namespace, NamespaceSpec, Pod, Service
from orchestrator.api.meta.v1 import LabelSelector, ObjectMeta
from orchestrator.api.policy.v1 import Eviction
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.admission import Admission, chain_of
from orchestrator.protocol import (
    AdmitConnection,
    ApiError,
    BadRequest,
    Create,
    DeleteCollection,
    Forbidden,
    InternalError,
    Invalid,
    NotFound,
    Unclassified,
    Update,
)
from orchestrator.store import MemoryStore
from tests.apiserver.harness import Api, deployment, meta, namespace, pod, refused

W = TypeVar("W", ValidatingWebhook, MutatingWebhook)

HOST = "https://hooks.example.com"
EVERYTHING = RuleWithOperations(
    operations=("*",), api_groups=("*",), api_versions=("*",), resources=("configmaps",)
)


class Hook:
    """A webhook that remembers what it was asked, and gives one response, or waits first."""

    def __init__(self, seconds: float = 0.0, **response: Any) -> None:
        self.response = {"allowed": True, **response}
        self.asked: list[dict[str, Any]] = []
        self.clock: Clock | None = None
        self.seconds = seconds

    async def __call__(self, review: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(dict(review["request"]))
        if self.seconds and self.clock is not None:
            await self.clock.sleep(self.seconds)
        head = {"apiVersion": review["apiVersion"], "kind": "AdmissionReview"}
        return {**head, "response": {"uid": review["request"]["uid"], **self.response}}


def patch(*operations: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a response that changes the object."""
    text = json.dumps(operations).encode()
    return {"patchType": "JSONPatch", "patch": base64.b64encode(text).decode()}


def labelled(key: str) -> dict[str, Any]:
    """A patch that adds a label."""
    return patch({"op": "add", "path": "/metadata/labels", "value": {key: "yes"}})


@asynccontextmanager
async def serving(**hooks: Any) -> AsyncIterator[Api]:
    """A server that knows functions by the paths of URLs."""
    admission = Admission(webhooks={f"{HOST}/{path}": hook for path, hook in hooks.items()})
    async with Api(admission=chain_of(admission)) as api:
        for hook in hooks.values():
            if isinstance(hook, Hook):
                hook.clock = api.system.clock
        yield api


def webhook(kind: type[W], path: str, **fields: Any) -> W:
    """A webhook of everything that is written of ConfigMaps."""
    given: dict[str, Any] = {
        "name": f"{path}.example.com",
        "client_config": WebhookClientConfig(url=f"{HOST}/{path}"),
        "rules": (EVERYTHING,),
        "side_effects": "None",
        "admission_review_versions": ("v1",),
        **fields,
    }
    return kind(**given)


async def validating(api: Api, path: str, **fields: Any) -> None:
    """Configure a validating webhook."""
    made = ValidatingWebhookConfiguration(
        metadata=ObjectMeta(name=path), webhooks=(webhook(ValidatingWebhook, path, **fields),)
    )
    await api.create(made)


async def mutating(api: Api, *paths: str, **fields: Any) -> None:
    """Configure mutating webhooks, all in one configuration."""
    hooks = tuple(webhook(MutatingWebhook, path, **fields) for path in paths)
    made = MutatingWebhookConfiguration(metadata=ObjectMeta(name=paths[0]), webhooks=hooks)
    await api.create(made)


def config(name: str = "c", **data: str) -> ConfigMap:
    """What the webhooks are asked about."""
    return ConfigMap(metadata=meta(name), data=data)


# --- validating ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "code", "reason", "words"),
    [
        ({}, 400, "", " without explanation"),
        ({"status": {"reason": "Teapot"}}, 400, "Teapot", ": Teapot"),
        ({"status": {"message": "no", "code": 418}}, 418, "", ": no"),
        ({"status": {"message": "no", "code": 200, "status": "Success"}}, 400, "", ": no"),
    ],
)
async def test_a_refusal_has_the_webhooks_code_and_reason(
    response: dict[str, Any], code: int, reason: str, words: str
) -> None:
    """Never one below 400; the message begins with who has refused."""
    async with serving(deny=Hook(allowed=False, **response)) as api:
        await validating(api, "deny")
        error = await refused(ApiError, api.create(config()))
        assert (error.code, error.reason) == (code, reason)
        assert str(error) == f'admission webhook "deny.example.com" denied the request{words}'


async def test_a_review_says_all_of_the_write() -> None:
    """The request, the object, what it was, its options, who asks; a generated name to those who judge."""
    hook = Hook()
    async with serving(see=hook) as api:
        await validating(api, "see")
        made = await api.create(config(a="1"), options={"fieldManager": "m"})
        await api.patch(ConfigMap, "c", {"data": {"a": "2"}}, dry_run=True)
        await api.delete(ConfigMap, "c", propagation_policy="Foreground")
        await api.create(ConfigMap(metadata=ObjectMeta(generate_name="g-", namespace="default")))
    created, changed, deleted, generated = hook.asked
    gvk = {"group": "", "version": "v1"}
    assert created["kind"] == created["requestKind"] == {**gvk, "kind": "ConfigMap"}
    assert created["resource"] == created["requestResource"] == {**gvk, "resource": "configmaps"}
    assert (created["operation"], created["name"], created["namespace"]) == (
        "CREATE",
        "c",
        "default",
    )
    options = {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}
    assert created["options"] == {**options, "fieldManager": "m"}
    assert created["object"]["metadata"]["uid"] == made.metadata.uid
    assert created["oldObject"] is None
    assert "system:masters" in created["userInfo"]["groups"]
    assert (changed["object"]["data"], changed["oldObject"]["data"]) == ({"a": "2"}, {"a": "1"})
    assert changed["dryRun"]
    assert changed["options"] == {**options, "kind": "UpdateOptions", "dryRun": ["All"]}
    assert (deleted["operation"], deleted["object"]) == ("DELETE", None)
    assert deleted["oldObject"]["data"] == {"a": "1"}
    assert deleted["options"]["propagationPolicy"] == "Foreground"
    assert generated["name"] == generated["object"]["metadata"]["name"]
    assert generated["name"].startswith("g-")
    assert len({each["uid"] for each in hook.asked}) == 4


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"object_selector": LabelSelector(match_labels={"x": "y"})}, False),
        ({"namespace_selector": LabelSelector(match_labels={"x": "y"})}, False),
        ({"match_conditions": (MatchCondition(name="a", expression="object.data.a == '2'"),)}, 0),
        ({"match_conditions": (MatchCondition(name="a", expression="object.data.a == '1'"),)}, 1),
        ({"rules": (replace(EVERYTHING, scope="Cluster"),)}, False),
        ({"rules": (replace(EVERYTHING, operations=("UPDATE", "DELETE")),)}, False),
        ({"rules": (replace(EVERYTHING, resources=("*",), api_groups=("",)),)}, True),
        ({"rules": (replace(EVERYTHING, resources=("configmaps/status",)),)}, False),
    ],
)
async def test_only_what_the_configuration_selects_is_asked_about(
    fields: dict[str, Any], asked: bool
) -> None:
    """By rules, scope, selectors and conditions."""
    hook = Hook()
    async with serving(see=hook) as api:
        await validating(api, "see", **fields)
        await api.create(config(a="1"))
    assert len(hook.asked) == asked


async def test_a_condition_without_a_value_refuses_or_passes_the_webhook_over() -> None:
    """As the failure policy says; the webhook is not asked either way."""
    hook = Hook(allowed=False)
    broken = (MatchCondition(name="a", expression="object.data.none == '1'"),)
    async with serving(see=hook, ignored=hook) as api:
        await validating(api, "ignored", match_conditions=broken, failure_policy="Ignore")
        await api.create(config(a="1"))
        await validating(api, "see", match_conditions=broken)
        error = await refused(Forbidden, api.create(config("d", a="1")))
    assert "expression 'object.data.none == '1'' resulted in error: no such key: none" in str(error)
    assert not hook.asked


async def test_a_failing_webhook_refuses_unless_it_is_ignored() -> None:
    """With Kubernetes' words for what went wrong."""

    async def broken(_review: Mapping[str, Any]) -> Mapping[str, Any]:
        raise LookupError("lost")

    async with serving(broken=broken) as api:
        await validating(api, "broken", failure_policy="Ignore")
        await api.create(config())
        await api.delete(ValidatingWebhookConfiguration, "broken")
        await validating(api, "broken")
        error = await refused(InternalError, api.create(config("d")))
    words = 'failed calling webhook "broken.example.com": failed to call webhook: LookupError: lost'
    assert str(error) == f"Internal error occurred: {words}"
    assert [cause.message for cause in error.causes] == [words]


@pytest.mark.parametrize(
    ("response", "words"),
    [
        ({"uid": "x"}, 'expected response.uid="'),
        ({"patchType": "JSONPatch"}, "validating webhook may not return response.patchType"),
        (patch({"op": "remove", "path": "/data"}), "validating webhook may not return"),
    ],
)
async def test_an_invalid_response_is_a_failure(response: dict[str, Any], words: str) -> None:
    """Another question's answer, or a patch of one who may only look."""
    async with serving(see=Hook(**response)) as api:
        await validating(api, "see")
        error = await refused(InternalError, api.create(config()))
    assert f"received invalid webhook response: {words}" in str(error)


async def test_a_slow_webhook_is_given_its_time_while_others_are_served() -> None:
    """After its timeout the write fails; meanwhile the server does other work."""
    async with serving(slow=Hook(seconds=5.0)) as api:
        await validating(api, "slow", timeout_seconds=2)
        begun = api.system.clock.now()
        waiting = api.ref.ask(api.creation(config()))
        await api.create(Namespace(metadata=ObjectMeta(name="other")))
        assert api.system.clock.now() == begun
        error = await refused(InternalError, waiting)
        assert "context deadline exceeded" in str(error)
        assert api.system.clock.now() == begun + 2.0


async def test_webhooks_are_asked_beside_one_another_and_the_first_refusal_counts() -> None:
    """All warnings are told; the refusal is that of the first in the order of configurations."""
    told: list[str] = []
    first = Hook(seconds=3.0, allowed=False, warnings=["one"])
    second = Hook(seconds=3.0, allowed=False, warnings=["two"])
    async with serving(a=first, b=second) as api:
        await validating(api, "b")
        await validating(api, "a")
        begun = api.system.clock.now()
        error = await refused(ApiError, api.create(config(), warn=told.append))
        assert api.system.clock.now() == begun + 3.0
    assert 'webhook "a.example.com"' in str(error)
    assert told == ["one", "two"]


async def test_what_others_refuse_is_not_shown_to_a_webhook() -> None:
    """Policies are asked before webhooks; and what a limit has counted is counted once."""
    hook = Hook()
    limits = {"limits": [{"type": "Server", "qps": 1, "burst": 2}]}
    admission = Admission(
        enable=("EventRateLimit",),
        webhooks={f"{HOST}/see": hook},
        configurations={"EventRateLimit": limits},
    )
    about = {"kind": "Pod", "namespace": "default", "name": "p"}
    async with Api(admission=chain_of(admission)) as api:
        await api.patch(
            Namespace,
            "default",
            {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}},
        )
        await validating(api, "see", rules=(replace(EVERYTHING, resources=("*",)),))
        made = pod("p", host_network=True)
        await refused(Forbidden, api.create(made))
        assert not hook.asked
        for name in ("a", "b"):
            head = {"name": name, "namespace": "default"}
            await api.create(from_dict({"metadata": head, "involvedObject": about}, Event))
    assert [each["name"] for each in hook.asked] == ["a", "b"]


async def test_a_webhook_can_forbid_connections() -> None:
    """It is asked about the options of each, and of no object."""
    hook = Hook(allowed=False, status={"message": "no terminals"})
    rule = replace(EVERYTHING, operations=("CONNECT",), resources=("pods/attach",))
    options = Unstructured(api_version="v1", kind="PodAttachOptions", content={"stdin": True})
    async with serving(deny=hook) as api:
        await validating(api, "deny", rules=(rule,))
        asking: dict[str, Any] = {
            "resource": api.resource(Pod),
            "name": "p",
            "namespace": "default",
            "object": options,
        }
        await api.ref.ask(AdmitConnection(subresource="exec", **asking))
        error = await refused(
            ApiError, api.ref.ask(AdmitConnection(subresource="attach", **asking))
        )
    assert str(error) == 'admission webhook "deny.example.com" denied the request: no terminals'
    [asked] = hook.asked
    assert (asked["operation"], asked["subResource"]) == ("CONNECT", "attach")
    assert asked["kind"] == {"group": "", "version": "v1", "kind": "PodAttachOptions"}
    assert asked["object"] == {"apiVersion": "v1", "kind": "PodAttachOptions", "stdin": True}
    assert (asked["oldObject"], asked["options"]) == (None, None)


async def test_who_owns_what_is_shown_before_it_is_stored() -> None:
    """To who may change the object and to who judges it, as it will be."""
    hook, judge = Hook(), Hook()
    async with serving(see=hook, judge=judge) as api:
        await mutating(api, "see")
        await validating(api, "judge")
        await api.create(config(a="1"))
        await api.patch(ConfigMap, "c", {"data": {"b": "2"}})
    for asked in (hook.asked, judge.asked):
        (made,), (changed,) = (each["object"]["metadata"]["managedFields"] for each in asked)
        assert set(made["fieldsV1"]["f:data"]) == {".", "f:a"}
        assert set(changed["fieldsV1"]["f:data"]) == {".", "f:a", "f:b"}


async def test_a_scale_is_judged_as_it_will_be() -> None:
    """Whoever sends only a number: with the selector and the identity of what is scaled."""
    mutate, judge = Hook(), Hook()
    rule = replace(EVERYTHING, resources=("deployments/scale",))
    async with serving(see=mutate, judge=judge) as api:
        made = await api.create(deployment("d"))
        await mutating(api, "see", rules=(rule,))
        await validating(api, "judge", rules=(rule,))
        sent = Scale(metadata=meta("d"), spec=ScaleSpec(replicas=3))
        await api.ref.ask(
            Update(
                resource=api.resource(Deployment),
                object=sent,
                name="d",
                namespace="default",
                subresource="scale",
            )
        )
    (sent_to,), (judged,) = mutate.asked, judge.asked
    assert "uid" not in sent_to["object"]["metadata"]
    assert judged["object"]["metadata"]["uid"] == made.metadata.uid
    assert judged["object"]["spec"] == {"replicas": 3}
    assert "selector" in judged["object"]["status"]


async def test_nobody_is_asked_again_about_what_is_ending() -> None:
    """A second deletion that changes nothing; one that is to be sooner is asked about."""
    hook = Hook()
    rule = replace(EVERYTHING, operations=("DELETE",), resources=("pods",))
    async with serving(judge=hook) as api:
        made = pod("p")
        assert made.spec is not None
        await api.create(replace(made, spec=replace(made.spec, node_name="n")))
        await validating(api, "judge", rules=(rule,))
        for seconds in (30, 30, 40, 10, 10):
            await api.delete(Pod, "p", grace_period_seconds=seconds)
    said = [each["options"]["gracePeriodSeconds"] for each in hook.asked]
    assert said == [30, 10]


async def test_a_deletion_of_a_namespace_means_that_one() -> None:
    """By its UID, as the options say, whoever left it out; one of many says none."""
    hook = Hook()
    rule = replace(EVERYTHING, operations=("DELETE",), resources=("namespaces", "configmaps"))
    async with serving(judge=hook) as api:
        made = await api.create(namespace("n"))
        await api.create(config())
        await validating(api, "judge", rules=(rule,))
        await api.delete(Namespace, "n", namespace="")
        await api.ref.ask(DeleteCollection(resource=api.resource(ConfigMap), namespace="default"))
    one, many = (each["options"] for each in hook.asked)
    assert one["preconditions"] == {"uid": made.metadata.uid}
    assert "preconditions" not in many


async def test_an_eviction_is_asked_about_once_and_not_its_deletion() -> None:
    """Before it is known whether the pod is there."""
    hook = Hook()
    rule = replace(EVERYTHING, operations=("*",), resources=("*/*",))
    async with serving(see=hook) as api:
        await api.create(pod("p"))
        await validating(api, "see", rules=(rule,))
        for name, error in (("absent", NotFound), ("p", None)):
            request = Create(
                resource=api.resource(Pod),
                object=Eviction(metadata=meta(name)),
                name=name,
                namespace="default",
                subresource="eviction",
            )
            if error is None:
                await api.ref.ask(request)
            else:
                await refused(error, api.ref.ask(request))
    asked = [(each["operation"], each["subResource"], each["name"]) for each in hook.asked]
    assert asked == [("CREATE", "eviction", "absent"), ("CREATE", "eviction", "p")]


async def test_letting_a_namespace_go_is_asked_about() -> None:
    """As any write of a part is."""
    hook = Hook(allowed=False, status={"message": "stay"})
    rule = replace(EVERYTHING, operations=("UPDATE",), resources=("namespaces/finalize",))
    async with serving(stay=hook) as api:
        await validating(api, "stay", rules=(rule,))
        found = await api.get(Namespace, "default")
        words = 'admission webhook "stay.example.com" denied the request: stay'
        with pytest.raises(ApiError, match=words):
            await api.update(replace(found, spec=NamespaceSpec()), subresource="finalize")


async def test_what_if_is_not_asked_of_a_webhook_with_effects() -> None:
    """A dry run is refused where a stored webhook does not promise to have no effects then."""
    hook = Hook()
    careful = webhook(ValidatingWebhook, "careful", side_effects="NoneOnDryRun")
    # Validation lets no such webhook in any more; one of an older version may be stored.
    acts = webhook(ValidatingWebhook, "acts", side_effects="Some", timeout_seconds=1)
    stored = ValidatingWebhookConfiguration(metadata=ObjectMeta(name="a"), webhooks=(careful, acts))
    store = MemoryStore()
    store.begin_with("validatingwebhookconfigurations.admissionregistration.k8s.io", [stored])
    hooks = {f"{HOST}/careful": hook, f"{HOST}/acts": hook}
    async with Api(store=store, admission=chain_of(Admission(webhooks=hooks))) as api:
        error = await refused(BadRequest, api.create(config(), dry_run=True))
        assert str(error) == 'admission webhook "acts.example.com" does not support dry run'
        assert [each["dryRun"] for each in hook.asked] == [True]


async def test_configurations_are_not_judged_by_what_they_configure() -> None:
    """Who locks everybody out can still take the lock off."""
    everything = replace(EVERYTHING, resources=("*",))
    async with serving(deny=Hook(allowed=False)) as api:
        await validating(api, "deny", rules=(everything,))
        await refused(ApiError, api.create(config()))
        await api.delete(ValidatingWebhookConfiguration, "deny")
        await api.create(config())


async def test_a_rule_for_another_version_means_the_same_objects() -> None:
    """The webhook sees them in its version, unless its match policy is Exact."""
    old = RuleWithOperations(
        operations=("CREATE",),
        api_groups=("autoscaling",),
        api_versions=("v1",),
        resources=("horizontalpodautoscalers",),
    )
    document = {
        "metadata": {"name": "h", "namespace": "default"},
        "spec": {
            "maxReplicas": 2,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 50},
                    },
                }
            ],
        },
    }
    exact, equivalent = Hook(), Hook()
    async with serving(exact=exact, equivalent=equivalent) as api:
        await validating(api, "exact", rules=(old,), match_policy="Exact")
        await validating(api, "equivalent", rules=(old,))
        await api.create(from_dict(document, HorizontalPodAutoscaler))
    assert not exact.asked
    [asked] = equivalent.asked
    assert (asked["kind"]["version"], asked["requestKind"]["version"]) == ("v1", "v2")
    assert asked["object"]["apiVersion"] == "autoscaling/v1"
    assert asked["object"]["spec"]["targetCPUUtilizationPercentage"] == 50


async def test_a_service_stands_for_its_server() -> None:
    """A function is registered by the service's name; without one the service must exist."""
    hook = Hook(allowed=False)
    admission = Admission(webhooks={"https://policy.default.svc/check": hook})
    reference = ServiceReference(name="policy", namespace="default", path="/check")
    other = replace(reference, name="absent")
    async with Api(admission=chain_of(admission)) as api:
        await validating(api, "a", client_config=WebhookClientConfig(service=reference))
        assert "denied the request" in str(await refused(ApiError, api.create(config())))
        await api.delete(ValidatingWebhookConfiguration, "a")
        await validating(api, "b", client_config=WebhookClientConfig(service=other))
        error = await refused(InternalError, api.create(config()))
        assert str(error).endswith('/check?timeout=10s": service "absent" not found')
        await api.create(
            from_dict(
                {
                    "metadata": {"name": "absent", "namespace": "default"},
                    "spec": {"ports": [{"port": 443}], "selector": {"a": "b"}},
                },
                Service,
            )
        )
        error = await refused(InternalError, api.create(config()))
        assert str(error).endswith('no endpoints available for service "absent"')


# --- mutating ------------------------------------------------------------------------------


async def test_each_webhook_sees_what_the_one_before_it_made() -> None:
    """In the order of configurations and of webhooks; the object is stored as the last one leaves it."""
    adds = patch({"op": "add", "path": "/data/b", "value": "2"})
    first, second = Hook(**labelled("x")), Hook(**adds)
    async with serving(first=first, second=second) as api:
        await mutating(api, "first", "second")
        stored = await api.create(config(a="1"))
    assert (dict(stored.metadata.labels), dict(stored.data)) == ({"x": "yes"}, {"a": "1", "b": "2"})
    [before], [after] = first.asked, second.asked
    assert "uid" not in before["object"]["metadata"]
    assert after["object"]["metadata"]["labels"] == {"x": "yes"}


async def test_defaults_are_there_before_and_after() -> None:
    """A webhook sees a namespaced object as it will be stored, and what it adds has its defaults, too."""
    hook = Hook(
        **patch(
            {"op": "add", "path": "/spec/containers/-", "value": {"name": "side", "image": "s:1"}}
        )
    )
    pods = replace(EVERYTHING, resources=("pods",), operations=("CREATE",))
    async with serving(inject=hook) as api:
        await mutating(api, "inject", rules=(pods,))
        stored = await api.create(pod("p"))
    assert hook.asked[0]["object"]["spec"]["restartPolicy"] == "Always"
    assert [each.name for each in stored.spec.containers][-1] == "side"
    assert stored.spec.containers[-1].image_pull_policy == "IfNotPresent"


async def test_a_webhook_that_wants_to_is_asked_again_after_a_later_change() -> None:
    """Once, with the changed object; one that does not want to is not."""
    first, never = Hook(), Hook()
    last = Hook(**patch({"op": "add", "path": "/data/b", "value": "2"}))
    async with serving(first=first, never=never, last=last) as api:
        hooks = (
            webhook(MutatingWebhook, "first", reinvocation_policy="IfNeeded"),
            webhook(MutatingWebhook, "never"),
            webhook(MutatingWebhook, "last", reinvocation_policy="IfNeeded"),
        )
        await api.create(
            MutatingWebhookConfiguration(metadata=ObjectMeta(name="m"), webhooks=hooks)
        )
        await api.create(config(a="1"))
    assert [each["object"]["data"] for each in first.asked] == [{"a": "1"}, {"a": "1", "b": "2"}]
    assert (len(never.asked), len(last.asked)) == (1, 1)


async def test_a_patch_that_does_not_apply_refuses_the_write() -> None:
    """As a fault of the server, even if failures are ignored."""
    hook = Hook(**patch({"op": "replace", "path": "/none/such", "value": 1}))
    async with serving(bad=hook) as api:
        await mutating(api, "bad", failure_policy="Ignore")
        error = await refused(InternalError, api.create(config()))
    assert str(error) == (
        "Internal error occurred: replace operation does not apply: "
        "doc is missing path: /none/such: missing value"
    )


async def test_a_patch_that_fits_no_type_is_told_as_go_tells_it() -> None:
    """The document that it makes is read as a client's."""
    hook = Hook(**patch({"op": "add", "path": "/data", "value": 5}))
    async with serving(bad=hook) as api:
        await mutating(api, "bad")
        error = await refused(InternalError, api.create(config()))
    assert str(error) == (
        "Internal error occurred: json: cannot unmarshal number into Go struct field ConfigMap.data "
        "of type map[string]string"
    )


async def test_a_deletion_can_be_refused_and_not_changed() -> None:
    """Mutating webhooks are asked about deletions, and a patch of one is an error."""
    hook = Hook(**labelled("x"))
    async with serving(change=hook) as api:
        await mutating(api, "change", rules=(replace(EVERYTHING, operations=("DELETE",)),))
        await api.create(config())
        error = await refused(InternalError, api.delete(ConfigMap, "c"))
        hook.response = {"allowed": True}
        await api.delete(ConfigMap, "c")
    assert "attempted to modify the object, which is not supported for this operation" in str(error)


async def test_a_deletion_of_many_names_none_of_them() -> None:
    """Each is asked about, by what it is; nobody has asked for it by its name."""
    hook = Hook()
    async with serving(judge=hook) as api:
        await validating(api, "judge", rules=(replace(EVERYTHING, operations=("DELETE",)),))
        await api.create(config())
        await api.ref.ask(DeleteCollection(resource=api.resource(ConfigMap), namespace="default"))
    (asked,) = hook.asked
    assert "name" not in asked
    assert asked["oldObject"]["metadata"]["name"] == "c"


async def test_a_webhook_may_name_what_is_new_and_the_server_identifies_it() -> None:
    """What is there already keeps its name."""
    hook = Hook(
        **patch(
            {"op": "add", "path": "/metadata/uid", "value": "x"},
            {"op": "add", "path": "/metadata/name", "value": "other"},
        )
    )
    async with serving(change=hook) as api:
        await api.create(config())
        await mutating(api, "change")
        stored = await api.create(config("d"))
        assert (await api.get(ConfigMap, "other")).metadata.uid == stored.metadata.uid != "x"
        error = await refused(Invalid, api.patch(ConfigMap, "c", {"data": {"a": "2"}}))
        assert [each.field for each in error.causes] == ["metadata.name", "metadata.uid"] * 2


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [("namespace", "other", BadRequest), ("resourceVersion", "1", Unclassified)],
)
async def test_a_webhook_may_not_put_what_is_new_elsewhere(
    field: str, value: str, expected: type[ApiError]
) -> None:
    """Nor say that it was stored before."""
    hook = Hook(**patch({"op": "add", "path": f"/metadata/{field}", "value": value}))
    async with serving(change=hook) as api:
        await mutating(api, "change")
        await refused(expected, api.create(config()))


async def test_two_writers_at_once_keep_both_changes() -> None:
    """An update that waited and was overtaken is asked about again."""
    async with serving(slow=Hook(seconds=1.0)) as api:
        await api.create(namespace("x"))
        await api.create(config())
        await mutating(api, "slow")
        patches = [api.patch(ConfigMap, "c", {"data": {key: "1"}}) for key in ("x", "y")]
        await asyncio.gather(*patches)
        assert dict((await api.get(ConfigMap, "c")).data) == {"x": "1", "y": "1"}
