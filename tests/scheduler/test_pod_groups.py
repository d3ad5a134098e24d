"""Gang scheduling: groups of pods are placed whole, or not at all."""

import json
from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api.apps.v1 import Deployment
from orchestrator.api.core.v1 import Pod
from orchestrator.api.scheduling.v1alpha2 import PodGroup, Workload
from orchestrator.cluster.nodes import node_spec
from orchestrator.protocol import Invalid
from orchestrator.scheduler.on_request import EXPLAIN, EXPLANATION
from tests.scheduler.test_scheduler import _manifest, _scheduled

GROUPS: dict[str, Any] = {
    "feature_gates": {"GenericWorkload": True, "GangScheduling": True},
    "runtime_config": {"scheduling.k8s.io/v1alpha2": True},
}
_FEW = (
    "pod group is unschedulable, waiting for minCount pods from a gang to be scheduled, "
    "one or more plugins asked to wait and no plugin rejected pod"
)


def _group(least: int | None = None, name: str = "g") -> dict[str, Any]:
    policy: dict[str, Any] = {"basic": {}} if least is None else {"gang": {"minCount": least}}
    return {
        "apiVersion": "scheduling.k8s.io/v1alpha2",
        "kind": "PodGroup",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"schedulingPolicy": policy},
    }


def _member(name: str, cpu: str = "10", group: str = "g", **spec: Any) -> dict[str, Any]:
    pod = _manifest(name, requests={"cpu": cpu})
    pod["spec"] |= {"schedulingGroup": {"podGroupName": group}, **spec}
    return pod


async def _pods(cluster: Cluster) -> dict[str, Pod]:
    return {p.metadata.name: p for p in await cluster.client.list(Pod, namespace="default")}


async def _condition(cluster: Cluster) -> tuple[str, str, str]:
    group = await cluster.client.get(PodGroup, "g", namespace="default")
    assert group.status is not None
    (found,) = group.status.conditions
    return found.status, found.reason, found.message


def _nodes_of(pods: dict[str, Pod]) -> set[str]:
    return {p.spec.node_name for p in pods.values() if p.spec is not None}


async def test_pods_of_a_gang_are_explained_where_those_before_them_stand_already() -> None:
    """As the gang is decided about: the second of two large pods finds the first one's node taken."""
    async with Cluster(nodes=2, **GROUPS) as cluster:
        members = [_member(name, cpu="20") for name in ("p0", "p1")]
        for member in members:
            member["metadata"]["annotations"] = {EXPLAIN: "true"}
        await cluster.apply([_group(2), *members])
        await cluster.clock.sleep(1)
        pods = (await _pods(cluster)).values()
        found = [json.loads(pod.metadata.annotations[EXPLANATION]) for pod in pods]
        assert sorted(each["feasible"] for each in found) == [1, 2]
        refused = [(each["plugin"], each["count"]) for one in found for each in one["refused"]]
        assert refused == [("NodeResourcesFit", 1)]


async def test_a_gang_that_fits_is_placed_whole() -> None:
    """In one cycle, and its group says so."""
    async with Cluster(nodes=2, **GROUPS) as cluster:
        await cluster.apply([_group(3), *(_member(f"p{n}") for n in range(3))])
        await cluster.clock.sleep(1)
        assert "" not in _nodes_of(await _pods(cluster))
        assert await _condition(cluster) == ("True", "Scheduled", "")


async def test_a_gang_that_does_not_fit_is_not_placed_at_all() -> None:
    """Those that had a place wait for the others; when room comes they go together."""
    async with Cluster(nodes=1, **GROUPS) as cluster:
        await cluster.apply([_group(3), *(_member(f"p{n}", cpu="14") for n in range(3))])
        await cluster.clock.sleep(20)
        pods = await _pods(cluster)
        assert _nodes_of(pods) == {""}
        said = sorted(_scheduled(p)[2] for p in pods.values())
        assert said[-2:] == [_FEW, _FEW]
        assert "Insufficient cpu" in said[0]
        assert await _condition(cluster) == ("False", "Unschedulable", "pod group is unschedulable")
        await cluster.add_nodes([node_spec("another", 9)])
        await cluster.clock.sleep(15)
        assert "" not in _nodes_of(await _pods(cluster))
        assert (await _condition(cluster))[0] == "True"


async def test_pods_of_a_gang_wait_outside_the_queue_for_the_group_and_for_each_other() -> None:
    """Nothing is said of them meanwhile."""
    async with Cluster(nodes=1, **GROUPS) as cluster:
        await cluster.apply([_member("p0"), _member("p1")])
        await cluster.clock.sleep(30)
        await cluster.apply([_group(3)])
        await cluster.clock.sleep(30)
        pods = await _pods(cluster)
        assert _nodes_of(pods) == {""}
        assert not any(p.status.conditions for p in pods.values() if p.status is not None)
        await cluster.apply([_member("p2")])
        await cluster.clock.sleep(1)
        assert "" not in _nodes_of(await _pods(cluster))


async def test_more_pods_than_the_least_number_take_what_is_left() -> None:
    """A group stays placed when one that comes later is not."""
    async with Cluster(nodes=1, **GROUPS) as cluster:
        await cluster.apply([_group(2), *(_member(f"p{n}") for n in range(2))])
        await cluster.clock.sleep(1)
        await cluster.apply([_member("p2", cpu="1"), _member("p3", cpu="20")])
        await cluster.clock.sleep(5)
        pods = await _pods(cluster)
        placed = {n for n, p in pods.items() if p.spec is not None and p.spec.node_name}
        assert placed == {"p0", "p1", "p2"}
        assert await _condition(cluster) == ("True", "Scheduled", "")


async def test_a_basic_group_places_who_fits() -> None:
    async with Cluster(nodes=1, **GROUPS) as cluster:
        await cluster.apply([_group(), _member("p0"), _member("p1", cpu="100")])
        await cluster.clock.sleep(1)
        pods = await _pods(cluster)
        assert "Insufficient cpu" in _scheduled(pods["p1"])[2]
        assert _scheduled(pods["p0"])[0] == "True"


async def test_a_gang_waits_until_those_are_gone_that_it_evicts() -> None:
    """All of its pods say so, and then it is placed."""
    low = [_manifest(f"low{n}", requests={"cpu": "14"}) for n in range(2)]
    async with Cluster(nodes=1, **GROUPS) as cluster:
        await cluster.apply(low)
        await cluster.clock.sleep(5)
        high = [
            _member(f"p{n}", cpu="14", priorityClassName="system-node-critical") for n in range(2)
        ]
        await cluster.apply([_group(2), *high])
        await cluster.clock.sleep(0.1)
        assert await _condition(cluster) == (
            "False",
            "Unschedulable",
            "pod group is unschedulable, pod group is waiting for preemption to complete",
        )
        await cluster.clock.sleep(90)
        pods = await _pods(cluster)
        assert set(pods) == {"p0", "p1"}
        assert "" not in _nodes_of(pods)


async def test_pods_of_a_group_have_one_scheduler() -> None:
    configuration = {"profiles": [{"schedulerName": "a"}, {"schedulerName": "b"}]}
    async with Cluster(nodes=1, scheduler=configuration, **GROUPS) as cluster:
        await cluster.apply(
            [_group(2), _member("p0", schedulerName="a"), _member("p1", schedulerName="b")]
        )
        await cluster.clock.sleep(0.5)
        said = {_scheduled(p) for p in (await _pods(cluster)).values()}
    (one,) = said
    assert one[:2] == ("False", "SchedulerError")
    assert one[2].startswith("all pods in a single pod group should have the same .spec.scheduler")


async def test_a_template_names_its_pods_group_where_groups_are() -> None:
    """Elsewhere the field is forgotten, of pods and templates."""
    template = {"metadata": {"labels": {"a": "b"}}, "spec": _member("x", cpu="1")["spec"]}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "default"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template},
    }
    kept = {}
    for options in (GROUPS, {}):
        async with Cluster(nodes=1, **options) as cluster:
            await cluster.apply([deployment, _member("p")])
            await cluster.clock.sleep(2)
            stored = await cluster.client.get(Deployment, "d", namespace="default")
            assert stored.metadata.generation == 1
            specs = [p.spec for p in (await _pods(cluster)).values()]
            assert stored.spec is not None
            assert stored.spec.template is not None
            kept[bool(options)] = {
                spec is not None and spec.scheduling_group is not None
                for spec in (*specs, stored.spec.template.spec)
            }
    assert kept == {True: {True}, False: {False}}


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({}, 'spec.schedulingPolicy: Invalid value: "": must specify one of: `basic`, `gang`'),
        (
            {"basic": {}, "gang": {"minCount": 1}},
            'spec.schedulingPolicy: Invalid value: "{`basic`, `gang`}": '
            "must specify exactly one of: `basic`, `gang`",
        ),
        ({"gang": {"minCount": 0}}, "spec.schedulingPolicy.gang.minCount: Required value"),
        (
            {"gang": {"minCount": -1}},
            "spec.schedulingPolicy.gang.minCount: Invalid value: -1: "
            "must be greater than or equal to 1",
        ),
    ],
)
async def test_a_group_has_one_policy(policy: dict[str, Any], words: str) -> None:
    """In the words of the original; so has each template of a Workload."""
    group = _group(1)
    group["spec"]["schedulingPolicy"] = policy
    workload = {
        "apiVersion": "scheduling.k8s.io/v1alpha2",
        "kind": "Workload",
        "metadata": {"name": "w", "namespace": "default"},
        "spec": {"podGroupTemplates": [{"name": "t", "schedulingPolicy": policy}]},
    }
    async with Cluster(nodes=0, **GROUPS) as cluster:
        with pytest.raises(Invalid) as caught:
            await cluster.apply([group])
        assert words in str(caught.value)
        with pytest.raises(Invalid) as caught:
            await cluster.apply([workload])
        within = words.replace(
            "spec.schedulingPolicy", "spec.podGroupTemplates[0].schedulingPolicy"
        )
        assert within in str(caught.value)


async def test_a_group_and_a_workload_stay_as_they_were_made() -> None:
    """What other gates bring is forgotten."""
    group = _group(2)
    group["spec"]["priority"] = 7
    async with Cluster(nodes=0, **GROUPS) as cluster:
        await cluster.apply([group])
        made = await cluster.client.get(PodGroup, "g", namespace="default")
        assert made.spec.priority is None
        with pytest.raises(Invalid, match="field is immutable"):
            await cluster.client.patch(
                PodGroup,
                "g",
                {"spec": {"schedulingPolicy": {"gang": {"minCount": 3}}}},
                namespace="default",
                patch_type="merge",
            )
        assert not await cluster.client.list(Workload)


@pytest.mark.parametrize(
    ("gates", "config", "words"),
    [
        ({"GangScheduling": True}, {}, "depends on features that are disabled"),
        ({"Nothing": True}, {}, "unrecognized feature gate: Nothing"),
        ({"GenericWorkload": True}, {}, "is not served"),
        ({}, {"api/all": True}, "no version 'api/all'"),
    ],
)
def test_gates_that_cannot_be_are_refused(
    gates: dict[str, bool], config: dict[str, bool], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        Cluster(feature_gates=gates, runtime_config=config)
