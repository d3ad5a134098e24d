"""What roles grant, and to whom."""

from collections.abc import AsyncIterator

import pytest

from orchestrator.api.core.v1 import ConfigMap, Pod
from orchestrator.api.rbac.v1 import (
    ClusterRole,
    ClusterRoleBinding,
    PolicyRule,
    Role,
    RoleBinding,
    RoleRef,
    Subject,
)
from orchestrator.protocol import Forbidden, Identity
from tests.apiserver.harness import Api, meta, namespace

_JANE = Identity("jane", ("developers", "system:authenticated"))
_APP = Identity(
    "system:serviceaccount:default:app", ("system:serviceaccounts", "system:authenticated")
)
_READ = PolicyRule(api_groups=("",), resources=("configmaps",), verbs=("get", "list"))


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """A server with a config map in two namespaces."""
    async with Api() as server:
        await server.create(namespace("other"))
        for where in ("default", "other"):
            await server.create(ConfigMap(metadata=meta("c", namespace=where)))
        yield server


async def _role(api: Api, *rules: PolicyRule) -> None:
    await api.create(Role(metadata=meta("r"), rules=rules))


async def _bind(api: Api, *subjects: Subject, kind: str = "Role", name: str = "r") -> None:
    ref = RoleRef(api_group="rbac.authorization.k8s.io", kind=kind, name=name)
    await api.create(RoleBinding(metadata=meta("b"), role_ref=ref, subjects=subjects))


@pytest.mark.parametrize(
    ("subject", "who"),
    [
        (Subject(kind="User", name="jane", api_group="rbac.authorization.k8s.io"), _JANE),
        (Subject(kind="Group", name="developers", api_group="rbac.authorization.k8s.io"), _JANE),
        (Subject(kind="ServiceAccount", name="app", namespace="default"), _APP),
    ],
)
async def test_a_bound_role_grants_in_its_namespace(
    api: Api, subject: Subject, who: Identity
) -> None:
    """What it names there, and nothing elsewhere."""
    with pytest.raises(Forbidden):
        await api.get(ConfigMap, "c", identity=who)
    await _role(api, _READ)
    await _bind(api, subject)
    await api.get(ConfigMap, "c", identity=who)
    for refused in (
        api.get(ConfigMap, "c", identity=who, namespace="other"),
        api.delete(ConfigMap, "c", identity=who),
        api.get(Pod, "p", identity=who),
    ):
        with pytest.raises(Forbidden):
            await refused


async def test_a_role_of_the_cluster_may_be_bound_in_a_namespace(api: Api) -> None:
    """Its rules hold there only; bound in the cluster, everywhere."""
    await api.create(ClusterRole(metadata=meta("r", namespace=""), rules=(_READ,)))
    jane = Subject(kind="User", name="jane", api_group="rbac.authorization.k8s.io")
    await _bind(api, jane, kind="ClusterRole")
    await api.get(ConfigMap, "c", identity=_JANE)
    with pytest.raises(Forbidden):
        await api.get(ConfigMap, "c", identity=_JANE, namespace="other")
    ref = RoleRef(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name="r")
    await api.create(
        ClusterRoleBinding(metadata=meta("b", namespace=""), role_ref=ref, subjects=(jane,))
    )
    await api.get(ConfigMap, "c", identity=_JANE, namespace="other")


async def test_names_bound_a_rule(api: Api) -> None:
    """A list has no name, and so is not granted."""
    rule = PolicyRule(
        api_groups=("",), resources=("configmaps",), resource_names=("c",), verbs=("*",)
    )
    await _role(api, rule)
    await _bind(api, Subject(kind="User", name="jane", api_group="rbac.authorization.k8s.io"))
    await api.get(ConfigMap, "c", identity=_JANE)
    with pytest.raises(Forbidden):
        await api.get(ConfigMap, "d", identity=_JANE)
    with pytest.raises(Forbidden):
        await api.page(ConfigMap, namespace="default", identity=_JANE)


async def test_a_role_that_is_gone_grants_nothing(api: Api) -> None:
    """The binding stays."""
    await _role(api, _READ)
    await _bind(api, Subject(kind="User", name="jane", api_group="rbac.authorization.k8s.io"))
    await api.delete(Role, "r")
    with pytest.raises(Forbidden):
        await api.get(ConfigMap, "c", identity=_JANE)


async def test_nobody_gives_herself_more_through_roles(api: Api) -> None:
    """A writer of roles needs `escalate` and `bind`, too."""
    group = ("rbac.authorization.k8s.io",)
    await _role(api, PolicyRule(api_groups=group, resources=("roles",), verbs=("create",)))
    await _bind(api, Subject(kind="User", name="jane", api_group=group[0]))
    with pytest.raises(Forbidden, match="escalate and bind"):
        await api.create(Role(metadata=meta("x"), rules=(_READ,)), identity=_JANE)
