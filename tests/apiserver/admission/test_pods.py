"""Plugins that pods pass through."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.api.codec import from_dict, to_dict
from orchestrator.api.core.v1 import LimitRange, Namespace, Pod, ServiceAccount
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheduling.v1 import PriorityClass
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.admission import Admission, chain_of
from orchestrator.apiserver.admission.default_toleration_seconds import DefaultTolerationSeconds
from orchestrator.apiserver.admission.limit_ranger import LimitRanger
from orchestrator.apiserver.admission.namespace_lifecycle import NamespaceLifecycle
from orchestrator.apiserver.admission.priority import Priority
from orchestrator.apiserver.admission.service_account import ServiceAccounts
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.defaulting import apply_defaults
from orchestrator.apiserver.kinds.validating import validate_create
from orchestrator.protocol import Forbidden, NotFound
from tests.apiserver.admission.support import Objects, admitted, cluster, make, pod, request

NOT_READY = {
    "key": "node.kubernetes.io/not-ready",
    "operator": "Exists",
    "effect": "NoExecute",
    "tolerationSeconds": 300,
}
UNREACHABLE = {**NOT_READY, "key": "node.kubernetes.io/unreachable"}


def spec_of(obj: Pod) -> dict[str, Any]:
    """The document of a pod's spec."""
    document: dict[str, Any] = to_dict(obj)["spec"]
    return document


# --- NamespaceLifecycle --------------------------------------------------------------------


def test_nothing_begins_in_a_missing_namespace() -> None:
    """The namespace is what was not found."""
    with pytest.raises(NotFound, match='namespaces "default" not found') as caught:
        NamespaceLifecycle().admit(request(pod()), Objects())
    assert (caught.value.kind, caught.value.name) == ("namespaces", "default")


@pytest.mark.parametrize(
    "ending",
    [
        {"metadata": {"name": "default"}, "status": {"phase": "Terminating"}},
        {"metadata": {"name": "default", "deletionTimestamp": "2024-01-01T00:00:00Z"}},
    ],
)
def test_nothing_begins_in_an_ending_namespace(ending: dict[str, Any]) -> None:
    """The refusal says why, and its cause is one that clients look for."""
    with pytest.raises(Forbidden) as caught:
        NamespaceLifecycle().admit(request(pod()), Objects(from_dict(ending, Namespace)))
    assert caught.value.message == (
        'pods "web" is forbidden: unable to create new content in namespace default because it is '
        "being terminated"
    )
    assert [cause.reason for cause in caught.value.causes] == ["NamespaceTerminating"]


def test_the_clusters_own_namespaces_stay() -> None:
    """default, kube-system and kube-public may not be deleted; others may."""
    plugin = NamespaceLifecycle()
    for name, immortal in (("kube-system", True), ("mine", False)):
        namespace = from_dict({"metadata": {"name": name}}, Namespace)
        asked = request(None, "DELETE", old=namespace)
        assert plugin.handles("DELETE", asked.resource, "")
        if immortal:
            with pytest.raises(Forbidden, match="this namespace may not be deleted"):
                plugin.validate(asked, cluster())
        else:
            plugin.validate(asked, cluster())


# --- ServiceAccount ------------------------------------------------------------------------


def test_pods_act_as_the_default_account() -> None:
    """The account is set under both names, and its token is mounted in every container."""
    given = pod(initContainers=[{"name": "i", "image": "a"}])
    spec = spec_of(admitted(ServiceAccounts(), given, cluster()))
    assert (spec["serviceAccountName"], spec["serviceAccount"]) == ("default", "default")
    (volume,) = spec["volumes"]
    name = volume["name"]
    assert name.startswith("kube-api-access-")
    assert len(name) == len("kube-api-access-") + 5
    mount = {
        "name": name,
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        "readOnly": True,
    }
    assert spec["containers"][0]["volumeMounts"] == [mount]
    assert spec["initContainers"][0]["volumeMounts"] == [mount]
    assert volume["projected"] == {
        "defaultMode": 420,
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {
                "configMap": {
                    "name": "kube-root-ca.crt",
                    "items": [{"key": "ca.crt", "path": "ca.crt"}],
                }
            },
            {
                "downwardAPI": {
                    "items": [
                        {
                            "path": "namespace",
                            "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                        }
                    ]
                }
            },
        ],
    }


def test_the_account_must_exist() -> None:
    """Kubernetes' words for an account that is not there (yet)."""
    with pytest.raises(Forbidden) as caught:
        ServiceAccounts().admit(request(pod()), Objects())
    assert caught.value.message == (
        'pods "web" is forbidden: error looking up service account default/default: '
        'serviceaccount "default" not found'
    )


@pytest.mark.parametrize(
    ("account", "spec", "mounted"),
    [
        ({}, {"automountServiceAccountToken": False}, False),
        ({"automountServiceAccountToken": False}, {}, False),
        ({"automountServiceAccountToken": False}, {"automountServiceAccountToken": True}, True),
    ],
)
def test_tokens_may_be_declined(
    account: dict[str, Any], spec: dict[str, Any], mounted: bool
) -> None:
    """The pod's word counts before its account's."""
    meta = {"name": "robot", "namespace": "default"}
    robot = from_dict({"metadata": meta, **account}, ServiceAccount)
    given = pod(serviceAccountName="robot", **spec)
    assert ("volumes" in spec_of(admitted(ServiceAccounts(), given, cluster(robot)))) is mounted


def test_a_mount_at_the_place_of_the_token_stays() -> None:
    """Who mounts something there gets no token, and no volume for it."""
    path = "/var/run/secrets/kubernetes.io/serviceaccount"
    container = {"name": "c", "image": "a", "volumeMounts": [{"name": "v", "mountPath": path}]}
    given = pod(containers=[container], volumes=[{"name": "v", "emptyDir": {}}])
    spec = spec_of(admitted(ServiceAccounts(), given, cluster()))
    assert spec["volumes"] == [{"name": "v", "emptyDir": {}}]


def test_accounts_bring_their_pull_secrets() -> None:
    """A pod without pull secrets gets its account's."""
    meta = {"name": "robot", "namespace": "default"}
    robot = from_dict({"metadata": meta, "imagePullSecrets": [{"name": "key"}]}, ServiceAccount)
    given = pod(serviceAccountName="robot")
    spec = spec_of(admitted(ServiceAccounts(), given, cluster(robot)))
    assert spec["imagePullSecrets"] == [{"name": "key"}]


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"serviceAccountName": "a"}, "a mirror pod may not reference service accounts"),
        (
            {"volumes": [{"name": "v", "secret": {"secretName": "s"}}]},
            "a mirror pod may not reference secrets",
        ),
        ({}, ""),
    ],
)
def test_mirror_pods_are_left_alone(spec: dict[str, Any], why: str) -> None:
    """What the node runs by itself is not changed, and may need nothing of the cluster."""
    given = pod(**spec)
    annotations = {"kubernetes.io/config.mirror": "x"}
    given = replace(given, metadata=replace(given.metadata, annotations=annotations))
    if why:
        with pytest.raises(Forbidden, match=why):
            ServiceAccounts().admit(request(given), cluster())
    else:
        assert ServiceAccounts().admit(request(given), cluster()) is given


# --- Priority ------------------------------------------------------------------------------


def priority_class(name: str, value: int, **more: Any) -> PriorityClass:
    """A class."""
    return from_dict({"metadata": {"name": name}, "value": value, **more}, PriorityClass)


@pytest.mark.parametrize(
    ("classes", "spec", "expected"),
    [
        ([], {}, ("", 0, "PreemptLowerPriority")),
        ([("high", 9, {})], {}, ("", 0, "PreemptLowerPriority")),
        ([("high", 9, {})], {"priorityClassName": "high"}, ("high", 9, "PreemptLowerPriority")),
        (
            [("meek", 5, {"preemptionPolicy": "Never"})],
            {"priorityClassName": "meek"},
            ("meek", 5, "Never"),
        ),
        (
            [("a", 7, {"globalDefault": True}), ("b", 3, {"globalDefault": True})],
            {},
            ("b", 3, "PreemptLowerPriority"),
        ),
        (
            [],
            {"priorityClassName": "system-node-critical"},
            ("system-node-critical", 2_000_001_000, "PreemptLowerPriority"),
        ),
    ],
)
def test_priorities(
    classes: list[tuple[str, int, dict[str, Any]]],
    spec: dict[str, Any],
    expected: tuple[str, int, str],
) -> None:
    """A pod's number is its class's, the default's, or 0."""
    known = [priority_class(name, value, **more) for name, value, more in classes]
    result = admitted(Priority(), pod(**spec), cluster(*known)).spec
    assert result is not None
    assert (result.priority_class_name, result.priority, result.preemption_policy) == expected


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (
            {"priorityClassName": "none"},
            'pods "web" is forbidden: no PriorityClass with name none was found',
        ),
        (
            {"priority": 5},
            'pods "web" is forbidden: the integer value of priority (5) must not be provided in '
            "pod spec; priority admission controller computed 0 from the given PriorityClass name",
        ),
        (
            {"preemptionPolicy": "Never"},
            'pods "web" is forbidden: the string value of PreemptionPolicy (Never) must not be '
            "provided in pod spec; priority admission controller computed PreemptLowerPriority "
            "from the given PriorityClass name",
        ),
    ],
)
def test_priorities_are_not_for_the_asking(spec: dict[str, Any], why: str) -> None:
    """A class must exist; a number of one's own is refused."""
    with pytest.raises(Forbidden) as caught:
        Priority().admit(request(pod(**spec)), cluster())
    assert caught.value.message == why


def test_updates_keep_the_priority() -> None:
    """An update without the number means the present one."""
    old = pod(priority=5, preemptionPolicy="Never")
    result = admitted(Priority(), pod(), cluster(), operation="UPDATE", old=old).spec
    assert result is not None
    assert (result.priority, result.preemption_policy) == (5, "Never")


def test_one_default_class() -> None:
    """A second default is refused; the default itself may be written again."""
    first = priority_class("first", 1, globalDefault=True)
    second = priority_class("second", 2, globalDefault=True)
    plugin = Priority()
    plugin.validate(request(first), cluster(first))
    with pytest.raises(Forbidden, match="PriorityClass first is already marked as default"):
        plugin.validate(request(second), cluster(first))


# --- DefaultTolerationSeconds --------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], [NOT_READY, UNREACHABLE]),
        ([{"operator": "Exists"}], [{"operator": "Exists"}]),
        (
            [{**NOT_READY, "tolerationSeconds": 5}],
            [{**NOT_READY, "tolerationSeconds": 5}, UNREACHABLE],
        ),
        (
            [{"key": "a", "operator": "Exists"}],
            [{"key": "a", "operator": "Exists"}, NOT_READY, UNREACHABLE],
        ),
    ],
)
def test_tolerations(given: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Five minutes for each taint that the pod does not speak of."""
    result = admitted(DefaultTolerationSeconds(), pod(tolerations=given), cluster())
    assert spec_of(result)["tolerations"] == expected


# --- LimitRanger ---------------------------------------------------------------------------


def limit_range(**item: Any) -> LimitRange:
    """A range of one item."""
    meta = {"name": "limits", "namespace": "default"}
    document = {"metadata": meta, "spec": {"limits": [{"type": "Container", **item}]}}
    return apply_defaults(kind_of(resource_of(LimitRange)), from_dict(document, LimitRange))


def with_resources(**resources: Any) -> Pod:
    """A pod of one container with these resources."""
    return pod(containers=[{"name": "c", "image": "a", "resources": resources}])


def test_ranges_give_defaults() -> None:
    """Defaults fill what is missing, and a note says which."""
    ranges = limit_range(default={"cpu": "1"}, defaultRequest={"cpu": "500m", "memory": "1Gi"})
    result = admitted(LimitRanger(), pod(), cluster(ranges))
    assert spec_of(result)["containers"][0]["resources"] == {
        "limits": {"cpu": "1"},
        "requests": {"cpu": "500m", "memory": "1Gi"},
    }
    assert result.metadata.annotations == {
        "kubernetes.io/limit-ranger": "LimitRanger plugin set: cpu, memory request for container "
        "c; cpu limit for container c"
    }


def test_a_pods_own_limits_make_its_requests() -> None:
    """Requests follow from the pod's limits before they follow from the range."""
    ranges = limit_range(defaultRequest={"cpu": "500m"})
    result = admitted(LimitRanger(), with_resources(limits={"cpu": "2"}), cluster(ranges))
    assert result.metadata.annotations == {}
    again = apply_defaults(kind_of(resource_of(Pod)), result)
    assert spec_of(again)["containers"][0]["resources"]["requests"] == {"cpu": "2"}


@pytest.mark.parametrize(
    ("item", "resources", "why"),
    [
        (
            {"max": {"cpu": "500m"}},
            {"limits": {"cpu": "1"}},
            "maximum cpu usage per Container is 500m, but limit is 1",
        ),
        (
            {"min": {"memory": "1Gi"}},
            {"requests": {"memory": "512Mi"}},
            "minimum memory usage per Container is 1Gi, but request is 512Mi",
        ),
        (
            {"type": "Pod", "min": {"cpu": "1"}},
            {},
            "minimum cpu usage per Pod is 1.  No request is specified",
        ),
        (
            {"type": "Pod", "max": {"cpu": "1"}},
            {},
            "maximum cpu usage per Pod is 1.  No limit is specified",
        ),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {"requests": {"cpu": "100m"}, "limits": {"cpu": "300m"}},
            "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
        ),
    ],
)
def test_ranges_hold_in_bounds(item: dict[str, Any], resources: dict[str, Any], why: str) -> None:
    """Too little, too much, too far apart."""
    plugin = LimitRanger()
    with pytest.raises(Forbidden) as caught:
        plugin.validate(request(with_resources(**resources)), cluster(limit_range(**item)))
    assert caught.value.message == f'pods "web" is forbidden: {why}'


# --- all of them ---------------------------------------------------------------------------


def test_pods_of_one_template_share_what_the_chain_makes() -> None:
    """After defaults and all plugins, pods of one spec still share one spec object."""
    reader = cluster()
    chain = [p for p in chain_of(Admission()) if p.handles("CREATE", resource_of(Pod), "")]
    template = pod()

    def create(name: str) -> Pod:
        obj = replace(template, metadata=ObjectMeta(name=name, namespace="default", uid=name))
        obj = apply_defaults(kind_of(resource_of(Pod)), obj)
        for plugin in chain:
            obj = plugin.admit(request(obj), reader)
        obj = apply_defaults(kind_of(resource_of(Pod)), obj)
        assert validate_create(kind_of(resource_of(Pod)), resource_of(Pod).namespaced, obj) == ()
        for plugin in chain:
            plugin.validate(request(obj), reader)
        return obj

    pods = [create(f"web-{i}") for i in range(5)]
    assert len({id(each.spec) for each in pods}) == 1
    assert [each.metadata.name for each in pods] == [f"web-{i}" for i in range(5)]
    assert make(Pod, {}).spec is None
