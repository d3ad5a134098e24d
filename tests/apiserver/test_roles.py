"""What roles grant, and to whom."""

from collections.abc import AsyncIterator
from itertools import product

import pytest
from msgspec.structs import replace

from orchestrator.api.core.v1 import ConfigMap, Pod
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.api.rbac.v1 import (
    AggregationRule,
    ClusterRole,
    ClusterRoleBinding,
    PolicyRule,
    Role,
    RoleBinding,
    RoleRef,
    Subject,
)
from orchestrator.apiserver.authorization import Attributes, RoleAuthorizer
from orchestrator.protocol import Forbidden, Identity, NotFound
from tests.apiserver.harness import Api, meta, namespace, refused

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
    for attempt in (
        api.get(ConfigMap, "c", identity=who, namespace="other"),
        api.delete(ConfigMap, "c", identity=who),
        api.get(Pod, "p", identity=who),
    ):
        with pytest.raises(Forbidden):
            await attempt


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


_GROUP = ("rbac.authorization.k8s.io",)
_WRITER = PolicyRule(
    api_groups=_GROUP, resources=("roles", "rolebindings"), verbs=("create", "update")
)


async def _writer(api: Api, *rules: PolicyRule) -> None:
    """Jane may write roles and bindings, and what the rules say."""
    await _role(api, _WRITER, *rules)
    await _bind(api, Subject(kind="User", name="jane", api_group=_GROUP[0]))


async def test_nobody_grants_what_she_does_not_hold(api: Api) -> None:
    """By a role, new or changed; the refusal says what is missing, resource by resource."""
    await _writer(api, _READ)
    made = await api.create(Role(metadata=meta("x"), rules=(_READ,)), identity=_JANE)
    more = PolicyRule(api_groups=("",), resources=("pods", "secrets"), verbs=("get", "list"))
    error = await refused(Forbidden, api.update(replace(made, rules=(_READ, more)), identity=_JANE))
    assert error.message == (
        'roles.rbac.authorization.k8s.io "x" is forbidden: user "jane" '
        '(groups=["developers" "system:authenticated"]) is attempting to grant RBAC permissions '
        "not currently held:\n"
        '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}'
    )
    assert (await api.get(Role, "x")).rules == (_READ,)


async def test_roles_that_are_not_there_are_named_to_who_lacks_them(api: Api) -> None:
    """They might hold what she grants, so the refusal says which could not be read."""
    await _writer(api)
    for name in ("lost", "gone"):
        about = Subject(kind="User", name="jane", api_group=_GROUP[0])
        await api.create(replace(_binding(name), subjects=(about,), metadata=meta(name)))
    granted = Role(metadata=meta("x"), rules=(_READ,))
    error = await refused(Forbidden, api.create(granted, identity=_JANE))
    assert error.message.endswith(
        '; resolution errors: [[roles.rbac.authorization.k8s.io "gone" not found, '
        'roles.rbac.authorization.k8s.io "lost" not found]]'
    )


async def test_who_may_escalate_grants_what_she_wants(api: Api) -> None:
    """The verb is asked for roles alone; what a binding gives is another question."""
    special = PolicyRule(api_groups=_GROUP, resources=("roles",), verbs=("escalate",))
    await _writer(api, special)
    every = PolicyRule(api_groups=("*",), resources=("*",), verbs=("*",))
    await api.create(Role(metadata=meta("x"), rules=(every,)), identity=_JANE)
    await refused(Forbidden, api.create(_binding("x"), identity=_JANE))


async def test_who_may_bind_a_role_needs_not_hold_it(api: Api) -> None:
    """That one alone; and nobody binds what is not there unless she may bind it."""
    every = PolicyRule(api_groups=("*",), resources=("*",), verbs=("*",))
    for name in ("one", "other"):
        await api.create(Role(metadata=meta(name), rules=(every,)))
    special = PolicyRule(
        api_groups=_GROUP, resources=("roles",), resource_names=("one",), verbs=("bind",)
    )
    await _writer(api, special)
    await api.create(_binding("one"), identity=_JANE)
    await refused(Forbidden, api.create(_binding("other"), identity=_JANE))
    await refused(NotFound, api.create(_binding("none"), identity=_JANE))


async def test_an_aggregating_role_needs_everything(api: Api) -> None:
    """It may gather any rule later."""
    rule = PolicyRule(api_groups=_GROUP, resources=("clusterroles",), verbs=("create",))
    await api.create(ClusterRole(metadata=meta("w", namespace=""), rules=(rule,)))
    jane = Subject(kind="User", name="jane", api_group=_GROUP[0])
    ref = RoleRef(api_group=_GROUP[0], kind="ClusterRole", name="w")
    await api.create(
        ClusterRoleBinding(metadata=meta("b", namespace=""), role_ref=ref, subjects=(jane,))
    )
    gathers = AggregationRule(cluster_role_selectors=(LabelSelector(match_labels={"a": "b"}),))
    wanted = ClusterRole(metadata=meta("g", namespace=""), aggregation_rule=gathers)
    error = await refused(Forbidden, api.create(wanted, identity=_JANE))
    assert error.message.endswith("must have cluster-admin privileges to use the aggregationRule")


def _binding(role: str) -> RoleBinding:
    ref = RoleRef(api_group=_GROUP[0], kind="Role", name=role)
    return RoleBinding(metadata=meta(f"{role}-binding"), role_ref=ref)


async def test_a_refusal_names_roles_that_are_not_there(api: Api) -> None:
    """Else a slip in a binding's reference would be hard to find."""
    await _bind(api, Subject(kind="User", name="jane", api_group=_GROUP[0]))
    error = await refused(Forbidden, api.get(ConfigMap, "c", identity=_JANE))
    assert error.message.endswith(': RBAC: role.rbac.authorization.k8s.io "r" not found')


# --- all of the default roles --------------------------------------------------------------


def _plainly(rule: PolicyRule, verb: str, group: str, resource: str, name: str) -> bool:
    """What a rule grants, written down once more and without haste."""
    main, _, sub = resource.partition("/")
    plurals = {"*", resource} | ({f"*/{sub}"} if sub else set())
    return (
        bool({"*", verb} & set(rule.verbs))
        and bool({"*", group} & set(rule.api_groups))
        and bool(plurals & set(rule.resources))
        and (not rule.resource_names or name in rule.resource_names)
        and bool(main)
    )


async def test_every_default_role_grants_what_its_rules_say(api: Api) -> None:
    """Each subject of the default bindings, each verb, each resource that some rule names, twice."""
    roles = {each.metadata.name: each for each in (await api.page(ClusterRole)).items}
    bindings = (await api.page(ClusterRoleBinding)).items
    subjects = {(s.kind, s.namespace, s.name) for b in bindings for s in b.subjects}
    rules = [rule for role in roles.values() for rule in role.rules if rule.resources]
    resources = sorted({(g, r) for rule in rules for g in rule.api_groups for r in rule.resources})
    verbs = ("get", "update", "deletecollection", "bind")
    authorizer, count = RoleAuthorizer(api.store), 0
    for kind, where, name in sorted(subjects):
        who = {
            "User": Identity(name),
            "Group": Identity("u", (name,)),
            "ServiceAccount": Identity(f"system:serviceaccount:{where}:{name}"),
        }[kind]
        held = [
            rule
            for binding in bindings
            if any((s.kind, s.namespace, s.name) == (kind, where, name) for s in binding.subjects)
            for rule in roles[binding.role_ref.name].rules
        ]
        for (group, resource), verb in product(resources, verbs):
            main, _, sub = resource.partition("/")
            asked = Attributes(verb, group, main, sub, namespace="default", name="kube-scheduler")
            wanted = any(_plainly(rule, verb, group, resource, asked.name) for rule in held)
            assert authorizer.decide(who, asked).allowed == wanted, (who, asked)
            count += 1
    assert count > 20_000
