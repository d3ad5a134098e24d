"""The objects that every cluster's history begins with, and that it gets back if they are missing."""

from collections.abc import Iterator
from typing import Any, Final

from orchestrator.api.core.v1 import Namespace, Service, ServicePort, ServiceSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheduling.v1 import PriorityClass

NAMESPACES: Final = ("default", "kube-node-lease", "kube-public", "kube-system")
SECURE_PORT: Final = 6443
# Above every class that users may make; the numbers are Kubernetes'.
_CLUSTER_CRITICAL: Final = 2_000_000_000
_NODE_CRITICAL: Final = 2_000_001_000


def bootstrap_objects(service_address: str, secure_port: int = SECURE_PORT) -> Iterator[Any]:
    """The namespaces, the system's priority classes, and the Service by which pods find the API.

    `service_address` is the first address of the service network.
    """
    for name in NAMESPACES:
        yield Namespace(metadata=ObjectMeta(name=name))
    yield PriorityClass(
        metadata=ObjectMeta(name="system-cluster-critical"),
        value=_CLUSTER_CRITICAL,
        description="For pods that the cluster cannot do without; they may run on any node.",
    )
    yield PriorityClass(
        metadata=ObjectMeta(name="system-node-critical"),
        value=_NODE_CRITICAL,
        description="For pods that the node which they run on cannot do without.",
    )
    yield kubernetes_service(service_address, secure_port)


def kubernetes_service(address: str, secure_port: int) -> Service:
    """`default/kubernetes`; its endpoints are written by whoever serves at a real address."""
    return Service(
        metadata=ObjectMeta(
            name="kubernetes",
            namespace="default",
            labels={"component": "apiserver", "provider": "kubernetes"},
        ),
        spec=ServiceSpec(
            type="ClusterIP",
            cluster_ip=address,
            ip_family_policy="SingleStack",
            ports=(ServicePort(name="https", protocol="TCP", port=443, target_port=secure_port),),
            session_affinity="None",
        ),
    )
