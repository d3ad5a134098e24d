"""Feature gates, and the versions of the API that are off as they come.

Of Kubernetes' gates these can be turned: the others are as 1.36 has them by default.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from orchestrator.api.scheme import Resource
from orchestrator.apiserver.telemetry.families import Series

GENERIC_WORKLOAD: Final = "GenericWorkload"
GANG_SCHEDULING: Final = "GangScheduling"
MAX_UNAVAILABLE: Final = "MaxUnavailableStatefulSet"
GROUPS_VERSION: Final = "scheduling.k8s.io/v1alpha2"

_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    GENERIC_WORKLOAD: (),
    GANG_SCHEDULING: (GENERIC_WORKLOAD,),
    MAX_UNAVAILABLE: (),
}
_STAGES: Final = {GENERIC_WORKLOAD: "ALPHA", GANG_SCHEDULING: "ALPHA", MAX_UNAVAILABLE: "BETA"}
_NOT_SERVED: Final = (
    f"{GENERIC_WORKLOAD} is enabled, and what it is about is not served: "
    f'runtime_config={{"{GROUPS_VERSION}": True}}, --runtime-config={GROUPS_VERSION}=true'
)


class Features(Struct, frozen=True):
    """What a cluster has beyond what it has as it comes: the `gates` that are on.

    GenericWorkload: PodGroups and Workloads are served, and pods may belong to a group, which is scheduled in
    one cycle. GangScheduling: a group's minCount counts. MaxUnavailableStatefulSet: a StatefulSet's roll-out
    replaces as many pods at once as its `maxUnavailable` says.
    """

    gates: frozenset[str] = frozenset()

    @property
    def pod_groups(self) -> bool:
        """Whether pods may belong to a group."""
        return GENERIC_WORKLOAD in self.gates

    @property
    def gangs(self) -> bool:
        """Whether as many pods of a group as it asks for are bound, or none."""
        return GANG_SCHEDULING in self.gates

    @property
    def resources(self) -> tuple[Resource, ...]:
        """What is served beside the resources of a server as it comes."""
        if not self.pod_groups:
            return ()
        from orchestrator.api.scheduling.v1alpha2 import (
            RESOURCES,  # late: hardly any cluster has them
        )

        return RESOURCES


def feature_families(features: Features) -> tuple[Series, ...]:
    """Which gates that can be turned are on, for the metrics."""
    enabled = Series(
        "kubernetes_feature_enabled", "Whether a feature is on.", ("name", "stage"), "gauge"
    )
    for name, stage in _STAGES.items():
        enabled.set(float(name in features.gates), name, stage)
    return (enabled,)


def features_of(gates: Mapping[str, bool], runtime_config: Mapping[str, bool]) -> Features:
    """Those that feature gates and versions of the API turn on.

    Raises ValueError for names that there are not, and for a gate without what it needs.
    """
    for name in gates:
        if name not in _NEEDS:
            raise ValueError(f"unrecognized feature gate: {name}; there are {', '.join(_NEEDS)}")
    for version in runtime_config:
        if version != GROUPS_VERSION:
            raise ValueError(f"no version {version!r} can be turned; there is {GROUPS_VERSION}")
    for name, needed in _NEEDS.items():
        missing = [each for each in needed if not gates.get(each, False)]
        if gates.get(name, False) and missing:
            raise ValueError(
                f"{name} is enabled, but depends on features that are disabled: {missing}"
            )
    if gates.get(GENERIC_WORKLOAD, False) and not runtime_config.get(GROUPS_VERSION, False):
        raise ValueError(_NOT_SERVED)
    return Features(frozenset(name for name, on in gates.items() if on))
