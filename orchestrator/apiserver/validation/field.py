"""The words that validators are written in.

A validator is a generator of `FieldError`s: it yields what is wrong and goes on, so that a user
learns of every fault at once. Paths are plain strings, put together where the fault is
(`f"{path}.ports[{i}]"`); the constructors with Kubernetes' sentences (`required`, `invalid`,
`not_supported`, ...) are machinery's, and are imported from here with the compounds below.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from orchestrator.apiserver.validation.golang import as_go
from orchestrator.machinery.field_errors import (
    FieldError,
    duplicate,
    forbidden,
    internal,
    invalid,
    not_found,
    not_supported,
    required,
    too_long,
    too_many,
)
from orchestrator.machinery.names import out_of_range
from orchestrator.machinery.objects import is_same_part
from orchestrator.protocol import Cause

WHOLE: Final = "[]"
"""The place of a fault that is of no field, as Go prints it."""

__all__ = [
    "MOST_FAULTS",
    "WHOLE",
    "Errors",
    "FieldError",
    "NameRule",
    "absent",
    "between",
    "cause_of",
    "chosen",
    "complaints",
    "duplicate",
    "forbidden",
    "immutable",
    "internal",
    "invalid",
    "named",
    "nonnegative",
    "not_found",
    "not_supported",
    "positive",
    "required",
    "too_long",
    "too_many",
]

Errors: TypeAlias = Iterator[FieldError]
NameRule: TypeAlias = Callable[[str], Sequence[str]]

NEGATIVE: Final = "must be greater than or equal to 0"
NOT_POSITIVE: Final = "must be greater than zero"
IMMUTABLE: Final = "field is immutable"
MAX_INT32: Final = 2**31 - 1
# So many faults of one part of an object are told; a small body can have millions.
MOST_FAULTS: Final = 1_000


def cause_of(error: FieldError) -> Cause:
    """The `StatusCause` that a client gets for a fault."""
    return Cause(reason=error.reason, message=error.body, field=error.field)


def complaints(path: str, value: Any, messages: Iterable[str]) -> Errors:
    """One `Invalid value` for each message that a name rule answered."""
    for message in messages:
        yield invalid(path, value, message)


def named(path: str, name: str | None, rule: NameRule) -> Errors:
    """A name that must be there and keep a rule."""
    if not name:
        yield required(path)
    else:
        yield from complaints(path, name, rule(name))


def chosen(path: str, value: str | None, supported: Sequence[str]) -> Errors:
    """One of a few words; `Required value` when there is none."""
    if not value:
        yield required(path)
    elif value not in supported:
        yield not_supported(path, value, supported)


def one_of(path: str, value: str | None, supported: Sequence[str]) -> Errors:
    """One of a few words where Go has a pointer: no word is missing, and "" is a wrong one."""
    if value is None:
        yield required(path)
    elif value not in supported:
        yield not_supported(path, value, supported)


def nonnegative(path: str, value: float | None) -> Errors:
    """A number that may be missing, but not below 0."""
    if value is not None and value < 0:
        yield invalid(path, value, NEGATIVE)


def positive(path: str, value: float | None) -> Errors:
    """A number of at least 1; a missing one counts as 0."""
    if not value or value < 0:
        yield invalid(path, value or 0, NOT_POSITIVE)


def between(path: str, value: int | None, low: int, high: int) -> Errors:
    """A number that may be missing, else within an inclusive range."""
    if value is not None and not low <= value <= high:
        yield invalid(path, value, out_of_range(low, high))


def immutable(path: str, new: Any, old: Any) -> Errors:
    """A part that an update may not change."""
    if not is_same_part(new, old):
        yield invalid(path, as_go(new), IMMUTABLE)


def absent(path: str, value: object, detail: str) -> Errors:
    """A part that must not be set here."""
    if value:
        yield forbidden(path, detail)
