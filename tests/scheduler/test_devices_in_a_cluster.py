"""Pods that claim devices, in a cluster: allocated, reserved, bound, and free again."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator import Cluster
from orchestrator.api.core.v1 import Event, Namespace, Node, Pod
from orchestrator.api.meta.v1 import Condition
from orchestrator.api.resource.v1 import (
    AllocatedDeviceStatus,
    DeviceTaint,
    ResourceClaim,
    ResourceSlice,
)
from orchestrator.api.scalars import Time
from orchestrator.protocol import Invalid
from tests.scheduler.test_scheduler import _scheduled

DRIVER = "gpu.example.com"


def device_class(name: str = "gpu", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": name},
        "spec": {"selectors": [{"cel": {"expression": f'device.driver == "{DRIVER}"'}}], **spec},
    }


def slice_of(node: str, *devices: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": f"{node}-gpus"},
        "spec": {
            "driver": DRIVER,
            "nodeName": node,
            "pool": {"name": node, "generation": 1, "resourceSliceCount": 1},
            "devices": [
                {
                    "name": name,
                    "attributes": {"model": {"string": "a100"}},
                    "capacity": {"memory": {"value": "40Gi"}},
                }
                for name in devices
            ],
            **spec,
        },
    }


def claim_spec(**request: Any) -> dict[str, Any]:
    return {
        "devices": {"requests": [{"name": "one", "exactly": {"deviceClassName": "gpu", **request}}]}
    }


def claim(name: str, **request: Any) -> dict[str, Any]:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": "default"},
        "spec": claim_spec(**request),
    }


def template(name: str, **request: Any) -> dict[str, Any]:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"spec": claim_spec(**request)},
    }


def pod(name: str, **source: str) -> dict[str, Any]:
    container = {"name": "c", "image": "i", "resources": {"claims": [{"name": "gpu"}]}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [container], "resourceClaims": [{"name": "gpu", **source}]},
    }


async def _pod(cluster: Cluster, name: str) -> Pod:
    return await cluster.client.get(Pod, name, namespace="default")


async def _claim(cluster: Cluster, name: str) -> ResourceClaim:
    return await cluster.client.get(ResourceClaim, name, namespace="default")


async def test_a_pod_goes_where_the_devices_of_its_claim_are(cluster: Cluster) -> None:
    """The claim says what it got and who uses it, before the pod is bound."""
    await cluster.apply([device_class(), slice_of("node-1", "gpu-0"), claim("mine")])
    await cluster.apply([pod("p", resourceClaimName="mine")])
    await cluster.client.wait(Pod, "p", "condition=Ready", namespace="default", timeout=30)
    mine = await _claim(cluster, "mine")
    found = await _pod(cluster, "p")
    assert found.spec is not None
    assert found.spec.node_name == "node-1"
    assert mine.status is not None
    assert mine.status.allocation is not None
    assert mine.status.allocation.devices is not None
    [result] = mine.status.allocation.devices.results
    assert (result.request, result.driver, result.pool, result.device) == (
        "one",
        DRIVER,
        "node-1",
        "gpu-0",
    )
    assert [each.uid for each in mine.status.reserved_for] == [found.metadata.uid]
    assert mine.metadata.finalizers == ("resource.kubernetes.io/delete-protection",)


async def test_pods_alike_share_what_is_known_until_devices_are_taken_or_freed(
    cluster: Cluster,
) -> None:
    """Each gets a device of its own while there are any; the next one waits until one is free again."""
    names = [f"c{number}" for number in range(5)]
    slices = [slice_of(node, "gpu-0", "gpu-1") for node in ("node-0", "node-1")]
    await cluster.apply([device_class(), *slices, *map(claim, names)])
    await cluster.apply([pod(name, resourceClaimName=name) for name in names])
    await cluster.clock.sleep(20)
    had = [(await _pod(cluster, name)).spec for name in names]
    waits = [name for name, spec in zip(names, had, strict=True) if spec and not spec.node_name]
    assert len(waits) == 1
    first = next(name for name in names if name not in waits)
    await cluster.client.delete(Pod, first, namespace="default")
    await cluster.client.wait(Pod, waits[0], "condition=Ready", namespace="default", timeout=60)


def _asking(name: str, amount: str = "1") -> dict[str, Any]:
    """A pod that asks for GPUs as for any resource of a node."""
    resources = {"requests": {"example.com/gpu": amount}, "limits": {"example.com/gpu": amount}}
    container = {"name": "c", "image": "i", "resources": resources}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [container]},
    }


async def test_devices_stand_for_an_extended_resource_that_no_node_offers(cluster: Cluster) -> None:
    """The scheduler makes the claim, tells the pod which container has what, and the devices are used up."""
    named = device_class(extendedResourceName="example.com/gpu")
    await cluster.apply([named, slice_of("node-1", "gpu-0", "gpu-1"), _asking("p", "2")])
    await cluster.client.wait(Pod, "p", "condition=Ready", namespace="default", timeout=30)
    found = await _pod(cluster, "p")
    assert found.spec is not None
    assert found.spec.node_name == "node-1"
    assert found.status is not None
    said = found.status.extended_resource_claim_status
    assert said is not None
    assert said.resource_claim_name.startswith("p-extended-resources-")
    [mapping] = said.request_mappings
    assert (mapping.container_name, mapping.resource_name, mapping.request_name) == (
        "c",
        "example.com/gpu",
        "container-0-request-0",
    )
    made = await _claim(cluster, said.resource_claim_name)
    assert made.status is not None
    assert [each.uid for each in made.status.reserved_for] == [found.metadata.uid]
    await cluster.apply([_asking("q")])
    await cluster.clock.sleep(3)
    waiting = await _pod(cluster, "q")
    assert waiting.status is not None
    [condition] = waiting.status.conditions
    assert (condition.message or "").endswith(
        "cannot allocate all claims. still not schedulable, preemption: 0/3 nodes are available: "
        "3 Preemption is not helpful for scheduling."
    )
    await cluster.client.delete(Pod, "p", namespace="default")
    await cluster.client.wait(Pod, "q", "condition=Ready", namespace="default", timeout=90)
    claims = await cluster.client.list(ResourceClaim, namespace="default")
    assert [c.metadata.name.startswith("q-extended-resources-") for c in claims] == [True]


async def test_what_a_node_offers_itself_is_not_taken_from_devices(cluster: Cluster) -> None:
    """And a claim that was made for a pod whose binding failed is deleted before it is tried again."""
    named = device_class(extendedResourceName="example.com/gpu")
    await cluster.apply([named, slice_of("node-1", "gpu-0")])
    offers = {
        "status": {"allocatable": {"example.com/gpu": "1"}, "capacity": {"example.com/gpu": "1"}}
    }
    await cluster.client.patch(Node, "node-0", offers, patch_type="merge", subresource="status")
    await cluster.apply([_asking("p", "1"), _asking("q", "1")])
    for name in ("p", "q"):
        await cluster.client.wait(Pod, name, "condition=Ready", namespace="default", timeout=60)
    on_node = {
        (p.spec.node_name if p.spec else ""): p for p in [await _pod(cluster, n) for n in "pq"]
    }
    assert set(on_node) == {"node-0", "node-1"}
    assert len(await cluster.client.list(ResourceClaim, namespace="default")) == 1


async def test_claims_of_a_template_are_made_used_and_given_back(cluster: Cluster) -> None:
    """Two devices serve two pods; the third waits until one of them has gone."""
    await cluster.apply([device_class(), slice_of("node-1", "gpu-0", "gpu-1"), template("gpus")])
    for name in ("a", "b", "c"):
        await cluster.apply([pod(name, resourceClaimTemplateName="gpus")])
    await cluster.clock.sleep(10)
    pods = {name: await _pod(cluster, name) for name in ("a", "b", "c")}
    waiting = [name for name, each in pods.items() if each.spec and not each.spec.node_name]
    assert len(waiting) == 1
    assert _scheduled(pods[waiting[0]]) == (
        "False",
        "Unschedulable",
        "0/3 nodes are available: 3 cannot allocate all claims. still not schedulable, preemption: "
        "0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    )
    going = next(name for name in pods if name not in waiting)
    await cluster.client.delete(Pod, going, namespace="default")
    await cluster.client.wait(Pod, waiting[0], "condition=Ready", namespace="default", timeout=60)
    claims = await cluster.client.list(ResourceClaim, namespace="default")
    assert len(claims) == 2
    assert all(
        each.metadata.name.rstrip("bcdfghjklmnpqrstvwxz2456789")[1:] == "-gpu-" for each in claims
    )


async def test_a_pod_waits_for_a_claim_that_is_not_there(cluster: Cluster) -> None:
    """It is kept out of the queue without a word, and let in when the claim comes."""
    await cluster.apply([device_class(), slice_of("node-2", "gpu-0")])
    await cluster.apply([pod("p", resourceClaimName="late")])
    await cluster.clock.sleep(5)
    found = await _pod(cluster, "p")
    assert found.status is not None
    assert not found.status.conditions
    await cluster.apply([claim("late")])
    await cluster.client.wait(Pod, "p", "condition=Ready", namespace="default", timeout=30)


async def test_a_class_that_does_not_exist_is_named(cluster: Cluster) -> None:
    """The refusal comes before any node is looked at, and ends when the class is there."""
    await cluster.apply(
        [slice_of("node-2", "gpu-0"), claim("mine"), pod("p", resourceClaimName="mine")]
    )
    await cluster.clock.sleep(5)
    assert _scheduled(await _pod(cluster, "p"))[2] == (
        "0/3 nodes are available: request one: device class gpu does not exist. no new claims to "
        "deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )
    await cluster.apply([device_class()])
    await cluster.client.wait(Pod, "p", "condition=Ready", namespace="default", timeout=30)


async def test_a_missing_template_is_an_event_of_the_pod(cluster: Cluster) -> None:
    """The claim is made when the template comes."""
    await cluster.apply([device_class(), slice_of("node-2", "gpu-0"), template("other")])
    await cluster.apply([pod("p", resourceClaimTemplateName="gpus")])
    await cluster.clock.sleep(5)
    events = await cluster.client.list(Event, namespace="default")
    [failed] = [e for e in events if e.reason == "FailedResourceClaimCreation"]
    assert failed.message == (
        'PodResourceClaim gpu: resource claim template "gpus": '
        'resourceclaimtemplate.resource.k8s.io "gpus" not found'
    )
    await cluster.apply([template("gpus")])
    await cluster.client.wait(Pod, "p", "condition=Ready", namespace="default", timeout=60)


async def test_a_claim_elsewhere_is_given_up_for_a_pod_that_cannot_go_there(
    cluster: Cluster,
) -> None:
    """A claim that only its own pod uses is allocated anew where the pod can run."""
    await cluster.apply([device_class(), slice_of("node-1", "gpu-0"), claim("mine")])
    await cluster.apply([pod("first", resourceClaimName="mine")])
    await cluster.client.wait(Pod, "first", "condition=Ready", namespace="default", timeout=30)
    second = pod("second", resourceClaimName="mine")
    second["spec"]["nodeSelector"] = {"kubernetes.io/hostname": "node-2"}
    await cluster.apply([second])
    await cluster.clock.sleep(5)
    assert (
        "1 resourceclaim not available on the node" in _scheduled(await _pod(cluster, "second"))[2]
    )
    await cluster.apply([slice_of("node-2", "gpu-0")])
    await cluster.client.delete(Pod, "first", namespace="default")
    await cluster.client.wait(Pod, "second", "condition=Ready", namespace="default", timeout=400)


async def test_admin_access_is_for_namespaces_that_are_labelled_for_it(cluster: Cluster) -> None:
    """Claims and templates with admin access are refused elsewhere."""
    for each in (claim("mine", adminAccess=True), template("mine", adminAccess=True)):
        with pytest.raises(Invalid, match="admin access to devices requires the"):
            await cluster.apply([each])
    await cluster.client.patch(
        Namespace,
        "default",
        {"metadata": {"labels": {"resource.kubernetes.io/admin-access": "true"}}},
    )
    await cluster.apply([device_class(), slice_of("node-1", "gpu-0"), claim("owner")])
    await cluster.apply([claim("watcher", adminAccess=True)])
    for name in ("owner", "watcher"):
        await cluster.apply([pod(name, resourceClaimName=name)])
        await cluster.client.wait(Pod, name, "condition=Ready", namespace="default", timeout=30)


async def test_a_pod_leaves_when_its_device_is_tainted(cluster: Cluster) -> None:
    """NoExecute evicts whoever does not tolerate it, with a condition that says so."""
    await cluster.apply([device_class(), slice_of("node-1", "gpu-0", "gpu-1"), claim("mine")])
    patient = [
        {"key": "broken", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}
    ]
    await cluster.apply([claim("patient", tolerations=patient)])
    for name in ("mine", "patient"):
        await cluster.apply([pod(name, resourceClaimName=name)])
        await cluster.client.wait(Pod, name, "condition=Ready", namespace="default", timeout=30)
    piece = await cluster.client.get(ResourceSlice, "node-1-gpus")
    taint = DeviceTaint(key="broken", effect="NoExecute")
    devices = tuple(replace(each, taints=(taint,)) for each in piece.spec.devices)
    await cluster.client.update(replace(piece, spec=replace(piece.spec, devices=devices)))
    await cluster.client.wait(Pod, "mine", "delete", namespace="default", timeout=40)
    await _pod(cluster, "patient")
    await cluster.client.wait(Pod, "patient", "delete", namespace="default", timeout=100)
    events = await cluster.client.list(Event, namespace="default")
    assert {e.message for e in events if e.reason == "DeviceTaintManagerEviction"} == {
        "Marking for deletion"
    }


async def test_a_pod_whose_device_is_well_again_hears_that_it_may_stay(cluster: Cluster) -> None:
    """Before its time under the taint is over."""
    patient = [{"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}]
    tainted = slice_of("node-1", "gpu-0")
    tainted["spec"]["devices"][0]["taints"] = [{"key": "broken", "effect": "NoExecute"}]
    await cluster.apply([device_class(), tainted, claim("mine", tolerations=patient)])
    await cluster.apply([pod("p", resourceClaimName="mine")])
    await cluster.client.wait(Pod, "p", "condition=Ready", namespace="default", timeout=30)
    await cluster.apply([slice_of("node-1", "gpu-0")])
    await cluster.clock.sleep(120)
    assert (await _pod(cluster, "p")).metadata.deletion_timestamp is None
    events = await cluster.client.list(Event, namespace="default")
    assert [e.message for e in events if e.reason == "DeviceTaintManagerEviction"] == [
        "Cancelling deletion"
    ]


async def test_a_pod_on_a_node_waits_for_its_claim(cluster: Cluster) -> None:
    """A kubelet starts nothing for a pod that its claim is not reserved for, and says why."""
    direct = pod("direct", resourceClaimName="mine")
    direct["spec"]["nodeName"] = "node-1"
    await cluster.apply([device_class(), slice_of("node-1", "gpu-0"), claim("mine"), direct])
    await cluster.clock.sleep(5)
    events = await cluster.client.list(Event, namespace="default")
    uid = (await _claim(cluster, "mine")).metadata.uid
    own = (await _pod(cluster, "direct")).metadata.uid
    assert {e.message for e in events if e.reason == "FailedPrepareDynamicResources"} == {
        "Failed to prepare dynamic resources: prepare dynamic resources: pod direct "
        f"({own}) is not allowed to use ResourceClaim mine ({uid})"
    }
    await cluster.apply([pod("other", resourceClaimName="mine")])
    await cluster.client.wait(Pod, "other", "condition=Ready", namespace="default", timeout=30)
    await cluster.client.wait(Pod, "direct", "condition=Ready", namespace="default", timeout=120)


async def test_devices_are_prepared_before_their_pod_is_bound(cluster: Cluster) -> None:
    """The binding waits for the conditions that the driver sets in the claim's status."""
    piece = slice_of("node-1", "gpu-0")
    piece["spec"]["devices"][0] |= {
        "bindingConditions": ["example.com/ready"],
        "bindingFailureConditions": ["example.com/failed"],
    }
    await cluster.apply([device_class(), piece, claim("mine"), pod("p", resourceClaimName="mine")])
    await cluster.clock.sleep(20)
    waiting, mine = await _pod(cluster, "p"), await _claim(cluster, "mine")
    assert waiting.spec is not None
    assert not waiting.spec.node_name
    assert mine.status is not None
    condition = Condition(
        type="example.com/ready",
        status="True",
        reason="Ready",
        last_transition_time=Time("2026-01-01T00:00:00Z"),
    )
    device = AllocatedDeviceStatus(
        driver=DRIVER, pool="node-1", device="gpu-0", conditions=(condition,)
    )
    await cluster.client.update_status(
        replace(mine, status=replace(mine.status, devices=(device,)))
    )
    await cluster.client.wait(Pod, "p", "condition=Ready", namespace="default", timeout=30)


async def test_a_selector_fails_where_devices_are_looked_at_alone(cluster: Cluster) -> None:
    """Not on a node that another filter refuses; where evictions would let it, the attempt tells."""
    wrong = f'device.attributes["{DRIVER}"].vendor == "x"'
    selectors = [{"cel": {"expression": wrong}}]
    labels = {"app": "lone"}
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": labels}}
    away = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    lone = pod("lone")
    lone["metadata"]["labels"] = labels
    lone["spec"] = {"containers": [{"name": "c", "image": "i"}], "nodeName": "node-1"}
    late = pod("late", resourceClaimName="mine")
    late["spec"] |= {"affinity": away, "priorityClassName": "system-cluster-critical"}
    late["metadata"]["namespace"] = lone["metadata"]["namespace"] = "kube-system"
    mine = claim("mine", selectors=selectors)
    mine["metadata"]["namespace"] = "kube-system"
    await cluster.apply([device_class(), slice_of("node-1", "gpu-0"), mine, lone])
    await cluster.clock.sleep(5)
    await cluster.apply([late])
    await cluster.clock.sleep(5)
    found = await cluster.client.get(Pod, "late", namespace="kube-system")
    status, reason, message = _scheduled(found)
    assert (status, reason) == ("False", "Unschedulable")
    refusals, _, preemption = message.partition(" preemption: ")
    assert "1 node(s) didn't match pod anti-affinity rules" in refusals
    assert "cannot allocate all claims" in refusals
    assert preemption.startswith('running "DynamicResources" filter plugin: claim kube-system/mine')


async def test_a_selector_fails_on_nodes_that_only_later_filters_refuse(cluster: Cluster) -> None:
    """A pod that needs a feature of kubelets hears of the selector first, as from kube-scheduler."""
    wrong = f'device.attributes["{DRIVER}"].vendor == "x"'
    mine = claim("mine", selectors=[{"cel": {"expression": wrong}}])
    needy = pod("needy", resourceClaimName="mine")
    rule = {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [5]}}
    needy["spec"]["containers"][0] |= {"restartPolicy": "Never", "restartPolicyRules": [rule]}
    for number in range(3):
        nothing: dict[str, Any] = {"status": {"declaredFeatures": []}}
        await cluster.client.patch(Node, f"node-{number}", nothing, subresource="status")
    await cluster.apply([device_class(), slice_of("node-1", "gpu-0"), mine, needy])
    await cluster.clock.sleep(5)
    status, reason, message = _scheduled(await _pod(cluster, "needy"))
    assert (status, reason) == ("False", "SchedulerError")
    assert message.startswith('running "DynamicResources" filter plugin: claim default/mine')


async def test_extended_resources_of_a_node_do_not_go_with_claims(cluster: Cluster) -> None:
    """Of a class's resource that the node offers itself; kube-scheduler 1.36 has nothing to map then."""
    await cluster.apply(
        [device_class(extendedResourceName="example.com/gpu"), slice_of("node-1", "gpu-0")]
    )
    offers = {"example.com/gpu": "1"}
    await cluster.client.patch(
        Node,
        "node-1",
        {"status": {"capacity": offers, "allocatable": offers}},
        subresource="status",
    )
    both = pod("both", resourceClaimName="mine")
    both["spec"]["containers"][0]["resources"] |= {"limits": offers, "requests": offers}
    await cluster.apply([claim("mine"), both])
    await cluster.clock.sleep(5)
    assert _scheduled(await _pod(cluster, "both")) == (
        "False",
        "SchedulerError",
        'running PreBind plugin "DynamicResources": nil or empty request mappings, no update of pod '
        "default/both ExtendedResourceClaimStatus",
    )
