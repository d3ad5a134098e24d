"""Access reviews: what they ask in terms of an authorizer, and what is wrong with them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.authorization.v1 import (
    FieldSelectorAttributes,
    LabelSelectorAttributes,
    NonResourceAttributes,
    ResourceAttributes,
)
from orchestrator.api.meta.v1 import (
    FieldSelectorRequirement,
    LabelSelectorRequirement,
    ObjectMeta,
)
from orchestrator.apiserver.authorization.interface import Attributes
from orchestrator.apiserver.validation.field import Errors, invalid, required
from orchestrator.apiserver.validation.selectors import operator_errors, requirement_errors
from orchestrator.machinery import fields, labels
from orchestrator.machinery.errors import SelectorError

_ONE: Final = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
_BOTH: Final = "cannot be specified in combination with resourceAttributes"
_TWICE: Final = "may not specified at the same time as requirements"
_IGNORED: Final = "spec.resourceAttributes.{} ignored due to parse error"
# What selectors can say; a review may come from a newer client that knows more.
_FIELD_OPERATORS: Final = ("In", "NotIn")
_LABEL_OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist")


class _Shown(Struct, rename="pascal"):
    """A path's attributes as the original prints them: by the names of its own fields."""

    path: str
    verb: str


def attributes_of(spec: Any) -> tuple[Attributes, str]:
    """What the spec of a valid review asks, and what of it is not understood and so ignored."""
    asked: ResourceAttributes | None = spec.resource_attributes
    if asked is None:
        path: NonResourceAttributes = spec.non_resource_attributes
        return Attributes(path.verb or "", path=path.path or "", is_resource=False), ""
    held, faults = _held(asked)
    return (
        Attributes(
            asked.verb or "",
            asked.group or "",
            asked.resource or "",
            asked.subresource or "",
            asked.namespace or "",
            asked.name or "",
            fields=held,
        ),
        "; ".join(faults),
    )


def _held(asked: ResourceAttributes) -> tuple[Mapping[str, str], list[str]]:
    held: dict[str, str] = {}
    faults: list[str] = []
    selector = asked.field_selector
    if selector is not None:
        try:
            for term in reversed(fields.parse(selector.raw_selector or "")):
                if term.equal:
                    held[term.field] = term.value
        except SelectorError:
            faults.append(_IGNORED.format("fieldSelector"))
        for each in selector.requirements:
            if each.operator == "In" and len(each.values) == 1:
                held.setdefault(each.key, each.values[0])
        if any(not _is_field_term(each) for each in selector.requirements):
            faults.append(_IGNORED.format("fieldSelector"))
    wanted = asked.label_selector
    if wanted is not None and not _is_label_selector(wanted):
        faults.append(_IGNORED.format("labelSelector"))
    return held, faults


def _is_field_term(requirement: FieldSelectorRequirement) -> bool:
    """Whether a selector of fields can say it: one value, equal or not."""
    return requirement.operator in _FIELD_OPERATORS and len(requirement.values) == 1


def _is_label_selector(selector: LabelSelectorAttributes) -> bool:
    try:
        labels.parse(selector.raw_selector or "")
    except SelectorError:
        return False
    return all(each.operator in _LABEL_OPERATORS for each in selector.requirements)


# --- what is wrong -------------------------------------------------------------------------


def faults_of_spec(spec: Any, *, names_subject: bool) -> Errors:
    """The faults of a review's spec. `names_subject`: it asks about somebody else than its sender."""
    asked, path = spec.resource_attributes, spec.non_resource_attributes
    if asked is not None and path is not None:
        shown = _Shown(path.path or "", path.verb or "")
        yield invalid("spec.nonResourceAttributes", shown, _BOTH)
    if asked is None and path is None:
        yield invalid("spec.resourceAttributes", None, _ONE)
    if names_subject and not spec.user and not spec.groups:
        yield invalid("spec.user", "", "at least one of user or group must be specified")
    if asked is not None:
        where = "spec.resourceAttributes"
        yield from _of_selector(asked.field_selector, f"{where}.fieldSelector")
        yield from _of_selector(asked.label_selector, f"{where}.labelSelector")


def _of_selector(
    selector: FieldSelectorAttributes | LabelSelectorAttributes | None, path: str
) -> Errors:
    if selector is None:
        return
    if selector.raw_selector and selector.requirements:
        yield invalid(f"{path}.rawSelector", selector.raw_selector, _TWICE)
    if not selector.raw_selector and not selector.requirements:
        detail = f"when {path} is specified, requirements or rawSelector is required"
        yield required(f"{path}.requirements", detail)
    requirements: Sequence[Any] = selector.requirements
    for number, each in enumerate(requirements):
        yield from _of_requirement(each, f"{path}.requirements[{number}]")


def _of_requirement(
    requirement: FieldSelectorRequirement | LabelSelectorRequirement, path: str
) -> Errors:
    if isinstance(requirement, LabelSelectorRequirement):
        yield from requirement_errors(path, requirement, newer=True)
        return
    if not requirement.key:
        yield required(f"{path}.key", "must be specified")
    yield from operator_errors(path, requirement.operator, requirement.values, newer=True)


def faults_of_metadata(metadata: ObjectMeta, shown: ObjectMeta, *, local: bool) -> Errors:
    """A question has no name. `shown` is the metadata as the complaint prints it."""
    bare = replace(metadata, managed_fields=(), namespace="" if local else metadata.namespace)
    if bare != ObjectMeta():
        detail = "must be empty except for namespace" if local else "must be empty"
        yield invalid("metadata", shown, detail)


def faults_of_local(spec: Any, namespace: str) -> Errors:
    """A local review asks about its own namespace, and about no path."""
    asked, path = spec.resource_attributes, spec.non_resource_attributes
    if asked is not None and (asked.namespace or "") != namespace:
        where = "spec.resourceAttributes.namespace"
        yield invalid(where, asked.namespace or "", "must match metadata.namespace")
    if path is not None:
        shown = _Shown(path.path or "", path.verb or "")
        yield invalid("spec.nonResourceAttributes", shown, "disallowed on this kind of request")
