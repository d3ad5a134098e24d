"""What is refused of custom resources of one version, by its schema and its rules."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import CustomResourceSubresourceScale
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.definitions.scaling import scale_faults, status_scale_faults
from orchestrator.apiserver.validation.embedded import embedded_metadata_faults
from orchestrator.apiserver.validation.field import Errors, FieldError, invalid
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.machinery.schemas import (
    RuleNode,
    Schema,
    compile_rules,
    embedded_faults,
    faults_of,
    fitting,
    list_faults,
    rule_faults,
)
from orchestrator.machinery.schemas.correlation import below, correlated, is_unchanged

# While one of these stands against a value, its rules are not asked.
_BLOCKING: Final = frozenset(
    {
        "FieldValueNotSupported",
        "FieldValueRequired",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueTypeInvalid",
    }
)
_NOT_ASKED: Final = invalid(
    "<nil>",
    None,
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
)


def rules_of(schema: Schema | None, scale: CustomResourceSubresourceScale | None) -> Rules:
    """The rules of a version; without a schema it takes everything that fits its scale."""
    judge = _Judge(schema or Schema(document={}), scale)
    return Rules(
        spec=judge.new,
        update=judge.change,
        status=judge.status,
        recheck="never",
        any_finalizer=True,
        asides=judge.asides,
    )


class _Judge:
    """Schema, scale and compiled rules of one version."""

    def __init__(self, schema: Schema, scale: CustomResourceSubresourceScale | None) -> None:
        self._schema = schema
        self._scale = scale
        self._rules: RuleNode | None = compile_rules(schema, root=True)
        self._kept: tuple[Unstructured | None, list[str]] = (None, [])

    @cached_property
    def _fits(self) -> Callable[[Any], bool]:
        return fitting(self._schema)

    def _faults(self, value: Any) -> list[FieldError]:
        return [] if self._fits(value) else faults_of(value, self._schema)

    def new(self, custom: Unstructured) -> Errors:
        """What is wrong with a new object."""
        value = whole(custom)
        found = self._faults(value)
        if self._scale is not None:
            found += scale_faults(custom.content, self._scale)
        found += embedded_faults(value, self._schema, "", embedded_metadata_faults)
        found += list_faults(value, self._schema)
        metadata = custom.metadata
        is_named = bool(metadata.name or metadata.generate_name)
        return self._with_rules(found, value, None, custom, is_named=is_named)

    def change(self, new: Unstructured, old: Unstructured) -> Errors:
        """What is wrong with one that takes the place of another."""
        value, before = whole(new), whole(old)
        found = self._new_faults(value, before)
        if self._scale is not None:
            found += scale_faults(new.content, self._scale)
        found += embedded_faults(value, self._schema, "", embedded_metadata_faults)
        found += self._list_faults(value, before)
        return self._with_rules(found, value, before, new)

    def status(self, new: Unstructured, old: Unstructured) -> Errors:
        """What is wrong with one that has another status."""
        value, before = whole(new), whole(old)
        found = [_within_status(each) for each in self._new_faults(value, before)]
        if self._scale is not None:
            found += status_scale_faults(new.content, self._scale)
        found += self._list_faults(value, before)
        return self._with_rules(found, value, before, new)

    def _new_faults(self, value: Any, before: Any) -> list[FieldError]:
        """The faults of parts that were not like this before."""
        found = self._faults(value)
        return [each for each in found if not _is_old(each.field, value, before, self._schema)]

    def _list_faults(self, value: Any, before: Any) -> list[FieldError]:
        """Duplicates in lists, unless there were some before."""
        found = [*list_faults(value, self._schema)]
        return [] if found and any(list_faults(before, self._schema)) else found

    def _with_rules(
        self,
        found: list[FieldError],
        value: Any,
        old: Any,
        new: Unstructured,
        *,
        is_named: bool = True,
    ) -> Errors:
        self._kept = (None, [])
        yield from found
        if self._rules is None:
            return
        if not is_named or any(each.reason in _BLOCKING for each in found):
            yield _NOT_ASKED
        else:
            kept: list[FieldError] = []
            yield from rule_faults(value, old, self._rules, kept=kept)
            self._kept = (new, [str(each) for each in kept])

    def asides(self, new: Unstructured) -> Sequence[str]:
        """What its rules say against what stays as it was, of the object that was judged last."""
        judged, kept = self._kept
        return kept if judged is new else ()


def _within_status(fault: FieldError) -> FieldError:
    """A status is judged alone: the words name what is in it from there, while the field is the object's."""
    if not fault.detail.startswith(f"{fault.field} in body"):
        return fault
    inside = fault.detail.removeprefix("status").removeprefix(".")
    return replace(fault, detail=inside)


def whole(custom: Unstructured) -> dict[str, Any]:
    """A custom resource as its schema sees it."""
    return {
        "apiVersion": custom.api_version,
        "kind": custom.kind,
        "metadata": codec.to_dict(custom.metadata),
        **custom.content,
    }


def _is_old(path: str, value: Any, old: Any, schema: Schema | None) -> bool:
    """Whether a fault is of a part that the update leaves as it was: such faults are let pass."""
    for name in path.replace("]", "").replace("[", ".").split("."):
        if is_unchanged(value, old, schema):
            return True
        if isinstance(value, dict) and isinstance(old, dict) and name in old:
            value, old, schema = value.get(name), old[name], below(schema, name)
        elif isinstance(value, list | tuple) and schema is not None and name.isdecimal():
            value = value[int(name)]
            old, schema = correlated(value, old, schema), schema.items
        else:
            return False
    return is_unchanged(value, old, schema)
