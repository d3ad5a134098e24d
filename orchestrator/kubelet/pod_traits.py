"""What few pods have, found once a spec: pods that have none of it pay nothing for it."""

from typing import Final

from msgspec import Struct

from orchestrator.api.core.v1 import PodSpec
from orchestrator.kubelet.material import environment_sources
from orchestrator.kubelet.mount_faults import needs_mounting
from orchestrator.kubelet.probing import has_probes
from orchestrator.machinery.memo import IdentityMemo


class PodTraits(Struct, frozen=True):
    """`mounts`: a volume may not be there, or devices are claimed; `configured`: containers whose environment is;
    `expanded`: containers with a path in a volume that is made of their environment; `limited`: an emptyDir
    may not hold everything.
    """

    probed: bool
    mounts: bool
    configured: frozenset[str]
    expanded: frozenset[str]
    limited: bool


def _traits(spec: PodSpec) -> PodTraits:
    containers = (*spec.init_containers, *spec.containers)
    return PodTraits(
        probed=any(has_probes(c) for c in containers),
        mounts=needs_mounting(spec) or bool(spec.resource_claims),
        configured=frozenset(c.name for c in containers if environment_sources(c)),
        limited=any(
            v.empty_dir is not None and v.empty_dir.size_limit is not None for v in spec.volumes
        ),
        expanded=frozenset(
            c.name for c in containers if any(m.sub_path_expr for m in c.volume_mounts)
        ),
    )


TRAITS: Final = IdentityMemo(_traits, 1 << 12)
"""Of a spec that pods share."""
