"""Policies in CEL: what they are about, what they see, and what becomes of what they say."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from orchestrator.api.admissionregistration.v1 import (
    MatchCondition,
    MatchResources,
    NamedRuleWithOperations,
    ParamKind,
    ParamRef,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpec,
    ValidatingAdmissionPolicySpec,
    Validation,
    Variable,
)
from orchestrator.api.autoscaling.v2 import HorizontalPodAutoscaler
from orchestrator.api.codec import from_dict
from orchestrator.api.core.v1 import ConfigMap, Namespace
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.apiserver.admission import validating_policies
from orchestrator.protocol import Forbidden, Invalid
from tests.apiserver.harness import Api, meta, namespace, refused

_ALL = LabelSelector()
_RULE = NamedRuleWithOperations(
    operations=("CREATE", "UPDATE", "DELETE"),
    api_groups=("",),
    api_versions=("v1",),
    resources=("configmaps",),
)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """A server with one policy still to come."""
    async with Api() as server:
        yield server


async def _bound(api: Api, *, binding: dict[str, Any] | None = None, **spec: Any) -> None:
    """A policy about config maps, and its binding."""
    policy = ValidatingAdmissionPolicySpec(
        match_constraints=MatchResources(
            resource_rules=(spec.pop("rule", _RULE),), **spec.pop("match", {})
        ),
        **spec,
    )
    await api.create(ValidatingAdmissionPolicy(metadata=meta("p", namespace=""), spec=policy))
    bound = {"policy_name": "p", "validation_actions": ("Deny",), **(binding or {})}
    await api.create(
        ValidatingAdmissionPolicyBinding(
            metadata=meta("b", namespace=""), spec=ValidatingAdmissionPolicyBindingSpec(**bound)
        )
    )


def _config(name: str = "c", **data: str) -> ConfigMap:
    return ConfigMap(metadata=meta(name), data=data)


async def test_a_validation_that_does_not_hold_refuses(api: Api) -> None:
    """In the original's words, with a cause; what is sound passes."""
    await _bound(api, validations=(Validation(expression="object.data.a == 'ok'"),))
    error = await refused(Invalid, api.create(_config(a="no")))
    words = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: "
    assert str(error) == (
        f"configmaps \"c\" is forbidden: {words}failed expression: object.data.a == 'ok'"
    )
    assert [cause.message for cause in error.causes] == [str(error).partition(": ")[2]]
    await api.create(_config(a="ok"))


@pytest.mark.parametrize(
    ("validation", "words"),
    [
        (Validation(expression="false", message="  not so "), "not so"),
        (Validation(expression="false", message_expression="'got ' + object.data.a"), "got no"),
        (Validation(expression="false", message="m", message_expression="string(object.x.y)"), "m"),
        (Validation(expression="false", message="m", message_expression="'a\\nb'"), "m"),
    ],
)
async def test_the_message_is_the_author_s(api: Api, validation: Validation, words: str) -> None:
    """An expression's text if it has one of a line, else the text that stands beside it."""
    await _bound(api, validations=(validation,))
    error = await refused(Invalid, api.create(_config(a="no")))
    assert str(error).endswith(f"denied request: {words}")


async def test_the_reason_is_the_author_s(api: Api) -> None:
    """Forbidden is a 403."""
    await _bound(api, validations=(Validation(expression="false", reason="Forbidden"),))
    await refused(Forbidden, api.create(_config()))


async def test_an_error_refuses_unless_it_is_to_be_ignored(api: Api) -> None:
    """An ignored one leaves the other validations in force."""
    validations = (
        Validation(expression="object.data.missing == 'x'"),
        Validation(expression="object.data.a == 'ok'"),
    )
    await _bound(api, validations=validations, failure_policy="Ignore")
    await api.create(_config(a="ok"))
    error = await refused(Invalid, api.create(_config("d", a="no")))
    assert "failed expression: object.data.a == 'ok'" in str(error)


@pytest.mark.parametrize(
    "expression",
    [
        "lists.range(1000).all(x, lists.range(1000).all(y, x + y >= 0))",
        "lists.range(1000000000).size() > 0",
    ],
)
async def test_what_takes_too_long_is_an_error_of_the_policy(api: Api, expression: str) -> None:
    """It refuses the request, and the server goes on to serve others."""
    await _bound(api, validations=(Validation(expression=expression),))
    error = await refused(Invalid, api.create(_config(a="no")))
    cost = "operation cancelled: actual cost limit exceeded"
    assert str(error).endswith(f"expression '{expression}' resulted in error: {cost}")
    await api.create(Namespace(metadata=meta("n", namespace="")))


async def test_all_expressions_of_a_policy_have_one_budget(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found before it is spent is not told."""
    monkeypatch.setattr(validating_policies, "PER_OBJECT", 100_000)  # a hundredth, to be quick
    long = "lists.range(120).all(x, lists.range(100).all(y, x + y >= 0))"
    validations = (Validation(expression="false"), *(Validation(expression=long),) * 2)
    await _bound(api, validations=validations)
    error = await refused(Invalid, api.create(_config(a="no")))
    assert str(error).endswith(
        "denied request: validation failed due to running out of cost budget, "
        "no further validation rules will be run"
    )


async def test_variables_do_not_grow_without_bound(api: Api) -> None:
    """One that doubles the one before it ends at the length that costs too much."""
    first = Variable(name="x0", expression="'0123456789'")
    more = [
        Variable(name=f"x{n}", expression=f"variables.x{n - 1} + variables.x{n - 1}")
        for n in range(1, 60)
    ]
    last = Validation(expression="variables.x59 == ''")
    await _bound(api, variables=(first, *more), validations=(last,))
    error = await refused(Invalid, api.create(_config(a="no")))
    assert str(error).endswith(": operation cancelled: actual cost limit exceeded")


async def test_variables_are_worked_out_when_they_are_used(api: Api) -> None:
    """One may build on an earlier one; one that nobody uses may have no value."""
    variables = (
        Variable(name="a", expression="object.data.a"),
        Variable(name="twice", expression="variables.a + variables.a"),
        Variable(name="unused", expression="object.data.missing"),
    )
    await _bound(
        api, variables=variables, validations=(Validation(expression="variables.twice == 'xx'"),)
    )
    await api.create(_config(a="x"))
    await refused(Invalid, api.create(_config("d", a="y")))


async def test_conditions_decide_whether_a_policy_is_asked(api: Api) -> None:
    """All of them must hold."""
    condition = MatchCondition(name="named", expression="request.name.startsWith('x')")
    await _bound(api, match_conditions=(condition,), validations=(Validation(expression="false"),))
    await api.create(_config("y"))
    await refused(Invalid, api.create(_config("x")))


async def test_selectors_and_names_decide_whether_a_policy_is_asked(api: Api) -> None:
    """The namespace's labels and the object's, and names in rules."""
    await api.create(namespace("other"))
    selector = LabelSelector(match_labels={"kubernetes.io/metadata.name": "other"})
    await _bound(
        api,
        match={"namespace_selector": selector},
        validations=(Validation(expression="namespaceObject.metadata.name == 'none'"),),
    )
    await api.create(_config())
    there = ConfigMap(metadata=meta("c", namespace="other"))
    await refused(Invalid, api.create(there))


async def test_a_deletion_shows_the_old_object_only(api: Api) -> None:
    """`object` is null then."""
    await api.create(_config(keep="yes"))
    rule = "object != null || oldObject.data.keep != 'yes'"
    await _bound(api, validations=(Validation(expression=rule),))
    with pytest.raises(Invalid):
        await api.delete(ConfigMap, "c")


async def test_warnings_do_not_refuse(api: Api) -> None:
    """They reach the client beside the answer."""
    heard: list[str] = []
    validation = Validation(expression="false", message="please")
    await _bound(api, binding={"validation_actions": ("Warn", "Audit")}, validations=(validation,))
    await api.create(_config(), warn=heard.append)
    words = "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': please"
    assert heard == [words]


async def test_parameters_are_objects_of_the_cluster(api: Api) -> None:
    """A missing one refuses or is passed over, as the binding says."""
    kind = ParamKind(api_version="v1", kind="ConfigMap")
    ref = ParamRef(name="limits", parameter_not_found_action="Deny")
    rule = "object.metadata.name == 'limits' || object.data.a == params.data.a"
    await _bound(
        api,
        binding={"param_ref": ref},
        param_kind=kind,
        validations=(Validation(expression=rule),),
    )
    error = await refused(Invalid, api.create(_config(a="1")))
    assert "failed to configure binding: no params found for policy binding" in str(error)


async def test_parameters_are_seen(api: Api) -> None:
    """In the namespace of the object, if the binding names none."""
    await api.create(_config("limits", a="1"))
    kind = ParamKind(api_version="v1", kind="ConfigMap")
    ref = ParamRef(
        selector=LabelSelector(), namespace="default", parameter_not_found_action="Allow"
    )
    await _bound(
        api,
        binding={"param_ref": ref},
        param_kind=kind,
        validations=(Validation(expression="object.data.a == params.data.a"),),
    )
    await api.create(_config(a="1"))
    await refused(Invalid, api.create(_config("d", a="2")))


async def test_policies_do_not_judge_policies(api: Api) -> None:
    """Nobody locks the cluster with a policy that refuses all."""
    rule = NamedRuleWithOperations(
        operations=("*",), api_groups=("*",), api_versions=("*",), resources=("*",)
    )
    await _bound(api, rule=rule, validations=(Validation(expression="false"),))
    with pytest.raises(Invalid):
        await api.create(Namespace(metadata=meta("n", namespace="")))
    await api.delete(ValidatingAdmissionPolicyBinding, "b", namespace="")
    await api.create(_config())


async def test_expressions_can_ask_what_the_user_may(api: Api) -> None:
    """Through the authorizer of the server."""
    rule = "authorizer.group('').resource('pods').namespace('default').check('get').allowed()"
    await _bound(api, validations=(Validation(expression=rule),))
    await api.create(_config())


async def test_a_policy_sees_objects_in_the_version_of_its_rules(api: Api) -> None:
    """A rule for an older version means the same objects, as that version has them."""
    old = NamedRuleWithOperations(
        operations=("CREATE",),
        api_groups=("autoscaling",),
        api_versions=("v1",),
        resources=("horizontalpodautoscalers",),
    )
    expression = "!has(object.spec.targetCPUUtilizationPercentage)"
    await _bound(api, rule=old, validations=(Validation(expression=expression),))
    utilization = {"type": "Utilization", "averageUtilization": 50}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": utilization}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
    document = {
        "metadata": {"name": "h", "namespace": "default"},
        "spec": {"maxReplicas": 2, "scaleTargetRef": target, "metrics": [metric]},
    }
    error = await refused(Invalid, api.create(from_dict(document, HorizontalPodAutoscaler)))
    assert str(error).endswith(f"failed expression: {expression}")
