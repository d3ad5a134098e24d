"""Objects from documents, and verdicts as lines of `field: message`."""

import copy
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from orchestrator.api.codec import from_dict
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.defaulting import apply_defaults
from orchestrator.apiserver.kinds.validating import (
    validate_create,
    validate_status_update,
    validate_update,
)
from orchestrator.protocol import Cause

K = TypeVar("K", bound=Any)

GONE: Final = object()
Document = Mapping[str, Any]


def edit(document: Document, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with values at paths like `spec.containers.0.image`; GONE takes one away."""
    changed: dict[str, Any] = copy.deepcopy(dict(document))
    for path, value in changes.items():
        *parents, last = path.split(".")
        place: Any = changed
        for name in parents:
            place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
        key: Any = int(last) if isinstance(place, list) else last.replace("|", ".")
        if value is GONE:
            del place[key]
        elif isinstance(place, list) and key == len(place):
            place.append(value)
        else:
            place[key] = value
    return changed


def load(kind: type[K], document: Document) -> K:
    """The object with its defaults."""
    return apply_defaults(kind_of(resource_of(kind)), from_dict(dict(document), kind))


def _lines(causes: tuple[Cause, ...]) -> list[str]:
    return [f"{cause.field}: {cause.message}" for cause in causes]


def faults(kind: type[K], document: Document) -> list[str]:
    """What creating the document's object is refused for."""
    return _lines(
        validate_create(
            kind_of(resource_of(kind)), resource_of(kind).namespaced, load(kind, document)
        )
    )


def update_faults(kind: type[K], new: Document, old: Document) -> list[str]:
    """What changing the one into the other is refused for."""
    return _lines(validate_update(kind_of(resource_of(kind)), load(kind, new), load(kind, old)))


def status_faults(kind: type[K], new: Document, old: Document) -> list[str]:
    """What such a change of the status is refused for."""
    return _lines(
        validate_status_update(kind_of(resource_of(kind)), load(kind, new), load(kind, old))
    )
