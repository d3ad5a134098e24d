"""Policies in CEL that change objects: how, in which order, and what becomes of what they cannot do."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from orchestrator.api.admissionregistration.v1 import (
    ApplyConfiguration,
    JSONPatch,
    MatchCondition,
    MatchResources,
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
    MutatingAdmissionPolicyBindingSpec,
    MutatingAdmissionPolicySpec,
    Mutation,
    NamedRuleWithOperations,
    ParamKind,
    ParamRef,
    Variable,
)
from orchestrator.api.core.v1 import ConfigMap, Pod
from orchestrator.protocol import AlreadyExists, Forbidden, InternalError, Invalid
from tests.apiserver.harness import Api, meta, pod, refused

CONFIG_MAPS = NamedRuleWithOperations(
    operations=("CREATE", "UPDATE"),
    api_groups=("",),
    api_versions=("v1",),
    resources=("configmaps",),
)
PODS = NamedRuleWithOperations(
    operations=("CREATE",), api_groups=("",), api_versions=("v1",), resources=("pods",)
)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """A server whose policies are still to come."""
    async with Api() as server:
        yield server


def applying(text: str) -> Mutation:
    """A mutation by an apply configuration."""
    return Mutation(
        patch_type="ApplyConfiguration", apply_configuration=ApplyConfiguration(expression=text)
    )


def patching(text: str) -> Mutation:
    """A mutation by a JSON patch."""
    return Mutation(patch_type="JSONPatch", json_patch=JSONPatch(expression=text))


def adding(key: str, value: str) -> Mutation:
    """A mutation that adds to a config map's data."""
    return patching(f'[JSONPatch{{op: "add", path: "/data/{key}", value: {value}}}]')


async def bound(
    api: Api,
    *mutations: Mutation,
    name: str = "p",
    rule: NamedRuleWithOperations = CONFIG_MAPS,
    binding: dict[str, Any] | None = None,
    **fields: Any,
) -> None:
    """A policy and its binding."""
    spec = MutatingAdmissionPolicySpec(
        match_constraints=MatchResources(resource_rules=(rule,)),
        mutations=mutations,
        **{"reinvocation_policy": "Never", **fields},
    )
    await api.create(MutatingAdmissionPolicy(metadata=meta(name, namespace=""), spec=spec))
    given = MutatingAdmissionPolicyBindingSpec(policy_name=name, **(binding or {}))
    await api.create(MutatingAdmissionPolicyBinding(metadata=meta(name, namespace=""), spec=given))


def config(name: str = "c", **data: str) -> ConfigMap:
    """What most policies here are about."""
    return ConfigMap(metadata=meta(name), data=data)


async def test_a_configuration_is_merged_into_the_object(api: Api) -> None:
    """As server-side apply merges: lists by their keys, maps by theirs; defaults are there before."""
    await bound(
        api,
        applying(
            "Object{"
            '  metadata: Object.metadata{labels: {"policy": object.spec.restartPolicy}},'
            "  spec: Object.spec{initContainers: [Object.spec.initContainers{"
            '    name: "side", image: "mesh:1", restartPolicy: "Always"}]}'
            "}"
        ),
        rule=PODS,
    )
    stored: Pod = await api.create(pod("p", {"app": "web"}))
    assert stored.spec is not None
    assert dict(stored.metadata.labels) == {"app": "web", "policy": "Always"}
    [side] = stored.spec.init_containers
    assert (side.name, side.image_pull_policy) == ("side", "IfNotPresent")


async def test_a_patch_is_applied(api: Api) -> None:
    """Unless one of its tests fails: then nothing of it is."""
    await bound(
        api,
        adding("b", "object.data.a + '2'"),
        patching(
            '[JSONPatch{op: "test", path: "/data/a", value: "other"}, '
            'JSONPatch{op: "add", path: "/data/c", value: "3"}]'
        ),
    )
    stored = await api.create(config(a="1"))
    assert dict(stored.data) == {"a": "1", "b": "12"}
    assert (await api.patch(ConfigMap, "c", {"data": {"a": "x"}})).data["b"] == "x2"


async def test_policies_take_turns_by_name_and_conditions_choose(api: Api) -> None:
    """Each sees what the one before it made; variables are the policy's own."""
    await bound(api, adding("b", "variables.next"), name="b", variables=(_next(),))
    await bound(api, adding("a", "'1'"), name="a")
    condition = MatchCondition(name="c", expression="has(object.data.none)")
    await bound(api, adding("never", "'1'"), name="c", match_conditions=(condition,))
    stored = await api.create(config(z="0"))
    assert dict(stored.data) == {"a": "1", "b": "1!", "z": "0"}


def _next() -> Variable:
    return Variable(name="next", expression="object.data.a + '!'")


async def test_a_policy_takes_parameters(api: Api) -> None:
    """Once for each that its binding selects."""
    await api.create(config("param", label="blue"))
    await bound(
        api,
        adding("label", "params.data.label"),
        param_kind=ParamKind(api_version="v1", kind="ConfigMap"),
        binding={"param_ref": ParamRef(name="param", parameter_not_found_action="Deny")},
        match_conditions=(MatchCondition(name="c", expression="object.metadata.name != 'param'"),),
    )
    assert (await api.create(config(a="1"))).data["label"] == "blue"
    await api.delete(ConfigMap, "param")
    error = await refused(Forbidden, api.create(config("d", a="1")))
    assert str(error) == (
        "policy 'p' with binding 'p' denied request: failed to configure binding: "
        "no params found for policy binding with `Deny` parameterNotFoundAction"
    )
    assert (error.code, error.reason) == (403, "Forbidden")


async def test_a_later_change_is_seen_by_who_wants_to(api: Api) -> None:
    """Once more, and only by a policy that may be asked again."""
    count = "string(size(object.data))"
    await bound(api, adding("a", count), name="a", reinvocation_policy="IfNeeded")
    await bound(api, adding("b", count), name="b")
    stored = await api.create(config(z="0"))
    assert dict(stored.data) == {"z": "0", "a": "3", "b": "2"}


async def test_the_last_one_sees_again_what_it_made_itself(api: Api) -> None:
    """If it may be asked again: whatever is done, all that was asked before is asked once more."""
    count = "string(size(object.data))"
    await bound(api, adding("a", count), name="a")
    await bound(api, adding("b", count), name="b", reinvocation_policy="IfNeeded")
    stored = await api.create(config(z="0"))
    assert dict(stored.data) == {"z": "0", "a": "1", "b": "3"}


async def test_a_policy_may_name_what_is_new(api: Api) -> None:
    """Under a name that is free and right."""
    await bound(api, applying("Object{metadata: Object.metadata{name: object.data.to}}"))
    stored = await api.create(config("c", to="other"))
    assert (await api.get(ConfigMap, "other")).metadata.uid == stored.metadata.uid
    await refused(AlreadyExists, api.create(config("d", to="other")))
    error = await refused(Invalid, api.create(config("d", to="A")))
    assert [each.field for each in error.causes] == ["metadata.name"]


async def test_parameters_of_an_unknown_kind_are_the_policys_fault(api: Api) -> None:
    """Which is told once, whatever is bound."""
    kind = ParamKind(api_version="x.y/v1", kind="Nope")
    ref = ParamRef(name="p", parameter_not_found_action="Deny")
    await bound(api, adding("a", "'1'"), param_kind=kind, binding={"param_ref": ref})
    error = await refused(Forbidden, api.create(config()))
    assert str(error) == (
        'policy "p" denied request: failed to configure policy: failed to find resource referenced '
        "by paramKind: 'x.y/v1, Kind=Nope'"
    )


async def test_a_patch_may_not_add_what_no_object_has(api: Api) -> None:
    """The original reads what a patch makes strictly."""
    await bound(api, patching('[JSONPatch{op: "add", path: "/nope", value: 1}]'))
    error = await refused(InternalError, api.create(config()))
    words = 'Internal error occurred: strict decoding error: unknown field "nope"'
    assert str(error) == words


@pytest.mark.parametrize(
    ("mutation", "words"),
    [
        (
            applying("Object{data: {'a': null}}"),
            ".data.a: expected string, got &value.valueUnstructured{Value:0}",
        ),
        (adding("b", "object.data.none"), "resulted in error: no such key: none"),
        (
            patching('[JSONPatch{op: "add", value: 1}]'),
            'JSON Patch: add operation does not apply: doc is missing path: "": missing value',
        ),
        (
            patching('[JSONPatch{op: "replace", path: "/none/such", value: 1}]'),
            "JSON Patch: replace operation does not apply: doc is missing path: /none/such: missing value",
        ),
        (
            applying("Object{nope: 1}"),
            "error applying patch: failed to convert patch object to typed object: "
            ".nope: field not declared in schema",
        ),
        (
            applying("Object{data: Object.metadata{}}"),
            'type mismatch: unexpected type name "Object.metadata", expected "Object.data", '
            "which matches field name path from root Object type",
        ),
    ],
)
async def test_a_change_that_fails_refuses_unless_it_is_ignored(
    api: Api, mutation: Mutation, words: str
) -> None:
    """In the original's words, as a refusal whose reason is that something is invalid."""
    await bound(api, mutation, name="ignored", failure_policy="Ignore")
    await api.create(config(a="1"))
    await bound(api, mutation, name="p")
    error = await refused(Forbidden, api.create(config("d", a="1")))
    begin = "policy 'p' with binding 'p' denied request: "
    assert str(error).startswith(begin)
    assert str(error).endswith(words)
    assert (error.code, error.reason, error.name) == (403, "Invalid", "d")
    assert [cause.message for cause in error.causes] == [str(error)]


async def test_a_patch_that_fits_no_type_is_told_as_go_tells_it(api: Api) -> None:
    """As a fault of the server: the original finds out when it reads the result."""
    await bound(api, patching('[JSONPatch{op: "add", path: "/data/z", value: 5}]'), name="p")
    error = await refused(InternalError, api.create(config("d", a="1")))
    assert str(error) == (
        "Internal error occurred: "
        "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"
    )


async def test_what_is_atomic_is_not_merged(api: Api) -> None:
    """Whoever set a part of it would remove the rest."""
    arguments = (
        'Object{spec: Object.spec{containers: [Object.spec.containers{name: "c", args: ["--x"]}]}}'
    )
    await bound(api, applying(arguments), rule=PODS)
    error = await refused(Forbidden, api.create(pod("p")))
    assert str(error).endswith(
        "error applying patch: invalid ApplyConfiguration: "
        "may not mutate atomic arrays, maps or structs: .spec.containers[0].args"
    )


@pytest.mark.parametrize(
    ("mutation", "field", "words"),
    [
        (applying("Object{"), "applyConfiguration", "compilation failed: "),
        (applying("{'a': 1}"), "applyConfiguration", "must evaluate to Object"),
        (patching("1"), "jsonPatch", "must evaluate to list(JSONPatch)"),
        (patching("[JSONPatch{path: unknown}]"), "jsonPatch", "undeclared reference to 'unknown'"),
    ],
)
async def test_an_expression_must_be_one(
    api: Api, mutation: Mutation, field: str, words: str
) -> None:
    """A policy is refused whose change cannot be worked out."""
    error = await refused(Invalid, bound(api, mutation))
    assert [each.field for each in error.causes] == [f"spec.mutations[0].{field}.expression"]
    assert words in str(error)
