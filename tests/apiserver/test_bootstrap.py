"""What a cluster has before anybody did anything."""

from typing import Any

import pytest

from orchestrator.api.apiregistration.v1 import APIService
from orchestrator.api.core.v1 import ComponentStatus, ConfigMap, Namespace, Service
from orchestrator.api.flowcontrol.v1 import FlowSchema, PriorityLevelConfiguration
from orchestrator.api.networking.v1 import IPAddress, ServiceCIDR
from orchestrator.api.rbac.v1 import ClusterRole, ClusterRoleBinding, Role, RoleBinding
from orchestrator.apiserver.allocation import SERVICE_NETWORK
from orchestrator.apiserver.bootstrap import furniture
from orchestrator.apiserver.kinds import KINDS
from orchestrator.machinery.times import format_time
from orchestrator.store import FIRST_REVISION, Compacted, MemoryStore, Write
from tests.apiserver.harness import Api, meta

_NOW = format_time(1_704_067_200.0)


@pytest.mark.parametrize(
    ("kind", "count", "some"),
    [
        (ClusterRole, 70, {"admin", "cluster-admin", "edit", "view", "system:node"}),
        (ClusterRoleBinding, 51, {"cluster-admin", "system:discovery", "system:basic-user"}),
        (Role, 7, {"extension-apiserver-authentication-reader"}),
        (RoleBinding, 7, {"system::extension-apiserver-authentication-reader"}),
        (FlowSchema, 11, {"catch-all", "exempt", "probes"}),
        (PriorityLevelConfiguration, 8, {"catch-all", "exempt", "workload-low"}),
        (APIService, 21, {"v1.", "v1.apps", "v2.autoscaling"}),
        (ServiceCIDR, 1, {"kubernetes"}),
        (IPAddress, 1, {"10.96.0.1"}),
        (ComponentStatus, 3, {"etcd-0"}),
    ],
)
async def test_a_new_cluster_is_furnished(
    api: Api, kind: type[Any], count: int, some: set[str]
) -> None:
    """As many objects of each kind as Kubernetes has, under its names."""
    names = await api.list(kind)
    assert len(names) == count
    assert some <= set(names)


async def test_nobody_hears_of_the_furniture(api: Api) -> None:
    """It lies there from the first revision on; the history begins behind it."""
    page = await api.page(ClusterRole)
    assert {each.metadata.resource_version for each in page.items} == {str(FIRST_REVISION)}
    assert all(each.metadata.uid and each.metadata.creation_timestamp for each in page.items)
    with pytest.raises(Compacted):
        api.store.changes_since(api.resource(ClusterRole).key, FIRST_REVISION)


async def test_furniture_is_changed_like_anything(api: Api) -> None:
    """An update and a delete work, and others see them."""
    view = await api.get(ClusterRole, "view")
    changed = await api.patch(ClusterRole, "view", {"metadata": {"labels": {"mine": "yes"}}})
    assert changed.metadata.labels["mine"] == "yes"
    assert changed.rules == view.rules
    assert int(changed.metadata.resource_version) > FIRST_REVISION
    await api.delete(ClusterRole, "edit")
    assert "edit" not in await api.list(ClusterRole)


async def test_what_was_deleted_is_back_after_a_restart(api: Api) -> None:
    """A server puts in what is missing when it starts, and touches nothing else."""
    await api.delete(ClusterRole, "edit")
    await api.patch(ClusterRole, "view", {"metadata": {"labels": {"mine": "yes"}}})
    await api.crash()
    await api.settle()
    assert (await api.get(ClusterRole, "edit")).aggregation_rule is not None
    assert (await api.get(ClusterRole, "view")).metadata.labels["mine"] == "yes"


async def test_a_store_that_is_not_new_is_furnished_too() -> None:
    """By writing what is missing like any other object."""
    store = MemoryStore()
    early = ConfigMap(metadata=meta("early"))
    store.commit(Write("configmaps", "default", "early", early), lambda _outcome: None)
    async with Api(store=store) as api:
        assert len(await api.list(ClusterRole)) == 70
        assert (await api.get(Service, "kubernetes")).spec.cluster_ip == "10.96.0.1"  # type: ignore[union-attr]
        assert "early" in await api.list(ConfigMap)


def test_clusters_of_one_moment_share_it() -> None:
    """The very same objects, so that a start costs references."""
    assert furniture(_NOW, SERVICE_NETWORK) is furniture(_NOW, SERVICE_NETWORK)


def test_the_furniture_keeps_the_rules_and_has_its_defaults() -> None:
    """What lies in the store is what creating it would have stored: nothing passes by the rules."""
    for kind, objects in furniture(_NOW, SERVICE_NETWORK).items():
        known = KINDS[kind]
        for each in objects:
            assert known.default is None or known.default(each) == each, each.metadata.name


def test_it_stands_in_key_order() -> None:
    """As the store wants it; names and namespaces are found by it."""
    for objects in furniture(_NOW, SERVICE_NETWORK).values():
        keys = [(each.metadata.namespace, each.metadata.name) for each in objects]
        assert keys == sorted(set(keys))


async def test_the_namespaces_of_its_roles_exist(api: Api) -> None:
    """Roles of a namespace that is not there could not be deleted with it."""
    roles = (await api.page(Role)).items
    assert {each.metadata.namespace for each in roles} <= set(await api.list(Namespace))


async def test_who_laid_it_there_owns_its_fields(api: Api) -> None:
    """The server, and the controllers whose part of it is: as in a new cluster of Kubernetes."""
    view = await api.get(ClusterRole, "view")
    assert [(each.manager, each.operation) for each in view.metadata.managed_fields] == [
        ("clusterrole-aggregation-controller", "Apply"),
        ("kube-apiserver", "Update"),
    ]
    assert view.metadata.managed_fields[0].fields_v1 == {"f:rules": {}}
    assert {each.time for each in view.metadata.managed_fields} == {
        view.metadata.creation_timestamp
    }
    for kind in (ClusterRoleBinding, FlowSchema, APIService, ServiceCIDR, IPAddress, Service):
        for each in (await api.page(kind)).items:
            assert each.metadata.managed_fields, each.metadata.name
