"""All of a pod that Kubernetes' own plugins judge nodes by, as a key.

Pods of one template share their spec, and what is known for it is found by the spec's identity. Pods that are
created one by one each have a spec of their own, which says the same; to make all kernels anew for each costs
more than everything else about its decision. A volume's name and a token's mount differ from pod to pod and
matter to no plugin, so the key leaves them out; claims and disks matter to those that say so (`of_volumes`).
"""

from collections.abc import Hashable

import msgspec

from orchestrator.api.core.v1 import Container, Pod, PodSpec
from orchestrator.machinery.owners import controller_of

_encode = msgspec.json.Encoder(enc_hook=dict).encode  # of mappings that cannot be changed


def content_of(pod: Pod) -> Hashable | None:
    """Equal for pods that in-tree plugins do not tell apart, those apart that look at volumes; None without a spec."""
    spec, metadata = pod.spec, pod.metadata
    if spec is None:
        return None
    owner = controller_of(pod) if metadata.owner_references else None
    return (
        _encode(
            (
                [_of_container(each) for each in spec.containers],
                [_of_container(each) for each in spec.init_containers],
                spec.affinity,
                spec.node_selector,
                spec.tolerations,
                spec.topology_spread_constraints,
                spec.node_name,
                spec.overhead,
                spec.resources,
                spec.host_network,
                spec.host_users,
            )
        ),
        metadata.namespace,
        tuple(metadata.labels.items()),
        None if owner is None else (owner.kind, owner.name),
    )


def is_without_disks(spec: PodSpec) -> bool:
    """Whether the volumes are of kinds that are on every node, so that no plugin looks at them."""
    for each in spec.volumes:  # a generator would cost twice the loop
        if (
            each.projected is None
            and each.secret is None
            and each.config_map is None
            and each.empty_dir is None
            and each.downward_api is None
            and each.host_path is None
        ):
            return False
    return True


def _of_container(container: Container) -> tuple[object, ...]:
    return (
        container.image,
        container.resources,
        container.ports,
        container.restart_policy,
        container.restart_policy_rules,
    )


def identity_of(pod: Pod) -> Hashable:
    """All of a pod that kernels are made from, given the facts of the snapshot."""
    metadata = pod.metadata
    owner = controller_of(pod) if metadata.owner_references else None
    return (
        id(pod.spec),
        metadata.namespace,
        tuple(metadata.labels.items()),
        None if owner is None else (owner.kind, owner.name),
    )
