"""The pods, nodes, volumes and claims of the workloads."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.core.v1 import PersistentVolumeClaimVolumeSource, Pod, Volume

ZONE: Final = "topology.kubernetes.io/zone"
HOST: Final = "kubernetes.io/hostname"
DRIVER: Final = "csi.example.com"

Document = dict[str, Any]


def pod(
    cpu: str = "100m",
    memory: str = "500Mi",
    *,
    labels: Mapping[str, str] | None = None,
    resources: Mapping[str, str] | None = None,
    **spec: Any,
) -> Pod:
    """The pattern of pods; the default one asks for 100m and 500Mi."""
    amounts = {"cpu": cpu, "memory": memory, **(resources or {})}
    container = {"name": "c", "image": "i", "resources": {"requests": amounts, "limits": amounts}}
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pattern", "labels": dict(labels or {})},
        "spec": {"containers": [container], **spec},
    }
    return codec.from_dict(document, Pod)


def pods(
    pattern: Pod, count: float, prefix: str, namespace: Callable[[int], str] = lambda n: "default"
) -> Iterator[Pod]:
    """Pods after a pattern, each with a spec object of its own."""
    for number in range(int(count)):
        yield named(pattern, f"{prefix}-{number}", namespace(number))


def named(pattern: Pod, name: str, namespace: str) -> Pod:
    """A pod after a pattern."""
    assert pattern.spec is not None
    metadata = replace(pattern.metadata, name=name, namespace=namespace)
    return replace(pattern, metadata=metadata, spec=replace(pattern.spec))


def node(name: str, *, zone: str = "", cpu: str = "4", most: str = "110", **more: Any) -> Document:
    """A node of 4 CPUs and 32Gi."""
    labels = {HOST: name} | ({ZONE: zone} if zone else {})
    offers = {"cpu": cpu, "memory": "32Gi", "pods": most, **more.pop("offers", {})}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": more,
        "status": {"capacity": offers, "allocatable": offers},
    }


def nodes(count: int, *zones: str, **more: Any) -> Callable[[float], Iterator[Document]]:
    """So many nodes, in turn in each of the zones."""

    def make(scale: float) -> Iterator[Document]:
        for number in range(max(int(count * scale), 3)):
            zone = zones[number % len(zones)] if zones else ""
            yield node(f"node-{number}", zone=zone, **more)

    return make


def many(
    pattern: Pod, count: int, prefix: str, namespace: Callable[[int], str] = lambda n: "default"
) -> Callable[[float], Iterator[Pod]]:
    """So many pods after a pattern."""
    return lambda scale: pods(pattern, max(count * scale, 1), prefix, namespace)


def nothing(scale: float) -> Iterator[Any]:
    """No pods."""
    return iter(())


def _term(key: str, color: str, **more: Any) -> Document:
    where = more or {"namespaces": ["sched-0", "sched-1"]}
    return {"labelSelector": {"matchLabels": {"color": color}}, "topologyKey": key, **where}


def affine(kind: str, key: str, color: str, *, required: bool, **where: Any) -> Pod:
    """A pod of a color that is drawn to, or away from, pods of that color."""
    term = _term(key, color, **where)
    rule = (
        {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
        if required
        else {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "podAffinityTerm": term}
            ]
        }
    )
    return pod(labels={"color": color}, affinity={kind: rule})


def spreading(key: str, skew: int, unsatisfiable: str, **more: Any) -> Pod:
    """A pod that spreads with those of its color."""
    constraint = {
        "maxSkew": skew,
        "topologyKey": key,
        "whenUnsatisfiable": unsatisfiable,
        "labelSelector": {"matchLabels": {"color": "blue"}},
        **more,
    }
    return pod(labels={"color": "blue"}, topologySpreadConstraints=[constraint])


def by_name(name: str) -> Document:
    """The affinity to the node of a name."""
    field = {"key": "metadata.name", "operator": "In", "values": [name]}
    return node_affinity({"matchFields": [field]})


def node_affinity(term: Document) -> Document:
    """The affinity to nodes that a term describes."""
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return {"nodeAffinity": required}


def team(number: int) -> str:
    """One of a hundred namespaces, in turn."""
    return f"team-{number % 100}"


def namespaces(scale: float) -> Iterator[Document]:
    """The hundred namespaces of one team."""
    for number in range(100):
        metadata = {"name": f"team-{number}", "labels": {"team": "devops"}}
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def volumes(count: int, **source: Any) -> Callable[[float], Iterator[Document]]:
    """Volumes and claims, bound to each other."""

    def make(scale: float) -> Iterator[Document]:
        for number in range(int(count * scale)):
            name = f"data-{number}"
            size = {"storage": "1Gi"}
            common = {"accessModes": ["ReadWriteOnce"]}
            given = {k: {**v, "volumeHandle": name} if k == "csi" else v for k, v in source.items()}
            ref = {"namespace": "default", "name": name, "kind": "PersistentVolumeClaim"}
            yield {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": name},
                "spec": {**common, "capacity": size, "claimRef": ref, **given},
            }
            yield {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {
                    "name": name,
                    "namespace": "default",
                    "annotations": {"pv.kubernetes.io/bind-completed": "yes"},
                },
                "spec": {
                    **common,
                    "volumeName": name,
                    "storageClassName": "",
                    "resources": {"requests": size},
                },
                "status": {"phase": "Bound", "capacity": size, **common},
            }

    return make


def drivers(count: int) -> Callable[[float], Iterator[Document]]:
    """What the driver of volumes can attach to each node."""

    def make(scale: float) -> Iterator[Document]:
        for number in range(max(int(count * scale), 3)):
            entry = {"name": DRIVER, "nodeID": "n", "allocatable": {"count": 39}}
            yield {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "CSINode",
                "metadata": {"name": f"node-{number}"},
                "spec": {"drivers": [entry]},
            }

    return make


def claiming(count: int, prefix: str) -> Callable[[float], Iterator[Pod]]:
    """Pods with a claim each."""

    def make(scale: float) -> Iterator[Pod]:
        for number, each in enumerate(pods(pod(), count * scale, prefix)):
            claim = PersistentVolumeClaimVolumeSource(claim_name=f"data-{number}")
            volumes = (Volume(name="data", persistent_volume_claim=claim),)
            assert each.spec is not None
            yield replace(each, spec=replace(each.spec, volumes=volumes))

    return make
