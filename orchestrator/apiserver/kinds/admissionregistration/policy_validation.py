"""Admission policies in CEL, and their bindings."""

import re
from collections.abc import Sequence
from typing import Final

from orchestrator.api.admissionregistration.v1 import (
    AuditAnnotation,
    ExpressionWarning,
    MatchResources,
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
    MutatingAdmissionPolicyBindingSpec,
    MutatingAdmissionPolicySpec,
    Mutation,
    ParamKind,
    ParamRef,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpec,
    ValidatingAdmissionPolicySpec,
    Validation,
    Variable,
)
from orchestrator.apiserver.kinds.admissionregistration.matching_validation import (
    FAILURE_POLICIES,
    REINVOCATIONS,
    condition_errors,
    expression_errors,
    match_errors,
)
from orchestrator.apiserver.validation.conditions import status_condition_errors
from orchestrator.apiserver.validation.field import (
    Errors,
    chosen,
    complaints,
    duplicate,
    forbidden,
    invalid,
    named,
    not_supported,
    one_of,
    required,
)
from orchestrator.apiserver.validation.golang import as_go
from orchestrator.apiserver.validation.metadata import dns_subdomain
from orchestrator.apiserver.validation.rules import WHOLE, Rules
from orchestrator.apiserver.validation.selectors import label_selector_errors
from orchestrator.machinery.cel.checking import Scope
from orchestrator.machinery.cel.names import is_identifier
from orchestrator.machinery.cel.policy_scopes import policy_scope
from orchestrator.machinery.cel.types import DYN
from orchestrator.machinery.names import (
    dns1035_label_errors,
    dns1123_subdomain_errors,
    path_segment_errors,
    qualified_name_errors,
)

_ACTIONS: Final = ("Audit", "Deny", "Warn")
_REASONS: Final = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_NOT_FOUND_ACTIONS: Final = ("Deny", "Allow")
_PATCHES: Final = ("ApplyConfiguration", "JSONPatch")
_MUTABLE: Final = ("*", "CONNECT", "CREATE", "UPDATE")
_MAX_ANNOTATIONS: Final = 20
_MAX_VALUE: Final = 5 * 1024  # bytes of the expression of an audit annotation
_LINE_BREAK: Final = re.compile(r"[\n\r]")
_GIVEN: Final = {"ApplyConfiguration": "Object", "JSONPatch": "list(JSONPatch)"}


# --- what all policies have ------------------------------------------------------------------


def _common_errors(
    spec: ValidatingAdmissionPolicySpec | MutatingAdmissionPolicySpec,
) -> Errors:
    yield from one_of("spec.failurePolicy", spec.failure_policy, FAILURE_POLICIES)
    if spec.param_kind is not None:
        yield from _param_kind_errors("spec.paramKind", spec.param_kind)
    if spec.match_constraints is None:
        yield required("spec.matchConstraints")
    else:
        yield from match_errors("spec.matchConstraints", spec.match_constraints)
        if not spec.match_constraints.resource_rules:
            yield required("spec.matchConstraints.resourceRules")
        if isinstance(spec, MutatingAdmissionPolicySpec):
            yield from _mutable_errors("spec.matchConstraints", spec.match_constraints)
    params = None if spec.param_kind is None else DYN
    alone = policy_scope(params=params, variables=False)
    yield from condition_errors("spec.matchConditions", spec.match_conditions, alone)
    for i, variable in enumerate(spec.variables):
        scope = policy_scope(spec.variables[:i], params=params)
        yield from _variable_errors(f"spec.variables[{i}]", variable, scope)


def _mutable_errors(path: str, match: MatchResources) -> Errors:
    for rule in match.resource_rules:
        for operation in rule.operations:
            if operation not in _MUTABLE:
                yield not_supported(f"{path}.resourceRules.operations", operation, _MUTABLE)


def _param_kind_errors(path: str, kind: ParamKind) -> Errors:
    text, where = kind.api_version or "", f"{path}.apiVersion"
    group, slash, version = text.rpartition("/")
    if not text:
        yield required(where)
    elif text.count("/") > 1:
        yield invalid(where, text, f"unexpected GroupVersion string: {text}")
    else:
        if slash and group and (messages := dns1123_subdomain_errors(group)):
            yield invalid(where, group, ",".join(messages))
        if not version:
            yield invalid(where, text, "version must be specified")
        elif messages := dns1035_label_errors(version):
            yield invalid(where, version, ",".join(messages))
    name = kind.kind or ""
    if not name:
        yield required(f"{path}.kind")
    elif messages := dns1035_label_errors(name.lower()):
        detail = f"may have mixed case, but should otherwise match: {','.join(messages)}"
        yield invalid(f"{path}.kind", name, detail)


def _variable_errors(path: str, variable: Variable, scope: Scope) -> Errors:
    if not variable.name.strip():
        yield required(f"{path}.name", "name is not specified")
    elif not is_identifier(variable.name):
        yield invalid(f"{path}.name", variable.name, "must be a valid CEL identifier")
    if not variable.expression.strip():
        yield required(f"{path}.expression", "expression is not specified")
    else:
        yield from expression_errors(f"{path}.expression", variable.expression, scope)


# --- policies that judge ---------------------------------------------------------------------


def _policy_errors(policy: ValidatingAdmissionPolicy) -> Errors:
    spec = policy.spec or ValidatingAdmissionPolicySpec()
    scope = _scope(spec)
    yield from _common_errors(spec)
    if not spec.validations and not spec.audit_annotations:
        detail = "validations or auditAnnotations must contain at least one item"
        yield required("spec.validations", detail)
        yield required("spec.auditAnnotations", detail)
    for i, validation in enumerate(spec.validations):
        yield from _validation_errors(f"spec.validations[{i}]", validation, spec)
    yield from _annotation_errors(policy.metadata.name, spec.audit_annotations, scope)


def _scope(spec: ValidatingAdmissionPolicySpec, *, authorizer: bool = True) -> Scope:
    return policy_scope(
        spec.variables,
        params=None if spec.param_kind is None else DYN,
        authorizer=authorizer,
        variables=bool(spec.variables),
    )


def _validation_errors(
    path: str, validation: Validation, spec: ValidatingAdmissionPolicySpec
) -> Errors:
    text = validation.expression
    if not text.strip():
        yield required(f"{path}.expression", "expression is not specified")
    else:
        yield from expression_errors(f"{path}.expression", text, _scope(spec), "bool")
    said = validation.message_expression or ""
    if said and not said.strip():
        yield invalid(f"{path}.messageExpression", said, "must be non-empty if specified")
    elif said:
        where = f"{path}.messageExpression"
        yield from expression_errors(where, said, _scope(spec, authorizer=False), "string")
    message = validation.message or ""
    if message and not message.strip():
        yield invalid(f"{path}.message", message, "must be non-empty if specified")
    elif _LINE_BREAK.search(message.strip()):
        yield invalid(f"{path}.message", message, "must not contain line breaks")
    if validation.reason is not None and validation.reason not in _REASONS:
        yield not_supported(f"{path}.reason", validation.reason, _REASONS)


def _annotation_errors(name: str, annotations: Sequence[AuditAnnotation], scope: Scope) -> Errors:
    path = "spec.auditAnnotations"
    if len(annotations) > _MAX_ANNOTATIONS:
        detail = f"must not have more than {_MAX_ANNOTATIONS} auditAnnotations"
        yield invalid(path, as_go(annotations), detail)
    keys: set[str] = set()
    for i, each in enumerate(annotations):
        where = f"{path}[{i}].key"
        if name:
            full = f"{name}/{each.key}"
            yield from complaints(where, full, qualified_name_errors(full))
        else:
            yield invalid(where, each.key, "requires metadata.name be non-empty")
        text, value = each.value_expression.strip(), f"{path}[{i}].valueExpression"
        if not text:
            yield required(value, "valueExpression is not specified")
        elif len(text.encode()) > _MAX_VALUE:
            yield required(value, f"must not exceed {_MAX_VALUE} bytes in length")
        else:
            shown = each.value_expression
            yield from expression_errors(value, text, scope, "string", "null_type", shown=shown)
        if each.key in keys:
            yield duplicate(where, each.key)
        keys.add(each.key)


# --- policies that change --------------------------------------------------------------------


def _mutating_errors(policy: MutatingAdmissionPolicy) -> Errors:
    spec = policy.spec or MutatingAdmissionPolicySpec()
    params = None if spec.param_kind is None else DYN
    scope = policy_scope(spec.variables, params=params, patches=True)
    yield from _common_errors(spec)
    if not spec.mutations:
        yield required("spec.mutations", "mutations must contain at least one item")
    for i, mutation in enumerate(spec.mutations):
        yield from _mutation_errors(f"spec.mutations[{i}]", mutation, scope)
    yield from one_of("spec.reinvocationPolicy", spec.reinvocation_policy, REINVOCATIONS)


def _mutation_errors(path: str, mutation: Mutation, scope: Scope) -> Errors:
    apply, patch, kind = mutation.apply_configuration, mutation.json_patch, mutation.patch_type
    yield from chosen(f"{path}.patchType", kind, _PATCHES)
    if kind not in _PATCHES:
        return
    wires = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}
    wire = wires[kind]
    mine, other = (apply, patch) if kind == "ApplyConfiguration" else (patch, apply)
    if mine is None:
        yield required(f"{path}.{wire}", f"must be specified when patchType is {kind}")
    else:
        text, where = (mine.expression or "").strip(), f"{path}.{wire}.expression"
        if not text:
            yield required(where)
        else:
            yield from expression_errors(where, text, scope, _GIVEN[kind])
    if other is not None:
        wrong = next(each for each in wires.values() if each != wire)
        detail = f"must not be specified when patchType is {kind}"
        yield invalid(f"{path}.{wrong}", f"{{{wrong}}}", detail)


# --- bindings --------------------------------------------------------------------------------


def _binding_errors(binding: ValidatingAdmissionPolicyBinding) -> Errors:
    spec = binding.spec
    yield from _bound_errors(spec)
    path, actions = "spec.validationActions", spec.validation_actions
    for i, action in enumerate(actions):
        if action not in _ACTIONS:
            yield not_supported(f"{path}[{i}]", action, _ACTIONS)
        if action in actions[:i]:
            yield duplicate(f"{path}[{i}]", action)
    if {"Deny", "Warn"} <= set(actions):
        detail = (
            "must not contain both Deny and Warn (repeating the same validation failure "
            "information in the API response and headers serves no purpose)"
        )
        yield invalid(path, actions, detail)
    if not actions:
        yield required(path, "at least one validation action is required")


def _mutating_binding_errors(binding: MutatingAdmissionPolicyBinding) -> Errors:
    spec = binding.spec or MutatingAdmissionPolicyBindingSpec()
    yield from _bound_errors(spec)
    if spec.match_resources is not None:
        yield from _mutable_errors("spec.matchResources", spec.match_resources)


def _bound_errors(
    spec: ValidatingAdmissionPolicyBindingSpec | MutatingAdmissionPolicyBindingSpec,
) -> Errors:
    yield from named("spec.policyName", spec.policy_name, dns_subdomain)
    if spec.param_ref is not None:
        yield from _param_errors("spec.paramRef", spec.param_ref)
    if spec.match_resources is not None:
        yield from match_errors("spec.matchResources", spec.match_resources)


def _param_errors(path: str, ref: ParamRef) -> Errors:
    name, both = ref.name or "", "name and selector are mutually exclusive"
    if name:
        yield from complaints(f"{path}.name", name, path_segment_errors(name))
        if ref.selector is not None:
            yield forbidden(f"{path}.name", both)
    if ref.selector is not None:
        yield from label_selector_errors(f"{path}.selector", ref.selector)
        if name:
            yield forbidden(f"{path}.selector", both)
    elif not name:
        yield required(path, "one of name or selector must be specified")
    where = f"{path}.parameterNotFoundAction"
    yield from chosen(where, ref.parameter_not_found_action, _NOT_FOUND_ACTIONS)


def _warning_errors(path: str, warning: ExpressionWarning) -> Errors:
    if not warning.warning:
        yield required(f"{path}.warning")
    where, ref = f"{path}.fieldRef", warning.field_ref.strip()
    if not ref:
        yield required(where)
    elif ref.count("[") != ref.count("]"):
        yield invalid(where, ref, "invalid JSONPath: unterminated array")


def _status_errors(new: ValidatingAdmissionPolicy, _old: ValidatingAdmissionPolicy) -> Errors:
    if new.status is not None:
        checked = new.status.type_checking
        for i, warning in enumerate(() if checked is None else checked.expression_warnings):
            yield from _warning_errors(f"status.typeChecking.expressionWarnings[{i}]", warning)
        yield from status_condition_errors("status.conditions", new.status.conditions)


POLICY_RULES: Final = Rules(
    spec=_policy_errors, status=_status_errors, metadata_again=WHOLE, any_finalizer=True
)
BINDING_RULES: Final = Rules(spec=_binding_errors, metadata_again=WHOLE, any_finalizer=True)
MUTATING_POLICY_RULES: Final = Rules(
    spec=_mutating_errors, metadata_again=WHOLE, any_finalizer=True
)
MUTATING_BINDING_RULES: Final = Rules(
    spec=_mutating_binding_errors, metadata_again=WHOLE, any_finalizer=True
)
