"""What Kubernetes refuses of an object, and in which words.

`validate_create`, `validate_update` and `validate_status_update` answer every fault at once (of metadata
and of the rest the first thousand each: Kubernetes' answer to a small body can be of a gigabyte), an empty
tuple for none. Verdicts on shared parts are remembered by their identity, and an update looks only at
parts that are not the very objects they were.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.validation.field import MOST_FAULTS, FieldError, cause_of
from orchestrator.apiserver.validation.metadata import (
    metadata_change_faults,
    metadata_errors,
    metadata_faults,
    metadata_update_errors,
)
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.machinery.names import path_segment_errors
from orchestrator.protocol import Cause, Object

_OUTSIDE_SPEC: Final = frozenset({"metadata", "status"})


def validate_create(kind: Kind, namespaced: bool, obj: Object) -> tuple[Cause, ...]:
    """What forbids to create the (defaulted, named, stamped) object."""
    rules = kind.rules
    # The metadata of a template is named by its own rules; a binding names the pod it is for.
    # Nor do kinds look at finalizers whose own rules never look at metadata.
    named = bool(rules.metadata_again) and not rules.any_finalizer
    judged = metadata_errors(obj.metadata, namespaced, rules.name, finalizer_names=named)
    spec = rules.spec(obj)
    if judged == () and spec == () and rules.first is None:  # as it nearly always is
        return ()
    spec = islice(spec, MOST_FAULTS)
    if rules.metadata_again:
        found = [*islice(judged, MOST_FAULTS), *spec]
    else:  # only what is right in all else is asked for its metadata
        found = [*spec] or [*islice(judged, MOST_FAULTS)]
    if rules.first is not None:
        found = [*rules.first(obj), *found]
    return tuple(map(cause_of, found)) if found else ()


def validate_update(kind: Kind, new: Object, old: Object) -> tuple[Cause, ...]:
    """What forbids to put `new` in the place of `old` (whose status it has)."""
    rules = kind.rules
    found = _metadata_errors(rules, new, old)
    again = rules.recheck != "never" and not _same_parts(new, old)
    if again and rules.recheck != "after":
        judged = [*islice(rules.spec(new), MOST_FAULTS)]
        found += judged * 2 if rules.recheck == "twice" else judged
    found += islice(rules.update(new, old), MOST_FAULTS)
    if again and rules.recheck == "after":
        found += islice(rules.spec(new), MOST_FAULTS)
    return tuple(map(cause_of, found)) if found else ()


def validate_status_update(kind: Kind, new: Object, old: Object) -> tuple[Cause, ...]:
    """What forbids the status of `new`, whose other parts are those of `old`."""
    found = _metadata_errors(kind.rules, new, old)
    found += islice(kind.rules.status(new, old), MOST_FAULTS)
    return tuple(map(cause_of, found)) if found else ()


def validate_part_update(
    kind: Kind, new: Object, old: Object, judge: Callable[[Any, Any], Iterable[FieldError]]
) -> tuple[Cause, ...]:
    """What forbids a change by a path that is for a part of the spec alone, as `judge` says."""
    found = _metadata_errors(kind.rules, new, old)
    found += islice(judge(new, old), MOST_FAULTS)
    return tuple(map(cause_of, found)) if found else ()


def _metadata_errors(rules: Rules, new: Object, old: Object) -> list[FieldError]:
    if new.metadata is old.metadata:
        return []
    found = list(islice(metadata_update_errors(new.metadata, old.metadata), MOST_FAULTS))
    # The beginning of a name is part of the whole, and of no change.
    begins = new.metadata.generate_name
    renamed = begins and begins != old.metadata.generate_name and "whole" in rules.metadata_again
    return list(islice(_repeated(rules, new, old), MOST_FAULTS)) if found or renamed else found


def _repeated(rules: Rules, new: Object, old: Object) -> Iterator[FieldError]:
    """The faults of an update's metadata, each as often as Kubernetes tells it."""
    meta, before = new.metadata, old.metadata
    namespaced = bool(before.namespace)
    yield from metadata_faults(meta, namespaced, path_segment_errors, finalizer_names=False)
    yield from metadata_change_faults(meta, before, finalizer_names=False)
    named = not rules.any_finalizer
    for check in rules.metadata_again:
        if check == "whole":
            yield from metadata_faults(meta, namespaced, rules.name, finalizer_names=named)
        else:
            yield from metadata_change_faults(meta, before, finalizer_names=named)


def _same_parts(new: Object, old: Object) -> bool:
    """Whether nothing but metadata and status can be different."""
    for name in _parts(type(new)):  # noqa: SIM110  # a generator would cost twice the loop
        if getattr(new, name) is not getattr(old, name):
            return False
    return True


@lru_cache(maxsize=1 << 10)
def _parts(kind: type[Any]) -> tuple[str, ...]:
    fields: tuple[str, ...] = kind.__struct_fields__
    return tuple(name for name in fields if name not in _OUTSIDE_SPEC)
