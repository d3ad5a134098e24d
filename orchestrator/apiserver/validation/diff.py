"""The difference between two parts of an object, as Kubernetes puts it into its refusals."""

import difflib
from typing import Any, Final

import msgspec

from orchestrator.apiserver.validation.golang import as_go

_CONTEXT: Final = 3  # lines


def difference(old: Any, new: Any) -> str:
    """A unified difference of both as the JSON of Go's structs, one field a line; ends with a line break."""
    return printed_difference(as_go(old), as_go(new))


def printed_difference(old: Any, new: Any) -> str:
    """The same of what is as Go prints it."""
    lines = difflib.unified_diff(_lines(old), _lines(new), n=_CONTEXT)
    # Go's library prints no file names, and so none of the two lines that would hold them.
    return "\n".join(line.rstrip("\n") for line in list(lines)[2:]) + "\n"


def _lines(value: Any) -> list[str]:
    text = msgspec.json.format(msgspec.json.encode(value), indent=1).decode()
    return text.splitlines(keepends=True)
