"""What happens while the controllers of nodes, volumes, addresses, rights and policies are disturbed."""

import base64
from typing import Any, Final

from tests.crashes.workloads import CLAIM, CLASS, POD, Scenario, Step, create, patch, template
from tests.requesting import requested

_PV: Final = "v1/PersistentVolume"
SECRET: Final = "v1/Secret"
CONFIG_MAP: Final = "v1/ConfigMap"
NODE: Final = "v1/Node"
_WEEK: Final = {"op": "sleep", "s": 7 * 24 * 3600}


def delete(kind: str, name: str, api_version: str = "v1", namespace: str = "") -> Step:
    return {"op": "delete", "kind": kind, "name": name, "apiVersion": api_version, "in": namespace}


def patched(kind: str, name: str, body: dict[str, Any], api_version: str = "v1") -> Step:
    """A merge patch of an object that is in no namespace."""
    step = {"op": "patch", "kind": kind, "name": name, "body": body}
    return {**step, "apiVersion": api_version, "in": ""}


def _node(op: str) -> Step:
    return {"op": op, "name": "node-1"}


def _encoded(**data: str) -> dict[str, str]:
    pairs = ((key.replace("_", "-"), text) for key, text in data.items())
    return {key: base64.b64encode(text.encode()).decode() for key, text in pairs}


def _token(name: str, **data: str) -> Step:
    return create(
        "v1",
        "Secret",
        f"bootstrap-token-{name}",
        metadata={"namespace": "kube-system"},
        type="bootstrap.kubernetes.io/token",
        data=_encoded(token_id=name, token_secret="0123456789abcdef", **data),
    )


def secret(name: str, account: str) -> Step:
    return create(
        "v1",
        "Secret",
        name,
        metadata={"annotations": {"kubernetes.io/service-account.name": account}},
        type="kubernetes.io/service-account-token",
    )


def _request(signer: str, subject: str, group: str, usages: list[str]) -> Step:
    _, pem = requested(subject, [group])
    return create(
        "certificates.k8s.io/v1",
        "CertificateSigningRequest",
        "r",
        spec={
            "request": base64.b64encode(pem).decode(),
            "signerName": f"kubernetes.io/{signer}",
            "usages": usages,
        },
    )


def pod(name: str, **spec: Any) -> Step:
    return create("v1", "Pod", name, spec={**POD, **spec})


def _volume(name: str, **spec: Any) -> Step:
    said = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": "/disks/one"},
        "storageClassName": "fast",
        **spec,
    }
    return create("v1", "PersistentVolume", name, spec=said)


def _group(name: str) -> Step:
    return create(_SCHEDULING, "PodGroup", name, spec={"schedulingPolicy": {"basic": {}}})


_USER: Final = pod(
    "user", volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
)
_USED: Final = (CLASS, CLAIM, _USER)
_GROW: Final = patch(
    "PersistentVolumeClaim", "data", {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
)
_SERVICE: Final = create("v1", "Service", "web", spec={"ports": [{"port": 80}]})
_KUBELET: Final = ("kube-apiserver-client-kubelet", "system:node:node-1", "system:nodes")
_FOR_KUBELETS: Final = ["digital signature", "client auth"]
_CSR: Final = "certificates.k8s.io/v1/CertificateSigningRequest"
_STORAGE: Final = "storage.k8s.io/v1"
_SCHEDULING: Final = "scheduling.k8s.io/v1alpha2"
_FLOW: Final = "flowcontrol.apiserver.k8s.io/v1"
_POLICIES: Final = "admissionregistration.k8s.io/v1"
_NETWORKING: Final = "networking.k8s.io/v1"
_RBAC: Final = "rbac.authorization.k8s.io/v1"
_ASSIGNED: Final = create(
    "apps/v1",
    "Deployment",
    "web",
    spec={
        "replicas": 3,
        "selector": {"matchLabels": {"app": "web"}},
        "template": template("web"),
    },
)
_TAINTED: Final = patched(
    "Node", "node-1", {"spec": {"taints": [{"key": "maintenance", "effect": "NoExecute"}]}}
)
_TARGET: Final = {
    "type": "DisruptionTarget",
    "status": "True",
    "lastTransitionTime": "2020-01-01T00:00:00Z",
}
_READERS: Final = {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}

SURROUNDINGS: Final = (
    Scenario("node-lifecycle", [_node("crash-node"), {"op": "sleep", "s": 100}], (NODE,)),
    Scenario("taint-eviction", [_ASSIGNED, _TAINTED], (NODE,)),
    Scenario("podgc", [_ASSIGNED, _node("crash-node"), delete("Node", "node-1")], (NODE,)),
    Scenario(
        "stale-disruption",
        [pod("p"), patch("Pod", "p", {"status": {"conditions": [_TARGET]}}, sub="/status")],
    ),
    Scenario(
        "persistentvolume-keeper",
        [
            CLASS,
            CLAIM,
            delete("PersistentVolumeClaim", "data"),
            _volume("other", storageClassName="none"),
        ],
        (_PV,),
    ),
    Scenario(
        "pvc-protection",
        [
            *_USED,
            create("v1", "PersistentVolumeClaim", "kept", spec=CLAIM["obj"]["spec"]),
            pod("keeper", volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "kept"}}]),
            delete("PersistentVolumeClaim", "data"),
            delete("PersistentVolumeClaim", "kept"),
            delete("Pod", "user"),
        ],
        (_PV,),
    ),
    Scenario(
        "pv-protection",
        [
            CLASS,
            _volume("one"),
            CLAIM,
            delete("PersistentVolume", "one"),
            delete("PersistentVolumeClaim", "data"),
        ],
        (_PV,),
    ),
    Scenario(
        "podgroup-protection",
        [
            _group("one"),
            _group("two"),
            pod("in-one", schedulingGroup={"podGroupName": "one"}),
            pod("in-two", schedulingGroup={"podGroupName": "two"}),
            delete("PodGroup", "one", _SCHEDULING),
            delete("PodGroup", "two", _SCHEDULING),
            delete("Pod", "in-one"),
        ],
        (f"{_SCHEDULING}/PodGroup",),
        cluster={
            "feature_gates": {"GenericWorkload": True},
            "runtime_config": {_SCHEDULING: True},
        },
    ),
    Scenario(
        "vac-protection",
        [
            create(
                _STORAGE, "VolumeAttributesClass", "gold", driverName="d", parameters={"a": "b"}
            ),
            create(_STORAGE, "VolumeAttributesClass", "tin", driverName="d", parameters={"a": "b"}),
            _volume(
                "one",
                volumeAttributesClassName="gold",
                csi={"driver": "d", "volumeHandle": "h"},
                hostPath=None,
            ),
            delete("VolumeAttributesClass", "tin", _STORAGE),
            delete("VolumeAttributesClass", "gold", _STORAGE),
        ],
        (f"{_STORAGE}/VolumeAttributesClass",),
    ),
    Scenario(
        "attachdetach",
        [
            *_USED,
            create("v1", "PersistentVolumeClaim", "kept", spec=CLAIM["obj"]["spec"]),
            pod("keeper", volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "kept"}}]),
            delete("Pod", "user"),
        ],
        (f"{_STORAGE}/VolumeAttachment",),
    ),
    Scenario(
        "attached-volumes",
        [*_USED, pod("other", nodeName="node-2"), delete("Pod", "user")],
        (NODE,),
    ),
    Scenario("simulated-attacher", [*_USED], (f"{_STORAGE}/VolumeAttachment",)),
    Scenario("csi-nodes", [CLASS, delete("CSINode", "node-1", _STORAGE)], (f"{_STORAGE}/CSINode",)),
    Scenario("volume-expand", [CLASS, _volume("one"), CLAIM, _GROW], told=True),
    Scenario(
        "simulated-provisioner", [CLASS, CLAIM, delete("PersistentVolumeClaim", "data")], (_PV,)
    ),
    Scenario("simulated-resizer", [CLASS, CLAIM, _GROW], (_PV,)),
    Scenario(
        "ephemeral-volume",
        [
            CLASS,
            pod(
                "p",
                volumes=[
                    {
                        "name": "v",
                        "ephemeral": {"volumeClaimTemplate": {"spec": CLAIM["obj"]["spec"]}},
                    }
                ],
            ),
            delete("PersistentVolumeClaim", "p-v"),
        ],
    ),
    Scenario(
        "service-addresses",
        [
            _SERVICE,
            create("v1", "Service", "gone", spec={"ports": [{"port": 80}]}),
            delete("Service", "gone"),
        ],
        (f"{_NETWORKING}/IPAddress",),
    ),
    Scenario(
        "service-cidr",
        [
            create(_NETWORKING, "ServiceCIDR", "more", spec={"cidrs": ["10.200.0.0/24"]}),
            create(_NETWORKING, "ServiceCIDR", "gone", spec={"cidrs": ["10.201.0.0/24"]}),
            delete("ServiceCIDR", "gone", _NETWORKING),
        ],
        (f"{_NETWORKING}/ServiceCIDR",),
    ),
    Scenario(
        "root-ca-certificate-publisher",
        [
            delete("ConfigMap", "kube-root-ca.crt"),
            patch("ConfigMap", "kube-root-ca.crt", {"data": {"ca.crt": "wrong"}}),
        ],
        (CONFIG_MAP,),
    ),
    Scenario(
        "serviceaccount-token",
        [
            {
                "op": "together",
                "steps": [create("v1", "ServiceAccount", "new"), secret("kept", "new")],
            },
            create("v1", "ServiceAccount", "robot"),
            secret("gone", "robot"),
            delete("ServiceAccount", "robot"),
        ],
        (SECRET,),
    ),
    Scenario(
        "token-cleaner",
        [_token("aaaaaa", expiration="2020-01-01T00:00:00Z"), _token("bbbbbb")],
        (SECRET,),
    ),
    Scenario(
        "bootstrap-signer",
        [
            create(
                "v1",
                "ConfigMap",
                "cluster-info",
                metadata={"namespace": "kube-public"},
                data={"kubeconfig": "one"},
            ),
            _token("aaaaaa", usage_bootstrap_signing="true"),
            _token("bbbbbb", usage_bootstrap_signing="true"),
            delete("Secret", "bootstrap-token-bbbbbb", namespace="kube-system"),
        ],
        (CONFIG_MAP,),
    ),
    Scenario("csrapproving", [_request(*_KUBELET, _FOR_KUBELETS)], (_CSR,)),
    Scenario("csrsigning", [_request(*_KUBELET, _FOR_KUBELETS)], (_CSR,)),
    Scenario(
        "csrcleaner", [_request(*_KUBELET, _FOR_KUBELETS), {"op": "sleep", "s": 4000}], (_CSR,)
    ),
    Scenario(
        "clusterrole-aggregation",
        [
            create(
                _RBAC,
                "ClusterRole",
                "all",
                aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"of": "all"}}]},
                rules=[],
            ),
            create(_RBAC, "ClusterRole", "one", metadata={"labels": {"of": "all"}}, **_READERS),
            create(_RBAC, "ClusterRole", "two", metadata={"labels": {"of": "all"}}, **_READERS),
            delete("ClusterRole", "two", _RBAC),
        ],
        (f"{_RBAC}/ClusterRole",),
    ),
    Scenario(
        "flow-schema-status",
        [
            create(
                _FLOW, "FlowSchema", "mine", spec={"priorityLevelConfiguration": {"name": "slow"}}
            ),
            create(
                _FLOW,
                "PriorityLevelConfiguration",
                "slow",
                spec={"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}},
            ),
        ],
        (f"{_FLOW}/FlowSchema",),
    ),
    Scenario(
        "validatingadmissionpolicy-status",
        [
            create(
                _POLICIES,
                "ValidatingAdmissionPolicy",
                "few",
                spec={
                    "matchConstraints": {
                        "resourceRules": [
                            {
                                "apiGroups": ["apps"],
                                "apiVersions": ["v1"],
                                "operations": ["CREATE"],
                                "resources": ["deployments"],
                            }
                        ]
                    },
                    "validations": [{"expression": "true"}],
                },
            )
        ],
        (f"{_POLICIES}/ValidatingAdmissionPolicy",),
    ),
)
