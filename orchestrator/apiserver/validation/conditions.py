"""Conditions of the shape that all newer kinds share."""

import re
from collections.abc import Iterable
from typing import Final

from orchestrator.api.meta.v1 import Condition
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    duplicate,
    invalid,
    not_supported,
    required,
    too_long,
)
from orchestrator.machinery.names import qualified_name_errors

_STATUSES: Final = ("False", "True", "Unknown")
_MAX_REASON: Final = 1024  # bytes
_MAX_MESSAGE: Final = 32 * 1024  # bytes
_REASON: Final = re.compile("[A-Za-z](?:[A-Za-z0-9_,:]*[A-Za-z0-9_])?")
_REASON_TEXT: Final = (
    "a condition reason must start with alphabetic character, optionally followed by a string of "
    "alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' "
    "(e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', "
    "regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')"
)


def status_condition_errors(path: str, conditions: Iterable[Condition]) -> Errors:
    """Conditions of a status: each type once, each with a reason and the time since when it holds."""
    types: set[str] = set()
    for i, condition in enumerate(conditions):
        if condition.type in types:
            yield duplicate(f"{path}[{i}].type", condition.type)
        types.add(condition.type)
        yield from _condition_errors(f"{path}[{i}]", condition)


def _condition_errors(path: str, condition: Condition) -> Errors:
    yield from complaints(f"{path}.type", condition.type, qualified_name_errors(condition.type))
    if condition.status not in _STATUSES:
        yield not_supported(f"{path}.status", condition.status, _STATUSES)
    generation = condition.observed_generation
    if generation is not None and generation < 0:
        detail = "must be greater than or equal to zero"
        yield invalid(f"{path}.observedGeneration", generation, detail)
    if not condition.last_transition_time:
        yield required(f"{path}.lastTransitionTime")
    if not condition.reason:
        yield required(f"{path}.reason")
    else:
        if not _REASON.fullmatch(condition.reason):
            yield invalid(f"{path}.reason", condition.reason, _REASON_TEXT)
        if len(condition.reason.encode()) > _MAX_REASON:
            yield too_long(f"{path}.reason", _MAX_REASON)
    if len(condition.message.encode()) > _MAX_MESSAGE:
        yield too_long(f"{path}.message", _MAX_MESSAGE)
