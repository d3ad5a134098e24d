"""Pods: containers, volumes, placement, and the little that may change."""

from typing import Any

import pytest

from orchestrator.api.core.v1 import Pod
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.validating import validate_create, validate_update
from tests.apiserver.validation.support import (
    GONE,
    edit,
    faults,
    load,
    status_faults,
    update_faults,
)

POD: dict[str, Any] = {
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {
        "containers": [
            {
                "name": "web",
                "image": "nginx:1.27",
                "ports": [{"name": "http", "containerPort": 80}],
                "env": [{"name": "MODE", "value": "fast"}],
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": "200m"}},
                "readinessProbe": {"httpGet": {"port": "http"}},
            }
        ],
        "initContainers": [{"name": "init", "image": "busybox:1"}],
        "volumes": [{"name": "data", "emptyDir": {}}],
        "serviceAccountName": "default",
    },
}
C = "spec.containers[0]"
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)

CONTAINERS: list[tuple[dict[str, Any], list[str] | None]] = [
    ({}, []),
    ({"spec.containers": []}, ["spec.containers: Required value"]),
    ({"spec.containers.0.name": "Web"}, [f'{C}.name: Invalid value: "Web": {LABEL}']),
    ({"spec.containers.0.image": ""}, [f"{C}.image: Required value"]),
    (
        {"spec.containers.0.image": " nginx"},
        [f'{C}.image: Invalid value: " nginx": must not have leading or trailing whitespace'],
    ),
    (
        {"spec.containers.0.imagePullPolicy": "Often"},
        [
            f'{C}.imagePullPolicy: Unsupported value: "Often": supported values: "Always", '
            '"IfNotPresent", "Never"'
        ],
    ),
    (
        {
            "spec.resources": {"requests": {"cpu": "500m"}, "limits": {"hugepages-2Mi": "2Mi"}},
            "spec.initContainers.0.resources": {
                "requests": {"cpu": "1"},
                "limits": {"hugepages-2Mi": "4Mi"},
            },
        },
        [
            'spec.resources.requests[cpu]: Invalid value: "500m": must be greater than or equal to '
            "aggregate container requests of 1",
            'spec.resources.requests[hugepages-2Mi]: Invalid value: "2Mi": must be greater than or equal to '
            "aggregate container requests of 4Mi",
            'spec.resources.limits[hugepages-2Mi]: Invalid value: "2Mi": must be greater than or equal to '
            "aggregate container limits of 4Mi",
        ],
    ),
    (
        {"spec.containers.1": {"name": "web", "image": "a"}},
        ['spec.containers[1].name: Duplicate value: "web"'],
    ),
    (
        {"spec.initContainers.0.name": "web"},
        ['spec.initContainers[0].name: Duplicate value: "web"'],
    ),
    (
        {"spec.initContainers.0.readinessProbe": {"tcpSocket": {"port": 1}}},
        [
            "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers "
            "without restartPolicy=Always"
        ],
    ),
    (
        {
            "spec.initContainers.0.readinessProbe": {"tcpSocket": {"port": 1}},
            "spec.initContainers.0.restartPolicy": "Always",
        },
        [],
    ),
    (
        {"spec.containers.0.ports.0.containerPort": 0},
        [f"{C}.ports[0].containerPort: Required value"],
    ),
    (
        {"spec.containers.0.ports.0.containerPort": 65536},
        [
            f"{C}.ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535, "
            "inclusive"
        ],
    ),
    (
        {"spec.containers.0.ports.0.protocol": "ICMP"},
        [
            f'{C}.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", '
            '"UDP"'
        ],
    ),
    (
        {
            "spec.containers.0.ports.0.hostPort": 80,
            "spec.containers.0.ports.1": {"containerPort": 81, "hostPort": 80},
        },
        [f'{C}.ports[1].hostPort: Duplicate value: "TCP//80"'],
    ),
    (
        {"spec.hostNetwork": True, "spec.containers.0.ports.0.hostPort": 81},
        [
            f"{C}.ports[0].hostPort: Invalid value: 81: must match `containerPort` when "
            "`hostNetwork` is true"
        ],
    ),
    (
        {"spec.containers.0.env.0.name": "A=B"},
        [
            f'{C}.env[0].name: Invalid value: "A=B": a valid environment variable name must '
            "consist only of printable ASCII characters other than '='"
        ],
    ),
    (
        {"spec.containers.0.env.0.valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        [
            f'{C}.env[0].valueFrom: Invalid value: "": may not be specified when `value` is not '
            "empty"
        ],
    ),
    (
        {"spec.containers.0.env.1": {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}},
        [
            f'{C}.env[1].valueFrom.fieldRef.fieldPath: Invalid value: "x": error converting '
            "fieldPath: field label not supported: x"
        ],
    ),
    (
        {
            "spec.containers.0.env.1": {
                "name": "A",
                "valueFrom": {"resourceFieldRef": {"resource": "limits.gpu"}},
            }
        },
        [
            f'{C}.env[1].valueFrom.resourceFieldRef.resource: Unsupported value: "limits.gpu": '
            'supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", '
            '"requests.cpu", "requests.ephemeral-storage", "requests.memory"'
        ],
    ),
    (
        {"spec.containers.0.envFrom": [{}]},
        [f'{C}.envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
    ),
    (
        {"spec.containers.0.volumeMounts.0.name": "other"},
        [f'{C}.volumeMounts[0].name: Not found: "other"'],
    ),
    (
        {"spec.containers.0.volumeMounts.1": {"name": "data", "mountPath": "/data"}},
        [f'{C}.volumeMounts[1].mountPath: Invalid value: "/data": must be unique'],
    ),
    (
        {"spec.containers.0.volumeMounts.0.subPath": "../up"},
        [f"{C}.volumeMounts.subPath: Invalid value: \"../up\": must not contain '..'"],
    ),
    (
        {"spec.containers.0.resources.requests.cpu": "300m"},
        [
            f'{C}.resources.requests: Invalid value: "300m": must be less than or equal to cpu '
            "limit of 200m"
        ],
    ),
    (
        {"spec.containers.0.resources.limits.memory": "-1"},
        [
            f'{C}.resources.limits[memory]: Invalid value: "-1": must be greater than or equal to 0',
            f'{C}.resources.requests[memory]: Invalid value: "-1": must be greater than or equal '
            "to 0",
        ],
    ),
    (
        {"spec.containers.0.resources.requests.gpu": "1"},
        [
            f'{C}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type '
            "or fully qualified",
            f'{C}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for '
            "containers",
        ],
    ),
    (
        {"spec.containers.0.resources.requests.example|com/gpu": "1"},
        [
            f"{C}.resources.limits: Required value: Limit must be set for non overcommitable resources"
        ],
    ),
    (
        {"spec.containers.0.readinessProbe": {}},
        [f"{C}.readinessProbe: Required value: must specify a handler type"],
    ),
    (
        {"spec.containers.0.readinessProbe.tcpSocket": {"port": 1}},
        [f"{C}.readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"],
    ),
    (
        {"spec.containers.0.livenessProbe": {"exec": {"command": ["a"]}, "successThreshold": 2}},
        [f"{C}.livenessProbe.successThreshold: Invalid value: 2: must be 1"],
    ),
    (
        {"spec.containers.0.livenessProbe": {"exec": {}, "periodSeconds": -1}},
        [
            f"{C}.livenessProbe.exec.command: Required value",
            f"{C}.livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
        ],
    ),
    (
        {"spec.containers.0.lifecycle": {"preStop": {"sleep": {"seconds": 31}}}},
        [
            f"{C}.lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than "
            "terminationGracePeriodSeconds (30)"
        ],
    ),
    (
        {"spec.containers.0.securityContext": {"runAsUser": -1}},
        [
            f"{C}.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, "
            "inclusive"
        ],
    ),
    (
        {"spec.ephemeralContainers": [{"name": "debug", "image": "a"}]},
        ["spec.ephemeralContainers: Forbidden: cannot be set on create"],
    ),
]

SPECS: list[tuple[dict[str, Any], list[str] | None]] = [
    (
        {"spec.restartPolicy": "Sometimes"},
        [
            'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", '
            '"OnFailure", "Never"'
        ],
    ),
    (
        {"spec.volumes.0.hostPath": {"path": "/"}},
        [
            "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
            f'{C}.volumeMounts[0].name: Not found: "data"',
        ],
    ),
    (
        {"spec.volumes.1": {"name": "data", "emptyDir": {}}},
        ['spec.volumes[1].name: Duplicate value: "data"'],
    ),
    (
        {"spec.volumes.1": {"name": "s", "secret": {"secretName": ""}}},
        ["spec.volumes[1].secret.secretName: Required value"],
    ),
    (
        {"spec.volumes.1": {"name": "h", "hostPath": {"path": "/a", "type": "Tree"}}},
        [
            'spec.volumes[1].hostPath.type: Unsupported value: "Tree": supported values: "", '
            '"BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", '
            '"FileOrCreate", "Socket"'
        ],
    ),
    (
        {"spec.activeDeadlineSeconds": 0},
        [
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"
        ],
    ),
    ({"spec.nodeName": "A"}, None),
    (
        {"spec.schedulingGates": [{"name": "a.b/c"}, {"name": "a.b/c"}]},
        ['spec.schedulingGates[1]: Duplicate value: "a.b/c"'],
    ),
    (
        {"spec.schedulingGates": [{"name": "a.b/c"}], "spec.nodeName": "n"},
        ["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"],
    ),
    (
        {"spec.tolerations": [{"operator": "Equal"}]},
        [
            'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when '
            '`key` is empty, which means "match all values and all keys"'
        ],
    ),
    (
        {"spec.tolerations": [{"key": "a", "tolerationSeconds": 1, "effect": "NoSchedule"}]},
        [
            "spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' "
            "when `tolerationSeconds` is set"
        ],
    ),
    (
        {
            "spec.topologySpreadConstraints": [
                {"maxSkew": 0, "topologyKey": "", "whenUnsatisfiable": "X"}
            ]
        },
        [
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
            "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty",
            'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "X": '
            'supported values: "DoNotSchedule", "ScheduleAnyway"',
        ],
    ),
    (
        {
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "In"}]}]
            }
        },
        [
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
            ".nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified "
            "when `operator` is 'In' or 'NotIn'"
        ],
    ),
    (
        {
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution": [
                {"labelSelector": {}, "topologyKey": ""}
            ]
        },
        None,
    ),
    (
        {"spec.dnsPolicy": "None"},
        ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
    ),
    (
        {"spec.securityContext": {"sysctls": [{"name": "net.a"}]}, "spec.hostNetwork": True},
        [
            'spec.securityContext.sysctls[0].name: Invalid value: "net.a": may not be specified '
            "when 'hostNetwork' is true"
        ],
    ),
    (
        {"metadata.annotations": {"kubernetes.io/config.mirror": "x"}},
        [
            'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set '
            "spec.nodeName if mirror pod annotation is set"
        ],
    ),
]


@pytest.mark.parametrize(("changes", "expected"), [*CONTAINERS, *SPECS])
def test_new_pods(changes: dict[str, Any], expected: list[str] | None) -> None:
    """A pod is refused with Kubernetes' paths and words, for everything at once."""
    found = faults(Pod, edit(POD, changes))
    if expected is None:
        assert found
    else:
        assert found == expected


IMMUTABLE = (
    "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"spec.containers.0.image": "nginx:1.28"}, []),
        ({"spec.initContainers.0.image": "busybox:2"}, []),
        ({"spec.activeDeadlineSeconds": 60}, []),
        ({"spec.tolerations": [{"key": "a", "operator": "Exists"}]}, []),
        ({"metadata.labels": {"a": "b"}}, []),
        (
            {"spec.containers.1": {"name": "b", "image": "b"}},
            ["spec.containers: Forbidden: pod updates may not add or remove containers"],
        ),
        (
            {"spec.schedulingGates": [{"name": "a.b/c"}]},
            [
                "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new "
                "scheduling gate 'a.b/c'"
            ],
        ),
        (
            {"metadata.annotations": {"kubernetes.io/config.mirror": "x"}, "spec.nodeName": "n"},
            None,
        ),
    ],
)
def test_changed_pods(changes: dict[str, Any], expected: list[str] | None) -> None:
    """Images, deadlines, more tolerations and metadata may change."""
    found = update_faults(Pod, edit(POD, changes), POD)
    if expected is None:
        assert (
            "metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation"
            in found
        )
    else:
        assert found == expected


def test_other_changes_come_with_a_difference() -> None:
    """A refused change says what it would have changed, line by line."""
    (fault,) = update_faults(Pod, edit(POD, {"spec.hostname": "other"}), POD)
    assert fault.startswith(IMMUTABLE + "@@ ")
    assert '\n+ "Hostname": "other",\n' in fault


def test_tolerations_are_only_added() -> None:
    """A toleration that was there stays, but for its seconds."""
    path = "spec.tolerations"
    old = edit(POD, {path: [{"key": "a", "operator": "Exists", "effect": "NoExecute"}]})
    longer = edit(old, {f"{path}.0.tolerationSeconds": 5})
    assert update_faults(Pod, longer, old) == []
    (fault,) = update_faults(Pod, edit(old, {path: []}), old)
    assert fault == (
        "spec.tolerations: Forbidden: existing toleration can not be modified except its "
        "tolerationSeconds"
    )


def test_gated_pods_may_be_narrowed() -> None:
    """While a gate holds it, a pod's node selector may grow."""
    old = edit(POD, {"spec.schedulingGates": [{"name": "a.b/c"}], "spec.nodeSelector": {"a": "b"}})
    assert update_faults(Pod, edit(old, {"spec.nodeSelector.c": "d"}), old) == []
    (fault,) = update_faults(Pod, edit(old, {"spec.nodeSelector": {"c": "d"}}), old)
    assert fault == (
        'spec.nodeSelector: Invalid value: {"c":"d"}: only additions to spec.nodeSelector are '
        "allowed (no mutations or deletions)"
    )


def test_status_goes_forward() -> None:
    """A container that ended does not come back in a pod that never restarts."""
    ended = {"name": "web", "state": {"terminated": {"exitCode": 1}}}
    running = {"name": "web", "state": {"running": {}}}
    statuses = "status.containerStatuses"
    old = edit(POD, {"spec.restartPolicy": "Never", statuses: [ended]})
    assert status_faults(Pod, edit(old, {statuses: [running]}), old) == [
        "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated "
        "state"
    ]
    retried = edit(old, {"spec.restartPolicy": "OnFailure"})
    assert status_faults(Pod, edit(retried, {statuses: [running]}), retried) == []


def test_status_values() -> None:
    """Conditions are qualified names, addresses are addresses, the class of service stays."""
    old = edit(POD, {"status.qosClass": "Burstable"})
    new = edit(
        POD,
        {
            "status.qosClass": "BestEffort",
            "status.podIPs": [{"ip": "10.0.0.300"}],
            "status.hostIP": "10.0.0.1",
            "status.hostIPs": [{"ip": "10.0.0.2"}],
        },
    )
    assert status_faults(Pod, new, old) == [
        'status.qosClass: Invalid value: "BestEffort": field is immutable',
        'status.podIPs[0]: Invalid value: "10.0.0.300": must be a valid IP address, '
        "(e.g. 10.9.8.7 or 2001:db8::ffff)",
        'status.hostIPs[0].ip: Invalid value: "10.0.0.2": must be equal to `hostIP`',
    ]


def test_verdicts_on_a_shared_spec_are_remembered() -> None:
    """Pods of one template are checked by their own metadata and one verdict on their spec."""
    first = load(Pod, POD)
    bad = load(Pod, edit(POD, {"metadata.name": "Bad"}))
    resource = resource_of(Pod)
    assert validate_create(kind_of(resource), resource.namespaced, first) == ()
    shared = type(first)(metadata=bad.metadata, spec=first.spec)
    (cause,) = validate_create(kind_of(resource), resource.namespaced, shared)
    assert cause.field == "metadata.name"
    assert validate_update(kind_of(resource), first, first) == ()


def test_ephemeral_claims_carry_the_pods_name() -> None:
    """A pod may not also mount, as its own, the claim that it makes for an ephemeral volume."""
    claim = {
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    }
    volumes = [
        {"name": "scratch", "ephemeral": {"volumeClaimTemplate": claim}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "web-scratch"}},
    ]
    assert faults(Pod, edit(POD, {"spec.volumes": volumes})) == [
        'spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: "web-scratch": must not '
        "reference a PVC that gets created for an ephemeral volume"
    ]
    assert faults(Pod, edit(POD, {"spec.volumes": volumes, "metadata.name": "api"})) == []
    assert GONE is not None


_SECCOMP = "seccomp.security.alpha.kubernetes.io/pod"


@pytest.mark.parametrize(
    ("annotation", "value", "context", "where"),
    [
        (_SECCOMP, "runtime/default", "Unconfined", "spec.securityContext.seccompProfile.type"),
        (_SECCOMP, "docker/default", "RuntimeDefault", None),
        (_SECCOMP, "localhost/a", "Localhost", None),
        (
            _SECCOMP,
            "localhost/b",
            "Localhost",
            "spec.securityContext.seccompProfile.localhostProfile",
        ),
    ],
)
def test_annotations_of_profiles_say_what_the_fields_say(
    annotation: str, value: str, context: str, where: str | None
) -> None:
    """Of pods, and of templates of pods."""
    profile = {"type": context, **({"localhostProfile": "a"} if context == "Localhost" else {})}
    changes = {
        "metadata.annotations": {annotation: value},
        "spec.securityContext": {"seccompProfile": profile},
    }
    word = "profile" if where and where.endswith("localhostProfile") else "type"
    told = (
        [f"{where}: Forbidden: seccomp {word} in annotation and field must match"] if where else []
    )
    assert faults(Pod, edit(POD, changes)) == told


def test_a_containers_own_profile_is_that_of_its_annotation() -> None:
    """Seccomp's as it is; AppArmor's is the pod's where the container says none."""
    changes = {
        "metadata.annotations": {
            "container.seccomp.security.alpha.kubernetes.io/web": "unconfined",
            "container.apparmor.security.beta.kubernetes.io/web": "unconfined",
        },
        "spec.containers.0.securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "spec.securityContext": {"appArmorProfile": {"type": "RuntimeDefault"}},
    }
    assert faults(Pod, edit(POD, changes)) == [
        f"{C}.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match",
        f"{C}.securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match",
    ]
