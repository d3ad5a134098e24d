"""Plugins of single customs, through a server that has them turned on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.api.codec import from_dict
from orchestrator.api.core.v1 import (
    Affinity,
    ConfigMap,
    Event,
    Namespace,
    Node,
    PersistentVolumeClaim,
    Pod,
    Service,
    ServiceAccount,
    Toleration,
)
from orchestrator.api.meta.v1 import ObjectMeta, OwnerReference
from orchestrator.api.node.v1 import RuntimeClass
from orchestrator.api.rbac.v1 import ClusterRole, ClusterRoleBinding
from orchestrator.api.storage.v1 import StorageClass
from orchestrator.apiserver.admission import Admission, AdmissionError, chain_of
from orchestrator.apiserver.admission.always import AlwaysDeny
from orchestrator.apiserver.admission.configuration import load_configurations
from orchestrator.apiserver.admission.namespace_exists import NamespaceExists
from orchestrator.apiserver.admission.pod_toleration_restriction import PodTolerationRestriction
from orchestrator.apiserver.admission.tolerations import merged
from orchestrator.protocol import ApiError, Forbidden, Identity, NotFound, TooManyRequests
from tests.apiserver.admission.support import cluster, request
from tests.apiserver.harness import Api, meta, pod, refused
from tests.apiserver.test_watch import bind

EXISTS = {"key": "k", "operator": "Exists"}


def server(*enable: str, **configurations: Mapping[str, Any]) -> Api:
    """One that has these plugins beside the usual ones."""
    return Api(admission=chain_of(Admission(enable, configurations=configurations)))


def with_spec(made: Pod, **changes: Any) -> Pod:
    """The pod with another spec."""
    assert made.spec is not None
    return replace(made, spec=replace(made.spec, **changes))


# --- RuntimeClass --------------------------------------------------------------------------


def runtime_class(**fields: Any) -> RuntimeClass:
    """The class `fast`."""
    return from_dict({"metadata": {"name": "fast"}, "handler": "h", **fields}, RuntimeClass)


async def test_a_pod_gets_what_its_runtime_class_says() -> None:
    """Overhead, node selector, tolerations."""
    scheduling = {"nodeSelector": {"a": "b"}, "tolerations": [EXISTS]}
    async with Api() as api:
        await api.create(
            runtime_class(overhead={"podFixed": {"cpu": "100m"}}, scheduling=scheduling)
        )
        made = await api.create(with_spec(pod("p"), runtime_class_name="fast"))
        # The very amount, written otherwise, is no other.
        await api.create(with_spec(pod("q"), runtime_class_name="fast", overhead={"cpu": "0.1"}))
    assert dict(made.spec.overhead) == {"cpu": "100m"}
    assert dict(made.spec.node_selector) == {"a": "b"}
    assert made.spec.tolerations[-1] == from_dict(EXISTS, Toleration)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"runtime_class_name": "none"}, 'RuntimeClass "none" not found'),
        (
            {"runtime_class_name": "fast", "overhead": {"cpu": "1"}},
            "Pod's Overhead doesn't match RuntimeClass's defined Overhead",
        ),
        (
            {"overhead": {"cpu": "1"}},
            "Pod Overhead set without corresponding RuntimeClass defined Overhead",
        ),
        (
            {"runtime_class_name": "fast", "node_selector": {"a": "c"}},
            "conflict: runtimeClass.scheduling.nodeSelector[a] = b; pod.spec.nodeSelector[a] = c",
        ),
    ],
)
async def test_a_pod_cannot_say_otherwise_than_its_class(
    changes: dict[str, Any], words: str
) -> None:
    """Nor name a class that is not there, nor have an overhead of its own."""
    made = runtime_class(
        overhead={"podFixed": {"cpu": "100m"}}, scheduling={"nodeSelector": {"a": "b"}}
    )
    async with Api() as api:
        await api.create(made)
        error = await refused(Forbidden, api.create(with_spec(pod("p"), **changes)))
    assert words in str(error)


@pytest.mark.parametrize(
    ("wide", "narrow", "needless"),
    [
        (EXISTS, {"key": "k", "operator": "Equal", "value": "v"}, True),
        ({"operator": "Exists"}, EXISTS, True),
        (EXISTS, {**EXISTS, "effect": "NoSchedule"}, True),
        (
            {**EXISTS, "effect": "NoExecute", "tolerationSeconds": 9},
            {**EXISTS, "effect": "NoExecute", "tolerationSeconds": 5},
            True,
        ),
        (EXISTS, {"key": "l", "operator": "Exists"}, False),
        ({**EXISTS, "effect": "NoExecute"}, {**EXISTS, "effect": "NoSchedule"}, False),
    ],
)
def test_needless_tolerations_are_left_out(
    wide: dict[str, Any], narrow: dict[str, Any], needless: bool
) -> None:
    """Wherever the wider one stands."""
    a, b = from_dict(wide, Toleration), from_dict(narrow, Toleration)
    assert merged((a, b)) == ((a,) if needless else (a, b))
    assert merged((b, a)) == ((a,) if needless else (b, a))


# --- pods ----------------------------------------------------------------------------------


async def test_extended_resources_bring_their_toleration() -> None:
    """Once, and not for what every node has."""
    spec = {
        "containers": [
            {
                "name": "c",
                "image": "i",
                "resources": {
                    "requests": {"cpu": "1", "example.com/gpu": "1"},
                    "limits": {"example.com/gpu": "1"},
                },
            }
        ]
    }
    made = from_dict({"metadata": {"name": "p", "namespace": "default"}, "spec": spec}, Pod)
    async with server("ExtendedResourceToleration") as api:
        stored = await api.create(made)
    added = [each for each in stored.spec.tolerations if each.key == "example.com/gpu"]
    assert [(each.operator, each.effect) for each in added] == [("Exists", "NoSchedule")]


async def test_a_bound_pod_is_labelled_with_its_nodes_zone() -> None:
    """And so is a pod that is made on a node; other labels stay the node's."""
    labels = {"topology.kubernetes.io/zone": "z", "topology.kubernetes.io/region": "r", "x": "y"}
    wanted = {key: labels[key] for key in list(labels)[:2]}
    async with Api() as api:
        await api.create(Node(metadata=ObjectMeta(name="n", labels=labels)))
        await api.create(pod("p"))
        await bind(api, "p", "n")
        bound = await api.get(Pod, "p")
        assert wanted.items() <= bound.metadata.labels.items()
        assert "x" not in bound.metadata.labels
        made = await api.create(with_spec(pod("q"), node_name="n"))
        assert wanted.items() <= made.metadata.labels.items()


async def test_pods_go_to_the_nodes_of_their_namespace() -> None:
    """Its annotation's, else the cluster's; a namespace's list says what pods may select at all."""
    selectors = {"clusterDefaultNodeSelector": "env=dev", "listed": "env=dev,disk=ssd"}
    told = {"podNodeSelectorPluginConfig": selectors}
    annotation = {"scheduler.alpha.kubernetes.io/node-selector": "env=test"}
    async with server("PodNodeSelector", PodNodeSelector=told) as api:
        for name in ("own", "listed"):
            annotations = annotation if name == "own" else {}
            await api.create(Namespace(metadata=ObjectMeta(name=name, annotations=annotations)))
            account = {"metadata": {"name": "default", "namespace": name}}
            await api.create(from_dict(account, ServiceAccount))
        assert dict((await api.create(pod("p"))).spec.node_selector) == {"env": "dev"}

        def in_(namespace: str, **selector: str) -> Pod:
            made = pod("p")
            placed = replace(made, metadata=replace(made.metadata, namespace=namespace))
            return with_spec(placed, node_selector=selector)

        own = await api.create(in_("own", disk="ssd"))
        assert dict(own.spec.node_selector) == {"env": "test", "disk": "ssd"}
        error = await refused(Forbidden, api.create(in_("own", env="dev")))
        assert "conflicts with its namespace node label selector" in str(error)
        error = await refused(Forbidden, api.create(in_("listed", disk="hdd")))
        assert "conflict with its namespace whitelist" in str(error)


# --- others --------------------------------------------------------------------------------


async def test_nobody_takes_external_addresses() -> None:
    """CVE-2020-8554: a Service that names an address gets its traffic; what it has, it keeps."""

    def service(*addresses: str) -> Service:
        spec = {"ports": [{"port": 80}], "externalIPs": list(addresses)}
        document = {"metadata": {"name": "s", "namespace": "default"}, "spec": spec}
        return from_dict(document, Service)

    async with server("DenyServiceExternalIPs") as api:
        error = await refused(Forbidden, api.create(service("1.2.3.4")))
        assert "Use of external IPs is denied by admission control" in str(error)
        await api.create(service())
        patch = {"spec": {"externalIPs": ["1.2.3.4"]}}
        await refused(Forbidden, api.patch(Service, "s", patch))


@pytest.mark.parametrize(
    ("expands", "words"),
    [(False, "only dynamically provisioned pvc can be resized"), (True, "")],
)
async def test_a_claim_grows_where_its_class_lets_it(expands: bool, words: str) -> None:
    """The class says whether its volumes can."""
    made = {
        "metadata": {"name": "c", "namespace": "default"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "s",
            "volumeName": "v",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    async with Api() as api:
        await api.create(
            StorageClass(
                metadata=ObjectMeta(name="s"), provisioner="p", allow_volume_expansion=expands
            )
        )
        stored = await api.create(from_dict(made, PersistentVolumeClaim))
        await api.status(replace(stored, status=replace(stored.status, phase="Bound")))
        growing = api.patch(
            PersistentVolumeClaim, "c", {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
        )
        if words:
            assert words in str(await refused(Forbidden, growing))
        else:
            assert (await growing).spec.resources.requests["storage"] == "2Gi"


async def granted(api: Api, *rules: Mapping[str, Any]) -> Identity:
    """Somebody who may do what the rules say."""
    role = {"metadata": {"name": "r"}, "rules": list(rules)}
    await api.create(from_dict(role, ClusterRole))
    binding = {
        "metadata": {"name": "r"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "u"}],
    }
    await api.create(from_dict(binding, ClusterRoleBinding))
    return Identity("u", ("system:authenticated",))


def owned(name: str, *, blocking: bool) -> ConfigMap:
    """A config map of a node."""
    owner = OwnerReference(
        api_version="v1", kind="Node", name="n", uid="1", block_owner_deletion=blocking or None
    )
    return ConfigMap(metadata=replace(meta(name), owner_references=(owner,)))


async def test_owners_are_given_by_those_who_may_delete() -> None:
    """An owner lets an object be deleted; one that is held up needs its finalizers' permission."""
    writes = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "update"]}
    async with server("OwnerReferencesPermissionEnforcement") as api:
        user = await granted(api, writes)
        await api.create(owned("a", blocking=False), identity=user)
        error = await refused(Forbidden, api.create(owned("b", blocking=True), identity=user))
        assert "refers to a resource you can't set finalizers on" in str(error)
        await api.create(ConfigMap(metadata=meta("c")))
        error = await refused(Forbidden, api.update(owned("c", blocking=False), identity=user))
        assert "cannot set an ownerRef on a resource you can't delete" in str(error)
        await api.update(owned("c", blocking=True))


async def test_events_have_a_rate() -> None:
    """`burst` at once, then `qps` a second, for each namespace."""
    limits = {"limits": [{"type": "Namespace", "qps": 1, "burst": 2}]}

    def event(name: str) -> Event:
        about = {"kind": "Pod", "namespace": "default", "name": "p"}
        head = {"name": name, "namespace": "default"}
        return from_dict({"metadata": head, "involvedObject": about}, Event)

    async with server("EventRateLimit", EventRateLimit=limits) as api:
        for name in ("a", "b"):
            await api.create(event(name))
        error = await refused(TooManyRequests, api.create(event("c")))
        words = "limit reached on type Namespace for key default"
        assert str(error) == f"Too many requests: {words}"
        await api.system.clock.sleep(1.0)
        await api.create(event("c"))
        await refused(TooManyRequests, api.create(event("d")))


# --- configuration -------------------------------------------------------------------------


def test_a_file_configures_plugins(tmp_path: Path) -> None:
    """Inline, or by another file beside it."""
    (tmp_path / "limits.yaml").write_text("limits: [{type: Server, qps: 1, burst: 2}]")
    (tmp_path / "admission.yaml").write_text(
        """
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: EventRateLimit
  path: limits.yaml
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults: {enforce: baseline}
    exemptions: {namespaces: [kube-system]}
"""
    )
    told = load_configurations(tmp_path / "admission.yaml")
    chain = chain_of(Admission(("EventRateLimit",), configurations=told))
    assert {"EventRateLimit", "PodSecurity"} <= {plugin.name for plugin in chain}


@pytest.mark.parametrize(
    ("name", "configuration", "words"),
    [
        ("Odd", {}, "unknown admission plugin Odd"),
        ("LimitRanger", {}, "LimitRanger: takes no configuration"),
        ("EventRateLimit", {"limits": []}, "at least one is required"),
        ("EventRateLimit", {"limits": [{"type": "Odd", "qps": 1, "burst": 1}]}, "Odd"),
        ("PodSecurity", {"kind": "Odd"}, "expected a PodSecurityConfiguration"),
    ],
)
def test_what_cannot_be_configured_is_said(
    name: str, configuration: dict[str, Any], words: str
) -> None:
    """Before a cluster begins."""
    with pytest.raises(AdmissionError, match=words):
        chain_of(Admission(configurations={name: configuration}))


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    """With what is wrong with it."""
    path = tmp_path / "admission.yaml"
    path.write_text("kind: Odd")
    with pytest.raises(AdmissionError, match=r"admission.yaml: expected an AdmissionConfiguration"):
        load_configurations(path)


async def test_nobody_writes_anything() -> None:
    """Where the plugin AlwaysDeny is on; AlwaysAdmit changes nothing."""
    with pytest.raises(Forbidden, match="admission control is denying all modifications"):
        AlwaysDeny().validate(request(ConfigMap(metadata=meta("c"))), cluster())
    assert AlwaysDeny in map(type, chain_of(Admission(enable=("AlwaysDeny",))))
    async with server("AlwaysAdmit") as api:
        await api.create(ConfigMap(metadata=meta("c")))


async def test_nothing_is_written_in_a_namespace_that_is_not_there() -> None:
    """Where the plugin NamespaceExists is on, also by who would be let pass otherwise."""
    async with Api(admission=(NamespaceExists(),)) as api:
        wrong = ConfigMap(metadata=ObjectMeta(name="c", namespace="nowhere"))
        error = await refused(NotFound, api.create(wrong))
        assert str(error) == 'namespaces "nowhere" not found'
        await api.create(ConfigMap(metadata=meta("c")))


async def test_pods_keep_others_off_nodes_and_nothing_larger() -> None:
    """By anti-affinity that must hold; that which is preferred may say what it likes."""

    def apart(key: str) -> Pod:
        term = {"topologyKey": key, "labelSelector": {"matchLabels": {"a": "b"}}}
        required = {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
        affinity = from_dict({"podAntiAffinity": required}, Affinity)
        return with_spec(pod("p"), affinity=affinity)

    async with server("LimitPodHardAntiAffinityTopology") as api:
        error = await refused(Forbidden, api.create(apart("zone")))
        assert str(error).endswith(
            "affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key "
            "kubernetes.io/hostname is allowed"
        )
        await api.create(apart("kubernetes.io/hostname"))


async def test_pods_tolerate_what_their_namespace_lists() -> None:
    """They get its defaults; of the cluster's where it says none."""
    prefix = "scheduler.alpha.kubernetes.io"
    own = {"key": "own", "operator": "Exists"}
    annotations = {
        f"{prefix}/defaultTolerations": json.dumps([own]),
        f"{prefix}/tolerationsWhitelist": json.dumps([own]),
    }
    quiet = Namespace(metadata=ObjectMeta(name="quiet"))
    strict = Namespace(metadata=ObjectMeta(name="strict", annotations=annotations))
    plugin = PodTolerationRestriction.configured({"default": [EXISTS]})
    async with Api(admission=(plugin,)) as api:
        for namespace in (quiet, strict):
            await api.create(namespace)

        def in_(name: str, *keys: str) -> Pod:
            made = pod("p")
            tolerations = tuple(Toleration(key=key, operator="Exists") for key in keys)
            made = replace(made, metadata=replace(made.metadata, namespace=name))
            return with_spec(made, tolerations=tolerations)

        found = await api.create(in_("quiet", "mine"))
        assert [each.key for each in found.spec.tolerations][:2] == ["mine", "k"]
        error = await refused(ApiError, api.create(in_("strict", "mine")))
        assert str(error) == (
            "pod tolerations (possibly merged with namespace default tolerations) conflict with its "
            "namespace whitelist"
        )
        found = await api.create(in_("strict"))
        assert [each.key for each in found.spec.tolerations] == ["own"]
