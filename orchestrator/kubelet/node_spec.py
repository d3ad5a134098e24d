"""What a node is: the input from which a kubelet registers its Node object."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct

from orchestrator.api.core.v1 import (
    ContainerImage,
    DaemonEndpoint,
    Node,
    NodeAddress,
    NodeDaemonEndpoints,
    NodeFeatures,
    NodeStatus,
    NodeSystemInfo,
    Taint,
)
from orchestrator.api.core.v1 import (
    NodeSpec as ApiNodeSpec,
)
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scalars import EMPTY
from orchestrator.kubelet.backoff import MAX_SECONDS
from orchestrator.kubelet.image_policy import ImagePolicy
from orchestrator.kubelet.machine_facts import SIMULATED, MachineFacts

KUBELET_VERSION: Final = "v1.36.2"
KUBELET_PORT: Final = 10250
# What a kubelet of that version declares by default, in alphabetical order; the scheduler asks for them.
DECLARED_FEATURES: Final = (
    "ExtendWebSocketsToKubelet",
    "InPlacePodLevelResourcesVerticalScaling",
    "InPlacePodVerticalScalingInitContainers",
    "RestartAllContainersOnContainerExits",
)
DEFAULT_CAPACITY: Final[Mapping[str, str]] = {
    "cpu": "32",
    "memory": "256Gi",
    "ephemeral-storage": "1Ti",
    "pods": "110",
}


class NodeSpec(Struct, frozen=True, kw_only=True):
    """One node. `static_pod_path` is a directory of manifests that its kubelet runs; `{node}` in it is the node's name.
    `eviction_hard` are thresholds (`memory.available: 100Mi`, `nodefs.available: 10%`, `pid.available: 1000`) below which
    it gives pods up; `eviction_soft` those that have to be met for their `eviction_soft_grace_period` (`1m30s`), after
    which a pod has at the most `eviction_max_pod_grace_period` seconds to end. The node is said to be short for
    `eviction_pressure_transition_period` seconds at the least. A container that fails again and again is held back for
    `max_container_restart_period` seconds at the most. `eviction_minimum_reclaim` is how much more than a threshold there
    has to be before all is well again, and `image_policy` says when images go that nobody uses.
    `capacity` maps resources to quantities and is filled up with the defaults;
    `allocatable` is the capacity unless given. `pod_cidr` is the IPv4 network of its pods, and
    `runtime` the name of the container runtime that runs them. `cluster_dns` is the address of the cluster's DNS,
    and `resolv_conf` the text of the node's own resolver's configuration.
    """

    name: str
    address: str
    pod_cidr: str
    labels: Mapping[str, str] = EMPTY
    annotations: Mapping[str, str] = EMPTY
    taints: tuple[Taint, ...] = ()
    capacity: Mapping[str, str] = EMPTY
    allocatable: Mapping[str, str] | None = None
    runtime: str = "simulated"
    static_pod_path: str = ""
    eviction_hard: Mapping[str, str] = EMPTY
    eviction_soft: Mapping[str, str] = EMPTY
    eviction_soft_grace_period: Mapping[str, str] = EMPTY
    eviction_minimum_reclaim: Mapping[str, str] = EMPTY
    eviction_max_pod_grace_period: float = 0.0
    eviction_pressure_transition_period: float = 300.0
    max_container_restart_period: float = MAX_SECONDS
    image_policy: ImagePolicy = ImagePolicy()
    cluster_dns: str = "10.96.0.10"
    resolv_conf: str = ""


def node_object(
    spec: NodeSpec,
    *,
    runtime_name: str,
    machine_id: str,
    facts: MachineFacts = SIMULATED,
    images: tuple[ContainerImage, ...] = (),
) -> Node:
    """The Node that the kubelet of `spec` registers; its status has no conditions yet. `facts`: of its machine."""
    capacity = _filled_up(tuple(spec.capacity.items()))
    return Node(
        metadata=ObjectMeta(
            name=spec.name,
            labels={
                "beta.kubernetes.io/arch": facts.architecture,
                "beta.kubernetes.io/os": facts.operating_system,
                "kubernetes.io/arch": facts.architecture,
                "kubernetes.io/hostname": spec.name,
                "kubernetes.io/os": facts.operating_system,
                **spec.labels,
            },
            annotations=spec.annotations,
        ),
        spec=ApiNodeSpec(
            pod_cidr=spec.pod_cidr,
            pod_cidrs=(spec.pod_cidr,),
            provider_id=f"simulated://{spec.name}",
            taints=spec.taints,
        ),
        status=NodeStatus(
            capacity=capacity,
            allocatable=capacity if spec.allocatable is None else {**capacity, **spec.allocatable},
            addresses=(
                NodeAddress(type="InternalIP", address=spec.address),
                NodeAddress(type="Hostname", address=spec.name),
            ),
            images=images,
            daemon_endpoints=NodeDaemonEndpoints(
                kubelet_endpoint=DaemonEndpoint(port=KUBELET_PORT)
            ),
            declared_features=DECLARED_FEATURES,
            features=NodeFeatures(supplemental_groups_policy=True),
            node_info=NodeSystemInfo(
                architecture=facts.architecture,
                boot_id=facts.boot_id or machine_id,
                container_runtime_version=runtime_name,
                kernel_version=facts.kernel_version,
                kube_proxy_version="",
                kubelet_version=KUBELET_VERSION,
                machine_id=machine_id,
                operating_system=facts.operating_system,
                os_image=facts.os_image,
                system_uuid=machine_id,
            ),
        ),
    )


@lru_cache(maxsize=1024)
def _filled_up(capacity: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """A capacity with the defaults. Nodes that have the same share it, and with it what is known of it."""
    return {**DEFAULT_CAPACITY, **dict(capacity)}
