"""Which changes bring which refused pod back: queueing hints, plugin by plugin."""

from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.api.core.v1 import Node, Pod
from orchestrator.api.scheme import DEFAULT
from orchestrator.scheduler import DEFAULT_PROFILE, GetSchedulerStatistics
from orchestrator.scheduler.events import OWN, ClusterEvent
from orchestrator.scheduler.snapshot import Snapshot
from tests.scheduler.objects import make_node, make_pod
from tests.scheduler.test_making_room import _class
from tests.scheduler.test_scheduler import _manifest, _scheduled

_TAINT = [{"key": "k", "value": "v", "effect": "NoSchedule"}]
_ADDED, _LABELS, _TAINTS, _MORE, _GONE = (
    ClusterEvent.NODE_ADDED,
    ClusterEvent.NODE_LABELS,
    ClusterEvent.NODE_TAINTS,
    ClusterEvent.NODE_ALLOCATABLE,
    ClusterEvent.POD_REMOVED,
)
_OWN_MORE = ClusterEvent.OWN_TOLERATIONS
_TOLERATION = {"key": "k", "operator": "Exists", "effect": "NoSchedule"}


def _node(**more: Any) -> Node:
    return make_node("n", **more)


def _near(kind: str, **labels: str) -> dict[str, Any]:
    """The affinity of a pod to others with these labels in its zone."""
    term = {"labelSelector": {"matchLabels": labels}, "topologyKey": "zone"}
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def _spread(**labels: str) -> list[dict[str, Any]]:
    return [
        {
            "maxSkew": 1,
            "topologyKey": "zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": labels},
        }
    ]


def _claiming(name: str, claim: str) -> Pod:
    return make_pod(name, volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": claim}}])


def _object(kind: str, name: str, *, api: str = "v1", **more: Any) -> Any:
    metadata = {"name": name, "namespace": more.pop("namespace", "default")}
    document = {"apiVersion": api, "kind": kind, "metadata": metadata | more.pop("metadata", {})}
    return codec.decode_any(document | more, DEFAULT)[1]


def _zoned(zone: str) -> Any:
    labels = {"topology.kubernetes.io/zone": zone}
    return _object("PersistentVolume", "pv", metadata={"labels": labels})


def _driver(count: int) -> Any:
    drivers = [{"name": "d", "nodeID": "n", "allocatable": {"count": count}}]
    return _object("CSINode", "n", api="storage.k8s.io/v1", spec={"drivers": drivers})


def _storage(capacity: str) -> Any:
    api = "storage.k8s.io/v1"
    return _object("CSIStorageCapacity", "c", api=api, storageClassName="s", capacity=capacity)


def _storage_class(mode: str) -> Any:
    api = "storage.k8s.io/v1"
    return _object("StorageClass", "s", api=api, provisioner="p", volumeBindingMode=mode)


def _inline_driver(tracked: bool) -> Any:
    """What says whether the storage that a driver has left is to be looked for."""
    api = "storage.k8s.io/v1"
    return _object("CSIDriver", "d", api=api, spec={"storageCapacity": tracked})


def _device_class(name: str, resource: str = "") -> Any:
    spec = {"extendedResourceName": resource} if resource else {}
    return _object("DeviceClass", name, api="resource.k8s.io/v1", spec=spec)


def _resized(was: str, now: str) -> tuple[Pod, Pod]:
    return make_pod("q", cpu=was), make_pod("q", cpu=now)


_WEB, _DB = {"app": "web"}, {"app": "db"}
_CORDON = {"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}
_NEAR = make_pod("p", affinity=_near("podAffinity", **_WEB))
_AWAY = make_pod("p", affinity=_near("podAntiAffinity", **_WEB))
_EVEN = make_pod("p", topologySpreadConstraints=_spread(**_WEB))
_WITH = _claiming("p", "mine")
_PLACED, _RELABELLED = ClusterEvent.POD_ADDED, ClusterEvent.POD_LABELS
_STORED, _LOST = ClusterEvent.VOLUMES, ClusterEvent.NODE_REMOVED


@pytest.mark.parametrize(
    ("plugin", "pod", "event", "old", "new", "helps"),
    [
        ("InterPodAffinity", _NEAR, _PLACED, None, make_pod("q", labels=_WEB), True),
        ("InterPodAffinity", _NEAR, _PLACED, None, make_pod("q", labels=_DB), False),
        ("InterPodAffinity", _AWAY, _PLACED, None, make_pod("q", labels=_WEB), False),
        ("InterPodAffinity", _AWAY, _GONE, make_pod("q", labels=_WEB), None, True),
        ("InterPodAffinity", _AWAY, _GONE, make_pod("q", labels=_DB), None, False),
        ("InterPodAffinity", make_pod("p", labels=_WEB), _GONE, _AWAY, None, True),
        (
            "InterPodAffinity",
            _NEAR,
            _RELABELLED,
            make_pod("q", labels=_DB),
            make_pod("q", labels=_WEB),
            True,
        ),
        (
            "InterPodAffinity",
            _AWAY,
            _RELABELLED,
            make_pod("q", labels=_DB),
            make_pod("q", labels=_WEB),
            False,
        ),
        ("InterPodAffinity", _NEAR, _ADDED, None, _node(labels={"zone": "a"}), True),
        ("InterPodAffinity", _NEAR, _ADDED, None, _node(), False),
        ("InterPodAffinity", _AWAY, _ADDED, None, _node(), True),
        ("InterPodAffinity", _NEAR, _LABELS, _node(), _node(labels={"zone": "a"}), True),
        ("InterPodAffinity", _AWAY, _LABELS, _node(), _node(labels={"zone": "a"}), False),
        ("InterPodAffinity", _AWAY, _LABELS, _node(labels={"zone": "a"}), _node(), True),
        ("PodTopologySpread", _EVEN, _PLACED, None, make_pod("q", labels=_WEB), True),
        ("PodTopologySpread", _EVEN, _GONE, make_pod("q", labels=_DB), None, False),
        ("PodTopologySpread", _EVEN, _LOST, _node(labels={"zone": "a"}), None, True),
        ("PodTopologySpread", _EVEN, _LOST, _node(), None, False),
        ("PodTopologySpread", _EVEN, _ADDED, None, _node(), False),
        ("PodTopologySpread", _EVEN, _LABELS, _node(), _node(labels={"zone": "a"}), True),
        (
            "PodTopologySpread",
            _EVEN,
            _TAINTS,
            _node(labels={"zone": "a"}, taints=_TAINT),
            _node(labels={"zone": "a"}),
            True,
        ),
        ("VolumeBinding", _WITH, _STORED, None, _object("PersistentVolumeClaim", "mine"), True),
        ("VolumeBinding", _WITH, _STORED, None, _object("PersistentVolumeClaim", "other"), False),
        ("VolumeBinding", _WITH, _STORED, None, _object("PersistentVolume", "pv"), True),
        (
            "VolumeBinding",
            _WITH,
            _STORED,
            _storage_class("Immediate"),
            _storage_class("Immediate"),
            False,
        ),
        ("VolumeBinding", _WITH, _STORED, _storage("1Gi"), _storage("2Gi"), True),
        ("VolumeBinding", _WITH, _STORED, _storage("2Gi"), _storage("1Gi"), False),
        ("VolumeZone", _WITH, _STORED, _zoned("a"), _zoned("b"), True),
        ("VolumeZone", _WITH, _STORED, _zoned("a"), _zoned("a"), False),
        ("VolumeZone", _WITH, _STORED, None, _storage_class("WaitForFirstConsumer"), True),
        ("VolumeZone", _WITH, _STORED, None, _storage_class("Immediate"), False),
        ("NodeVolumeLimits", _WITH, _GONE, _claiming("q", "its"), None, True),
        ("NodeVolumeLimits", _WITH, _GONE, make_pod("q"), None, False),
        ("NodeVolumeLimits", _WITH, _STORED, _driver(1), _driver(2), True),
        ("NodeVolumeLimits", _WITH, _STORED, _driver(2), _driver(1), False),
        ("VolumeRestrictions", _WITH, _GONE, _claiming("q", "mine"), None, True),
        ("VolumeRestrictions", _WITH, _GONE, _claiming("q", "its"), None, False),
    ],
)
def test_a_plugin_of_pods_and_volumes_knows_what_helps(
    plugin: str, pod: Pod, event: ClusterEvent, old: Any, new: Any, helps: bool
) -> None:
    """As kube-scheduler's do; a node that comes helps who is kept away by others' terms alone, too."""
    (found,) = (p for p in DEFAULT_PROFILE.plugins if p.name == plugin)
    assert event in found.helped_by
    assert found.helps(pod, event, old, new, Snapshot()) is helps  # type: ignore[attr-defined]  # these have it


@pytest.mark.parametrize(
    ("plugin", "pod", "event", "old", "new", "helps"),
    [
        ("NodeUnschedulable", make_pod("p"), _TAINTS, _node(unschedulable=True), _node(), True),
        ("NodeUnschedulable", make_pod("p"), _TAINTS, _node(), _node(unschedulable=True), False),
        ("NodeUnschedulable", make_pod("p"), _TAINTS, _node(), _node(taints=_TAINT), False),
        ("TaintToleration", make_pod("p"), _ADDED, None, _node(taints=_TAINT), False),
        ("TaintToleration", make_pod("p"), _TAINTS, _node(taints=_TAINT), _node(), True),
        ("TaintToleration", make_pod("p"), _TAINTS, _node(), _node(unschedulable=True), False),
        (
            "TaintToleration",
            make_pod("p", tolerations=[{"operator": "Exists"}]),
            _ADDED,
            None,
            _node(taints=_TAINT),
            True,
        ),
        ("NodeAffinity", make_pod("p", nodeSelector={"a": "b"}), _ADDED, None, _node(), False),
        (
            "NodeAffinity",
            make_pod("p", nodeSelector={"a": "b"}),
            _LABELS,
            _node(),
            _node(labels={"a": "b"}),
            True,
        ),
        (
            "NodeAffinity",
            make_pod("p", nodeSelector={"a": "b"}),
            _LABELS,
            _node(labels={"a": "b"}),
            _node(labels={"a": "b", "c": "d"}),
            False,
        ),
        ("NodeResourcesFit", make_pod("p", cpu="2"), _ADDED, None, _node(cpu="1"), False),
        ("NodeResourcesFit", make_pod("p", cpu="2"), _ADDED, None, _node(cpu="2"), True),
        ("NodeResourcesFit", make_pod("p", cpu="2"), _MORE, _node(cpu="3"), _node(cpu="4"), True),
        (
            "NodeResourcesFit",
            make_pod("p", cpu="2"),
            _MORE,
            _node(memory="1Gi"),
            _node(memory="2Gi"),
            False,
        ),
        ("NodeResourcesFit", make_pod("p"), _MORE, _node(pods="1"), _node(pods="2"), True),
        ("NodeResourcesFit", make_pod("p", cpu="2"), _GONE, make_pod("q"), None, True),
        ("NodePorts", make_pod("p", host_port=80), _GONE, make_pod("q", host_port=80), None, True),
        ("NodePorts", make_pod("p", host_port=80), _GONE, make_pod("q", host_port=81), None, False),
    ],
)
def test_a_plugin_knows_what_helps_a_pod_that_it_refused(
    plugin: str, pod: Pod, event: ClusterEvent, old: Any, new: Any, helps: bool
) -> None:
    """As kube-scheduler's plugins do: a change that makes no difference to the pod does not wake it."""
    (found,) = (p for p in DEFAULT_PROFILE.plugins if p.name == plugin)
    assert event in found.helped_by
    assert found.helps(pod, event, old, new, Snapshot()) is helps  # type: ignore[attr-defined]  # these have it


_OTHER_TOLERATION = make_pod("p", tolerations=[{"key": "k", "operator": "Exists"}])
_INLINE = make_pod("p", volumes=[{"name": "v", "csi": {"driver": "d"}}])
_TAINT_AWARE = make_pod(
    "p", topologySpreadConstraints=[{**_spread(**_WEB)[0], "nodeTaintsPolicy": "Honor"}]
)
_ROOTLESS = make_pod("p", hostNetwork=True, hostUsers=False)


@pytest.mark.parametrize(
    ("plugin", "pod", "event", "old", "new", "helps"),
    [
        ("TaintToleration", make_pod("p"), _OWN_MORE, make_pod("p"), _OTHER_TOLERATION, True),
        ("NodeUnschedulable", make_pod("p"), _OWN_MORE, make_pod("p"), _OTHER_TOLERATION, False),
        (
            "NodeUnschedulable",
            make_pod("p"),
            _OWN_MORE,
            make_pod("p"),
            make_pod("p", tolerations=[_CORDON]),
            True,
        ),
        ("PodTopologySpread", _EVEN, _OWN_MORE, _EVEN, _EVEN, False),
        ("PodTopologySpread", _TAINT_AWARE, _OWN_MORE, _TAINT_AWARE, _TAINT_AWARE, True),
        (
            "PodTopologySpread",
            _EVEN,
            ClusterEvent.OWN_LABELS,
            make_pod("p"),
            make_pod("p", labels=_WEB),
            True,
        ),
        (
            "PodTopologySpread",
            _EVEN,
            ClusterEvent.OWN_LABELS,
            make_pod("p"),
            make_pod("p", labels=_DB),
            False,
        ),
        (
            "InterPodAffinity",
            make_pod("p", labels=_DB),
            ClusterEvent.OWN_LABELS,
            make_pod("p", labels=_WEB),
            make_pod("p", labels=_DB),
            True,
        ),
        ("NodeResourcesFit", make_pod("p"), ClusterEvent.OWN_REQUESTS, *_resized("2", "1"), True),
        (
            "NodeResourcesFit",
            make_pod("p", cpu="1"),
            ClusterEvent.POD_SMALLER,
            *_resized("2", "1"),
            True,
        ),
        (
            "NodeResourcesFit",
            make_pod("p", memory="1Gi"),
            ClusterEvent.POD_SMALLER,
            *_resized("2", "1"),
            False,
        ),
        (
            "NodeDeclaredFeatures",
            make_pod("p"),
            ClusterEvent.OWN_OTHER,
            _ROOTLESS,
            _ROOTLESS,
            False,
        ),
        (
            "NodeDeclaredFeatures",
            make_pod("p"),
            ClusterEvent.OWN_OTHER,
            _ROOTLESS,
            make_pod("p"),
            True,
        ),
        (
            "DynamicResources",
            make_pod("p"),
            ClusterEvent.OWN_CLAIMS,
            make_pod("p"),
            make_pod("p"),
            True,
        ),
        ("DynamicResources", make_pod("p"), ClusterEvent.DEVICES, None, _device_class("c"), True),
        ("DynamicResources", make_pod("p"), ClusterEvent.DEVICES, _device_class("c"), None, False),
        ("VolumeBinding", _INLINE, _STORED, _inline_driver(True), _inline_driver(False), True),
        ("VolumeBinding", _INLINE, _STORED, _inline_driver(False), _inline_driver(True), False),
        ("VolumeBinding", _WITH, _STORED, _inline_driver(True), _inline_driver(False), False),
    ],
)
def test_a_plugin_knows_what_of_the_pod_and_of_devices_helps(
    plugin: str, pod: Pod, event: ClusterEvent, old: Any, new: Any, helps: bool
) -> None:
    """Of the pod that waits: only what its plugin looks at."""
    (found,) = (p for p in DEFAULT_PROFILE.plugins if p.name == plugin)
    assert event in found.helped_by
    assert found.helps(pod, event, old, new, Snapshot()) is helps  # type: ignore[attr-defined]  # these have it


_REGISTERED = {
    "SchedulingGates": {ClusterEvent.OWN_GATES},
    "NodeUnschedulable": {_ADDED, _TAINTS, _OWN_MORE},
    "NodeName": {_ADDED},
    "TaintToleration": {_ADDED, _TAINTS, _OWN_MORE},
    "NodeAffinity": {_ADDED, _LABELS},
    "NodePorts": {_ADDED, _GONE},
    "NodeResourcesFit": {
        _ADDED,
        _MORE,
        _GONE,
        ClusterEvent.POD_SMALLER,
        ClusterEvent.OWN_REQUESTS,
        ClusterEvent.DEVICES,
    },
    "VolumeRestrictions": {_ADDED, _GONE, _STORED},
    "NodeVolumeLimits": {_GONE, _STORED},
    "VolumeBinding": {_ADDED, _LABELS, _STORED},
    "VolumeZone": {_ADDED, _LABELS, _STORED},
    "PodTopologySpread": {
        _ADDED,
        _LOST,
        _LABELS,
        _TAINTS,
        _PLACED,
        _GONE,
        _RELABELLED,
        ClusterEvent.OWN_LABELS,
        _OWN_MORE,
    },
    "InterPodAffinity": {_ADDED, _LABELS, _PLACED, _GONE, _RELABELLED, ClusterEvent.OWN_LABELS},
    "DynamicResources": {
        _ADDED,
        _LABELS,
        _MORE,
        ClusterEvent.DEVICES,
        ClusterEvent.DEVICE_CLAIMS,
        ClusterEvent.OWN_CLAIMS,
    },
    "DefaultPreemption": {_GONE},
    "NodeDeclaredFeatures": {_ADDED, ClusterEvent.NODE_FEATURES, *OWN},
}


def test_plugins_wait_for_the_events_that_kube_schedulers_register() -> None:
    """Those that refuse nobody wait for nothing."""
    found = {p.name: set(p.helped_by) for p in DEFAULT_PROFILE.plugins if p.helped_by}
    assert found == _REGISTERED


async def test_a_pod_that_changes_is_tried_again_if_that_may_help_it(cluster: Cluster) -> None:
    """Who does not fit is not tried for a label or an image, and who is not tolerated for a toleration is."""
    for name in ("node-0", "node-1", "node-2"):
        await cluster.client.patch(Node, name, {"spec": {"taints": _TAINT}})
    await cluster.apply([_manifest("big", requests={"cpu": "64"}, tolerations=[_TOLERATION])])
    await cluster.apply([_manifest("shy")])
    await cluster.clock.sleep(20)
    before = await _attempts(cluster)
    labels = {"metadata": {"labels": {"is": "another"}}}
    for name in ("big", "shy"):
        await cluster.client.patch(Pod, name, labels, namespace="default")
    image = {"spec": {"containers": [{"name": "c", "image": "j"}]}}
    await cluster.client.patch(Pod, "big", image, namespace="default", patch_type="strategic")
    await cluster.clock.sleep(20)
    assert await _attempts(cluster) == before
    shy = await cluster.client.get(Pod, "shy", namespace="default")
    assert shy.spec is not None
    own = [codec.to_dict(each) for each in shy.spec.tolerations]
    more = {"spec": {"tolerations": [*own, _TOLERATION]}}
    await cluster.client.patch(Pod, "shy", more, namespace="default", patch_type="merge")
    await cluster.clock.sleep(1)
    shy = await cluster.client.get(Pod, "shy", namespace="default")
    assert shy.spec is not None
    assert shy.spec.node_name


async def test_a_pod_that_left_room_for_another_gets_it_when_that_one_goes(
    cluster: Cluster,
) -> None:
    """The end of a promise is the end of a pod to those that had to respect it; so is another promise."""
    await cluster.apply([_class("high", 1000)])
    for name in ("node-1", "node-2"):
        await cluster.client.patch(Node, name, {"spec": {"unschedulable": True}})
    gates = [{"name": "example.com/wait"}]
    await cluster.apply(
        [
            _manifest(name, requests={"cpu": "20"}, schedulingGates=gates, priorityClassName="high")
            for name in ("first", "second")
        ]
    )
    for name in ("first", "second"):
        promise = {"status": {"nominatedNodeName": "node-0"}}
        await cluster.client.patch(Pod, name, promise, namespace="default", subresource="status")
    await cluster.apply([_manifest("low", requests={"cpu": "20"})])
    await cluster.clock.sleep(20)
    low = await cluster.client.get(Pod, "low", namespace="default")
    assert "1 Insufficient cpu" in _scheduled(low)[2]
    elsewhere = {"status": {"nominatedNodeName": "node-1"}}
    await cluster.client.patch(Pod, "first", elsewhere, namespace="default", subresource="status")
    await cluster.clock.sleep(20)
    assert not await _is_placed(cluster, "low")
    await cluster.client.delete(Pod, "second", namespace="default")
    await cluster.clock.sleep(1)
    assert await _is_placed(cluster, "low")


async def _is_placed(cluster: Cluster, name: str) -> bool:
    pod = await cluster.client.get(Pod, name, namespace="default")
    return pod.spec is not None and bool(pod.spec.node_name)


async def _attempts(cluster: Cluster) -> int:
    return (await cluster.system.ref("/scheduler").ask(GetSchedulerStatistics())).attempts


async def test_a_pod_is_not_tried_again_for_a_node_that_cannot_hold_it(cluster: Cluster) -> None:
    """It stays unschedulable until a node comes that can; but a change of taints is worth a try to all."""
    await cluster.apply([_manifest("big", requests={"cpu": "64"})])
    await cluster.clock.sleep(20)
    before = await _attempts(cluster)
    await cluster.apply([_document("small", "8")])
    await cluster.clock.sleep(20)
    assert await _attempts(cluster) == before + 1  # when the node lost its taint of one not ready
    await cluster.apply([_document("large", "96")])
    await cluster.clock.sleep(20)
    found = await cluster.client.get(Pod, "big", namespace="default")
    assert found.spec is not None
    assert found.spec.node_name == "large"


def _document(name: str, cpu: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "spec": {"taints": []},
        "status": {"allocatable": {"cpu": cpu, "memory": "64Gi", "pods": "110"}},
    }
