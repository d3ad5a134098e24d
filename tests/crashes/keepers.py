"""What happens while the controllers of nodes' networks, of old tokens, of servers and of devices are disturbed."""

from typing import Any, Final

from orchestrator.controllers import legacy_tokens, server_identity
from orchestrator.controllers.server_identity import HOST, server_id
from tests.crashes.surroundings import (
    CONFIG_MAP,
    NODE,
    SECRET,
    delete,
    patched,
    pod,
    secret,
)
from tests.crashes.workloads import Scenario, Step, create
from tests.manifests import SIMULATION

_LEASE: Final = "coordination.k8s.io/v1/Lease"
_DEVICES: Final = "resource.k8s.io/v1"
_LATER: Final = {"op": "sleep", "s": 4000}
_GONE: Final = {"apiserver.kubernetes.io/identity": "kube-apiserver"}
_REQUEST: Final = {"name": "one", "exactly": {"deviceClassName": "gpu"}}
_CLAIM: Final = {"devices": {"requests": [_REQUEST]}}
_TAINT: Final = {"key": "broken", "effect": "NoExecute"}


def _slice(**device: Any) -> dict[str, Any]:
    return {
        "driver": "gpu.example.com",
        "pool": {"name": "all", "resourceSliceCount": 1, "generation": 1},
        "allNodes": True,
        "devices": [{"name": "gpu-0", **device}],
    }


_GPUS: Final[list[Step]] = [
    create(_DEVICES, "DeviceClass", "gpu", spec={}),
    create(_DEVICES, "ResourceSlice", "all", spec=_slice()),
]
_FROM_CLAIM: Final = pod(
    "user", resourceClaims=[{"name": "g", "resourceClaimName": "mine"}], restartPolicy="Never"
)
_ENDS: Final = {f"{SIMULATION}run-seconds": "1"}


def _ending(step: Step) -> Step:
    metadata = {**step["obj"]["metadata"], "annotations": _ENDS}
    return {**step, "obj": {**step["obj"], "metadata": metadata}}


KEEPERS: Final = (
    Scenario(
        "node-ipam",
        [create("v1", "Node", "one"), create("v1", "Node", "two"), delete("Node", "one")],
        (NODE,),
    ),
    Scenario(
        "ttl",
        [
            create("v1", "Node", "one"),
            patched(
                "Node", "one", {"metadata": {"annotations": {"node.alpha.kubernetes.io/ttl": "9"}}}
            ),
        ],
        (NODE,),
    ),
    Scenario(
        "legacy-token-tracking",
        [
            create("v1", "ConfigMap", "other", data={"a": "b"}),
            delete(
                "ConfigMap",
                "kube-apiserver-legacy-service-account-token-tracking",
                namespace="kube-system",
            ),
            {"op": "sleep", "s": 2000},
        ],
        (CONFIG_MAP,),
    ),
    Scenario(
        "legacy-serviceaccount-token-cleaner",
        [
            create("v1", "ServiceAccount", "robot", secrets=[{"name": "listed"}]),
            secret("listed", "robot"),
            secret("made", "robot"),
            _LATER,
        ],
        (SECRET,),
        hurried=[
            (legacy_tokens, "PERIOD_SECONDS", 0.0),
            (legacy_tokens, "DAY_SECONDS", 0.0),
            (legacy_tokens, "SYNC_SECONDS", 600.0),
        ],
    ),
    Scenario(
        "kube-apiserver-identity-lease",
        [
            create("v1", "ConfigMap", "other", data={"a": "b"}),
            delete("Lease", server_id(HOST), "coordination.k8s.io/v1", "kube-system"),
        ],
        (_LEASE,),
    ),
    Scenario(
        "kube-apiserver-identity-lease-gc",
        [
            create(
                "coordination.k8s.io/v1",
                "Lease",
                "apiserver-gone",
                metadata={"namespace": "kube-system", "labels": _GONE},
                spec={"leaseDurationSeconds": 60, "renewTime": "2020-01-01T00:00:00.000000Z"},
            ),
            {"op": "sleep", "s": 400},
        ],
        (_LEASE,),
        hurried=[(server_identity, "CLEAN_SECONDS", 300.0)],
    ),
    Scenario(
        "resource-claim-template",
        [
            *_GPUS,
            create(_DEVICES, "ResourceClaimTemplate", "each", spec={"spec": _CLAIM}),
            pod("user", resourceClaims=[{"name": "g", "resourceClaimTemplateName": "each"}]),
        ],
        (f"{_DEVICES}/ResourceClaim",),
    ),
    Scenario(
        "resource-claim",
        [*_GPUS, create(_DEVICES, "ResourceClaim", "mine", spec=_CLAIM), _ending(_FROM_CLAIM)],
        (f"{_DEVICES}/ResourceClaim",),
    ),
    Scenario(
        "device-taint-eviction",
        [
            *_GPUS,
            create(_DEVICES, "ResourceClaim", "mine", spec=_CLAIM),
            _FROM_CLAIM,
            patched("ResourceSlice", "all", {"spec": _slice(taints=[_TAINT])}, _DEVICES),
        ],
        (f"{_DEVICES}/ResourceClaim",),
    ),
)
