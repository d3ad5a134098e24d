"""Random worlds of volumes: classes, volumes, claims, drivers, and pods that want them."""

from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.scheduler.oracle.spread import HOST, ZONE
from tests.scheduler.oracle.strategies import Feature, Fields, fields, some, up_to
from tests.scheduler.oracle.world import Manifest

_DRIVER: Final = "csi.example.com"
_OLD_ZONE: Final = "failure-domain.beta.kubernetes.io/zone"
_CLASSES: Final = ("made", "made", "local", "ebs", "now", "")
_NAMES: Final = tuple(f"c{number}" for number in range(4))
_SIZES = st.sampled_from(["1Gi", "5Gi"])
_MODES = st.sampled_from(
    [["ReadWriteOnce"], ["ReadWriteOnce", "ReadWriteMany"], ["ReadWriteOncePod"]]
)


def _class(name: str, mode: str, provisioner: str, **more: Any) -> Manifest:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": provisioner,
        "volumeBindingMode": mode,
        **more,
    }


def _somewhere(key: str, value: str) -> Manifest:
    expression = {"key": key, "operator": "In", "values": [value]}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}


_VOLUME = st.fixed_dictionaries(
    {
        "labels": fields(
            **{
                ZONE: some("z1", "z1__z2", "z1__"),
                _OLD_ZONE: some("z2", often=3),
                "tier": some("x"),
            }
        ),
        "spec": fields(
            capacity=_SIZES.map(lambda size: {"storage": size}),
            accessModes=_MODES,
            storageClassName=st.sampled_from(_CLASSES),
            nodeAffinity=some(_somewhere(HOST, "n0"), _somewhere(ZONE, "z1")),
            volumeMode=some("Block", often=5),
        ),
        "phase": st.sampled_from(["Available", "Available", "Available", "Pending"]),
        "source": some("awsElasticBlockStore", "cinder", often=2),
    }
)
_CLAIM = st.fixed_dictionaries(
    {
        "spec": fields(
            resources=_SIZES.map(lambda size: {"requests": {"storage": size}}),
            accessModes=_MODES,
            storageClassName=st.sampled_from(_CLASSES),
            selector=some({"matchLabels": {"tier": "x"}}, often=5),
        ),
        "bound": st.booleans(),
        "reserved": some(True, often=5),
        "selected": some("n0", "n1", often=3),
        "phase": some("Lost", often=15),
        "gone": some(True, often=15),
    }
)


@st.composite
def _objects(draw: DrawFn) -> dict[str, list[Any]]:
    volumes = [_volume(n, given) for n, given in enumerate(draw(up_to(5, _VOLUME, 2)))]
    claims = []
    for name, given in zip(_NAMES, draw(up_to(4, _CLAIM, 3)), strict=False):
        claim = _claim(name, given)
        volume = volumes[_NAMES.index(name)] if _NAMES.index(name) < len(volumes) else None
        ref = {"namespace": "a", "name": name, "uid": name}
        if given["bound"]:
            claim["spec"]["volumeName"] = f"v{name[1:]}"
            claim["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] = "yes"
            if volume is not None:
                volume["spec"]["claimRef"], volume["status"] = ref, {"phase": "Bound"}
        elif given["reserved"] and volume is not None:
            volume["spec"]["claimRef"] = ref
        claims.append(claim)
    capacities = draw(up_to(2, _CAPACITY))
    return {
        "StorageClass": [
            _class("made", "WaitForFirstConsumer", _DRIVER, **draw(_TOPOLOGIES)),
            _class("ebs", "WaitForFirstConsumer", "kubernetes.io/aws-ebs"),
            _class("local", "WaitForFirstConsumer", "kubernetes.io/no-provisioner"),
            _class("now", "Immediate", _DRIVER),
        ],
        "PersistentVolume": volumes,
        "PersistentVolumeClaim": claims,
        "CSIDriver": draw(_DRIVERS),
        "CSIStorageCapacity": [
            {**each, "metadata": {"name": f"k{n}", "namespace": "a"}}
            for n, each in enumerate(capacities)
        ],
        "CSINode": [
            _csi_node(f"n{n}", most)
            for n, most in enumerate(draw(up_to(4, some(0, 1, 2, often=0), 2)))
        ],
        "VolumeAttachment": [
            _attachment(*each) for each in draw(st.lists(_ATTACHED, max_size=2, unique=True))
        ],
    }


def _volume(number: int, given: dict[str, Any]) -> dict[str, Any]:
    source: dict[str, Any] = {"csi": {"driver": _DRIVER, "volumeHandle": f"h{number}"}}
    if given["source"]:
        source = {given["source"]: {"volumeID": f"h{number}"}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"v{number}", "labels": given["labels"]},
        "spec": {**given["spec"], **source},
        "status": {"phase": given["phase"]},
    }


def _claim(name: str, given: dict[str, Any]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "a", "uid": name, "annotations": {}}
    if given["selected"] and not given["bound"]:
        metadata["annotations"]["volume.kubernetes.io/selected-node"] = given["selected"]
    if given["gone"]:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata,
        "spec": dict(given["spec"]),
        "status": {"phase": given["phase"]} if given["phase"] else {},
    }


def _csi_node(name: str, most: int | None) -> Manifest:
    """Of each driver as many volumes; of those of plugins that were part of Kubernetes one."""
    limits = {_DRIVER: most, "ebs.csi.aws.com": 1, "pd.csi.storage.gke.io": 1}
    drivers = [
        {"name": driver, "nodeID": name}
        | ({} if count is None else {"allocatable": {"count": count}})
        for driver, count in limits.items()
    ]
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSINode",
        "metadata": {"name": name},
        "spec": {"drivers": drivers},
    }


def _attachment(node: str, volume: str) -> Manifest:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "VolumeAttachment",
        "metadata": {"name": f"{node}-{volume}"},
        "spec": {
            "attacher": _DRIVER,
            "nodeName": node,
            "source": {"persistentVolumeName": volume},
        },
    }


_ATTACHED = st.tuples(st.sampled_from(["n0", "n1"]), st.sampled_from(["v0", "v1"]))
_TOPOLOGIES: Fields = st.sampled_from(
    [
        {},
        {"allowedTopologies": [{"matchLabelExpressions": []}]},
        {"allowedTopologies": [{"matchLabelExpressions": [{"key": ZONE, "values": ["z1", "z2"]}]}]},
    ]
)
_DRIVERS = st.sampled_from(
    [
        [],
        [
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "CSIDriver",
                "metadata": {"name": _DRIVER},
                "spec": {"storageCapacity": True},
            }
        ],
    ]
)
_CAPACITY = fields(
    apiVersion=st.just("storage.k8s.io/v1"),
    kind=st.just("CSIStorageCapacity"),
    storageClassName=st.sampled_from(["made", "now"]),
    capacity=some("2Gi", "10Gi", often=0),
    maximumVolumeSize=some("1Gi", often=3),
    nodeTopology=some({}, {"matchLabels": {ZONE: "z1"}}, often=0),
)
_DISKS = st.sampled_from(
    [
        {"awsElasticBlockStore": {"volumeID": "h0"}},
        {"gcePersistentDisk": {"pdName": "d", "readOnly": True}},
        {"gcePersistentDisk": {"pdName": "d"}},
        {"iscsi": {"iqn": "q", "lun": 0, "targetPortal": "t"}},
        {"rbd": {"image": "i", "pool": "p", "monitors": ["m", "o"], "readOnly": True}},
        {"rbd": {"image": "i", "pool": "p", "monitors": ["o"]}},
    ]
)
_WANTED = st.one_of(
    st.sampled_from([{"persistentVolumeClaim": {"claimName": name}} for name in _NAMES]),
    st.sampled_from([{"persistentVolumeClaim": {"claimName": name}} for name in _NAMES]),
    _DISKS,
    st.just({"emptyDir": {}}),
)
VOLUMES = Feature(
    pod=fields(
        volumes=up_to(2, _WANTED, 1).map(
            lambda found: [{"name": f"v{n}", **each} for n, each in enumerate(found)]
        )
    ),
    objects=_objects(),
    priorities=(0, 10),
)
