"""MutatingAdmissionPolicy: policies in CEL that change what they are bound to.

Follows https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/. An expression
gives an apply configuration, which is merged into the object as server-side apply merges, or the operations
of a JSON patch.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.admissionregistration.v1 import (
    MutatingAdmissionPolicy,
    MutatingAdmissionPolicyBinding,
    MutatingAdmissionPolicySpec,
    Mutation,
)
from orchestrator.api.errors import DecodeError
from orchestrator.api.scheme import Resource
from orchestrator.apiserver import errors
from orchestrator.apiserver.admission.expressions import Failed, Scope, all_hold
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
    Rounds,
)
from orchestrator.apiserver.admission.policies import (
    Misconfigured,
    NoParamKind,
    by_policy,
    concerns,
    is_bound,
    params_of,
    version_for,
)
from orchestrator.apiserver.admission.questions import document, filled, seen
from orchestrator.apiserver.admission.read_back import read_back, shown
from orchestrator.apiserver.kinds.shapes import shape_of
from orchestrator.machinery.cel.authorization import asking
from orchestrator.machinery.cel.checking import Scope as CheckerScope
from orchestrator.machinery.cel.conversions import json_value
from orchestrator.machinery.cel.patch_types import mismatches
from orchestrator.machinery.cel.policy_scopes import policy_scope
from orchestrator.machinery.cel.types import DYN
from orchestrator.machinery.errors import PatchError, ShapeError
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.managed_fields.atomics import atomic_parts
from orchestrator.machinery.managed_fields.checking import check
from orchestrator.machinery.managed_fields.merging import merged
from orchestrator.machinery.patches import apply_json_patch
from orchestrator.protocol import Cause, Forbidden, InternalError

_TEST_FAILED: Final = "test failed"


class _Denial(Struct, frozen=True):
    """A mutation that could not be made. `reason`: Kubernetes gives none of its own to a configuration's."""

    words: str
    reason: str


class _Invocation(Struct, frozen=True):
    """A policy, bound, with a parameter, about a write in a version."""

    policy: MutatingAdmissionPolicy
    spec: MutatingAdmissionPolicySpec
    binding: MutatingAdmissionPolicyBinding
    version: Resource
    param: Any = None

    @property
    def key(self) -> tuple[str, ...]:
        """Which invocation it is in a second round."""
        meta = {} if self.param is None else self.param["metadata"]
        place = (meta.get("namespace", ""), meta.get("name", ""))
        return self.policy.metadata.name, self.binding.metadata.name, *place

    def denied(self, why: str, reason: str = "Invalid") -> _Denial:
        """The refusal for a fault of this invocation."""
        names = f"'{self.policy.metadata.name}' with binding '{self.binding.metadata.name}'"
        return _Denial(f"policy {names} denied request: {why}", reason)

    def misconfigured(self, error: Misconfigured) -> _Denial:
        """The refusal for what is wrong with parameters, or with their kind, which is the policy's fault."""
        if not isinstance(error, NoParamKind):
            return self.denied(f"failed to configure binding: {error}", "Forbidden")
        name = quote(self.policy.metadata.name)
        words = f"policy {name} denied request: failed to configure policy: {error}"
        return _Denial(words, "Forbidden")


class _Memory:
    """What the second round needs to know of the first."""

    def __init__(self) -> None:
        self.output: Any = None
        self.asked: set[tuple[str, ...]] = set()
        self.again: set[tuple[str, ...]] = set()

    def changed(self) -> None:
        """Those that were asked before this change are to see it."""
        self.again |= self.asked
        self.asked = set()


class MutatingAdmissionPolicies(AdmissionPlugin):
    """Changes objects as the policies say that are bound, by the policies' names."""

    name = "MutatingAdmissionPolicy"
    asks = (MutatingAdmissionPolicyBinding,)

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        return operation != "DELETE" and concerns(resource)

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        """The object as the policies leave it. Errors: Forbidden."""
        found = list(_invocations(request, reader))
        if not found:
            return request.object
        asked = replace(request, object=filled(request.object, request, reader.scheme))
        done = _Round(asked, reader).run(found)
        return request.object if done is asked.object else done


def _invocations(
    request: AdmissionRequest, reader: Reader
) -> Iterator[tuple[_Invocation, Misconfigured | None]]:
    """Who is to be asked, in order; with what is wrong with a binding's parameters."""
    bound = by_policy(reader.list(MutatingAdmissionPolicyBinding))
    for policy in reader.list(MutatingAdmissionPolicy):
        spec, bindings = policy.spec, bound.get(policy.metadata.name)
        if spec is None or not bindings:
            continue
        version = version_for(spec.match_constraints, request, reader)
        for binding in bindings if version is not None else ():
            assert binding.spec is not None
            assert version is not None
            if not is_bound(binding.spec.match_resources, request, reader):
                continue
            invocation = _Invocation(policy, spec, binding, version)
            try:
                for param in params_of(spec.param_kind, binding.spec.param_ref, request, reader):
                    yield replace(invocation, param=param), None
            except NoParamKind as error:
                yield invocation, error
                break
            except Misconfigured as error:
                yield invocation, error


class _Round:
    """One round through the policies."""

    def __init__(self, request: AdmissionRequest, reader: Reader) -> None:
        self._request = request
        self._reader = reader
        self._rounds = request.rounds or Rounds()
        self._denials: list[_Denial] = []
        self._made = False  # whether a mutation was made, though it may have changed nothing
        self._memory: _Memory = self._rounds.memory.setdefault(
            MutatingAdmissionPolicies.name, _Memory()
        )

    def run(self, found: list[tuple[_Invocation, Misconfigured | None]]) -> Any:
        """The object at the end. Errors: Forbidden."""
        memory = self._memory
        if self._rounds.second and memory.output != self._request.object:
            memory.changed()
        for invocation, error in found:
            if error is not None:
                self._deny(invocation, invocation.misconfigured(error))
            else:
                self._ask(invocation)
        if self._made:  # whoever was asked last is to see all of it, too
            memory.changed()
            self._rounds.again = True
        memory.output = self._request.object
        if self._denials:
            raise self._refusal()
        return self._request.object

    def _deny(self, invocation: _Invocation, denial: _Denial) -> None:
        if invocation.spec.failure_policy != "Ignore":
            self._denials.append(denial)

    def _refusal(self) -> Forbidden:
        request, first = self._request, self._denials[0]
        causes = tuple(Cause("", each.words, "") for each in self._denials)
        refusal = errors.forbidden(request.resource, request.name, "", causes=causes)
        refusal.args = (first.words,)
        refusal.message = first.words
        refusal.reason = first.reason
        return refusal

    def _ask(self, invocation: _Invocation) -> None:
        request, spec = self._request, invocation.spec
        values = self._values(invocation)
        params = None if spec.param_kind is None else DYN
        known = policy_scope(spec.variables, params=params, patches=True)
        try:
            with asking(request.ask):
                if not all_hold(spec.match_conditions, Scope(values, spec.variables, known=known)):
                    return
        except Failed as error:
            self._deny(invocation, invocation.denied(str(error)))
            return
        if self._rounds.second and invocation.key not in self._memory.again:
            return
        before, counts, denied = request.object, request.counts, len(self._denials)
        began = counts.monotonic() if counts is not None else 0.0
        for mutation in spec.mutations:
            self._mutate(invocation, mutation, known)
        if counts is not None:
            counts.evaluated(began)
            names = (invocation.policy.metadata.name, invocation.binding.metadata.name)
            mistake = "invalid_error" if len(self._denials) > denied else "no_error"
            counts.policy("mutating", names, began, mistake=mistake)
        if self._request.object != before:
            self._memory.changed()
            self._rounds.again = True
        if spec.reinvocation_policy == "IfNeeded":
            self._memory.asked.add(invocation.key)

    def _values(self, invocation: _Invocation) -> Mapping[str, Any]:
        request = self._request
        values = seen(request, self._reader, invocation.version, judges=False)
        if request.object is not None:
            values["object"] = shown(values["object"], request)
        if invocation.spec.param_kind is not None:
            values["params"] = invocation.param
        return values

    def _mutate(self, invocation: _Invocation, mutation: Mutation, known: CheckerScope) -> None:
        """One change; what goes wrong is told at the end, after the other changes."""
        request, version, scheme = self._request, invocation.version, self._reader.scheme
        if request.object is None:
            return
        present = shown(document(request.object, request, version, scheme), request)
        scope = Scope(self._values(invocation), invocation.spec.variables, known=known)
        try:
            with asking(request.ask):
                patched = _patched(mutation, scope, present, version)
            self._made = True
            if patched is present:
                return
            is_json = mutation.patch_type == "JSONPatch"
            new = read_back(patched, request, version, scheme, strict=is_json)
        except _MutationFailed as error:
            self._deny(invocation, invocation.denied(str(error)))
            return
        except DecodeError as error:
            if (
                mutation.patch_type == "JSONPatch"
            ):  # the original finds out when it reads the result
                raise _internal(error.words) from None
            self._deny(invocation, invocation.denied(error.words))
            return
        self._request = replace(request, object=new)


def _internal(why: str) -> InternalError:
    return InternalError(f"Internal error occurred: {why}", causes=(Cause("", why, ""),))


class _MutationFailed(Exception):
    """Why a change cannot be made."""


def _patched(
    mutation: Mutation, scope: Scope, present: dict[str, Any], version: Resource
) -> dict[str, Any]:
    if mutation.patch_type == "JSONPatch":
        text = "" if mutation.json_patch is None else mutation.json_patch.expression or ""
        return _json_patched(_value(text, scope), present)
    text = (
        ""
        if mutation.apply_configuration is None
        else mutation.apply_configuration.expression or ""
    )
    return _applied(_value(text, scope), present, version)


def _value(text: str, scope: Scope) -> Any:
    try:
        value = scope.value(text)
    except Failed as error:
        raise _MutationFailed(str(error)) from None
    if wrong := "; ".join(mismatches(scope.compiled(text).tree)):
        raise _MutationFailed(f"type mismatch: {wrong}")
    return json_value(value)


def _json_patched(operations: Any, present: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(operations, list):
        words = "type mismatch: JSONPatchType.expression should evaluate to array"
        raise _MutationFailed(words)
    try:
        # The type says a path for each, which is empty where the expression says none.
        with_paths = [
            {"path": "", **each} if isinstance(each, dict) else each for each in operations
        ]
        patched: dict[str, Any] = apply_json_patch(present, with_paths)
    except PatchError as error:
        if str(error).endswith(_TEST_FAILED):
            return present  # a patch whose test fails is not applied
        raise _MutationFailed(f"JSON Patch: {error}") from None
    return patched


def _without_nulls(value: Any) -> Any:
    """The value as the original has it, to which a null in a configuration is the number 0."""
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return 0 if value is None else value


def _applied(configuration: Any, present: dict[str, Any], version: Resource) -> dict[str, Any]:
    if not isinstance(configuration, dict):
        raise _MutationFailed("unsupported return type from ApplyConfiguration expression")
    shape = shape_of(version)
    wanted = {
        **_without_nulls(configuration),
        "apiVersion": present.get("apiVersion"),
        "kind": present.get("kind"),
    }
    begin = "error applying patch: "
    try:
        check(wanted, shape)
    except ShapeError as error:
        words = f"{begin}failed to convert patch object to typed object: {error}"
        raise _MutationFailed(words) from None
    atomic = atomic_parts(wanted, shape)
    if atomic:
        words = f"may not mutate atomic arrays, maps or structs: {', '.join(atomic)}"
        raise _MutationFailed(f"{begin}invalid ApplyConfiguration: {words}")
    try:
        done: dict[str, Any] = merged(present, wanted, shape)
    except ShapeError as error:
        raise _MutationFailed(f"{begin}failed to merge patch: {error}") from None
    return done
