"""What this room refuses.

    MachineryError (a ValueError)
    ├── QuantityError       a text that is no quantity
    ├── SelectorError       a label, field or node selector that cannot be understood
    ├── TimeError           a text that is no RFC 3339 time
    ├── DurationError       a text that is no Go duration
    ├── IntOrPercentError   neither an integer nor a percentage
    ├── ManifestError       a document that is no manifest; knows where
    ├── FieldSetError       what a client wrote as a set of fields is none
    ├── ShapeError          a value is not what its kind's schema asks for
    ├── ApplyConflictError  an apply would change what others own
    └── PatchError          a patch; divided by what the sender does next
        ├── PatchFormatError    it can never apply: correct it            (HTTP 400)
        ├── PatchSizeError      it asks for too much: split it            (HTTP 413)
        ├── PatchApplyError     not to this document: read it again       (HTTP 422)
        └── PatchConflictError  it would change an object's identity      (HTTP 409)

`str(error)` is the sentence that Kubernetes prints; the fields say the same to a program.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple


class MachineryError(ValueError):
    """Anything that this room refuses; `message` is Kubernetes' sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class QuantityError(MachineryError):
    """`value` is no quantity."""

    def __init__(self, message: str, value: Any) -> None:
        super().__init__(message)
        self.value = value


class SelectorError(MachineryError):
    """`selector` (its text, or the offending operator) cannot be understood."""

    def __init__(self, message: str, selector: str = "") -> None:
        super().__init__(message)
        self.selector = selector


class TimeError(MachineryError):
    """`value` is no RFC 3339 time."""

    def __init__(self, message: str, value: str) -> None:
        super().__init__(message)
        self.value = value


class DurationError(MachineryError):
    """`value` is no duration in Go's syntax."""

    def __init__(self, message: str, value: str) -> None:
        super().__init__(message)
        self.value = value


class IntOrPercentError(MachineryError):
    """`value` is neither an integer nor a percentage."""

    def __init__(self, message: str, value: Any) -> None:
        super().__init__(message)
        self.value = value


class ManifestError(MachineryError):
    """A document that cannot be read: where (`line` and `column` count from 1) and `reason`.

    `words` is what Kubernetes' own server would say; without a sentence of its own, the reason.
    """

    def __init__(
        self, reason: str, source: str, line: int, column: int, *, words: str = ""
    ) -> None:
        super().__init__(f"{source}:{line}:{column}: {reason}")
        self.reason = reason
        self.words = words or reason
        self.source = source
        self.line = line
        self.column = column


class PatchError(MachineryError):
    """A patch that was refused. `path` is the JSON pointer or field it is about, if known."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class PatchFormatError(PatchError):
    """The patch is wrong whatever the document."""


class PatchMergeError(PatchError):
    """The patch is no strategic merge: what it holds cannot be merged at all."""


class PatchSizeError(PatchError):
    """The patch has too many operations, copies too much, or nests too deep."""


class PatchApplyError(PatchError):
    """The patch is well formed, but this document has no such place, or a `test` failed."""


class PatchConflictError(PatchError):
    """The patch would make another object of this one."""


class FieldSetError(MachineryError):
    """What a client wrote as a set of fields is none."""


class ShapeError(MachineryError):
    """A value does not have the shape that its kind asks for; `path` is the field, as `.spec.x`."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.message = message
        self.path = path


class Conflict(NamedTuple):
    """A field that another manager owns: who, where (`.spec.replicas`), and the path's elements."""

    manager: str
    field: str
    path: tuple[str, ...]


class ApplyConflictError(MachineryError):
    """An apply would change what others own, and was not forced to; the conflicts in the order of their managers."""

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        super().__init__(_conflict_message(conflicts))
        self.conflicts = tuple(conflicts)


def _conflict_message(conflicts: Sequence[Conflict]) -> str:
    if len(conflicts) == 1:
        only = conflicts[0]
        return f"Apply failed with 1 conflict: conflict with {only.manager}: {only.field}"
    lines: list[str] = []
    for manager in dict.fromkeys(each.manager for each in conflicts):
        lines.append(f"conflicts with {manager}:")
        lines += [f"- {each.field}" for each in conflicts if each.manager == manager]
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
