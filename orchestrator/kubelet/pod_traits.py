"""What few pods have, found once a template: pods that have none of it pay nothing for it."""

from typing import Final

from msgspec import Struct

from orchestrator.api.core.v1 import Container, PodResourceClaim, PodSpec, Volume
from orchestrator.kubelet.env_files import variables_of_files
from orchestrator.kubelet.eviction import is_limited
from orchestrator.kubelet.material import environment_sources
from orchestrator.kubelet.mount_faults import needs_mounting
from orchestrator.kubelet.probing import has_probes
from orchestrator.machinery.memo import PartsMemo
from orchestrator.machinery.restarts import may_restart_all


class PodTraits(Struct, frozen=True):
    """`mounts`: a volume may not be there, or devices are claimed; `configured`: containers whose environment is;
    `expanded`: containers with a path in a volume that is made of their environment; `limited`: it may not
    keep everything on the node's disk; `resets`: the end of a container may let all of them begin anew;
    `from_files`: containers with variables that come from files in volumes; `welcomed`: there are containers with
    a hook after their start.
    """

    probed: bool
    mounts: bool
    configured: frozenset[str]
    expanded: frozenset[str]
    limited: bool
    resets: bool
    from_files: frozenset[str]
    welcomed: bool


def traits_of(spec: PodSpec) -> PodTraits:
    """Those of a spec. A binding makes a new one of each pod, whose parts are its template's."""
    return _TRAITS(spec.init_containers, spec.containers, spec.volumes, spec.resource_claims)


def _traits(
    init_containers: tuple[Container, ...],
    main_containers: tuple[Container, ...],
    volumes: tuple[Volume, ...],
    resource_claims: tuple[PodResourceClaim, ...],
) -> PodTraits:
    containers = (*init_containers, *main_containers)
    return PodTraits(
        probed=any(has_probes(c) for c in containers),
        mounts=needs_mounting(PodSpec(volumes=volumes)) or bool(resource_claims),
        configured=frozenset(c.name for c in containers if environment_sources(c)),
        limited=is_limited(containers, volumes),
        expanded=frozenset(
            c.name for c in containers if any(m.sub_path_expr for m in c.volume_mounts)
        ),
        from_files=frozenset(c.name for c in containers if any(variables_of_files(c))),
        welcomed=any(
            c.lifecycle is not None and c.lifecycle.post_start is not None for c in containers
        ),
        resets=any(may_restart_all(c) for c in containers),
    )


_TRAITS: Final = PartsMemo(_traits, 1 << 12)
